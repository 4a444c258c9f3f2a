import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { StoreError } from '../core/errors.ts';
import { codeOf, replaceFile, storeError, writeAt } from '../store/durable-file.ts';
import { addOutcomes, emptyOutcomes, type Outcomes, outcomesOf } from './journal-outcomes.ts';
import type { Cursor } from './watched-frame.ts';

const SCHEMA = 'nnp-bridge-watch/1';
const NAME = 'journal.jsonl';
/** ms between a commit and its way to the disk: what is lost in between is only done again. */
const DELAY = 200;
/** The file is written anew from what it says in sum when it is so large and twice as large as after the last time. */
const LARGE = 4 << 20;

/** What a journal says in sum. */
export interface JournalState {
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly outcomes: Outcomes;
}

/**
 * How far the files of a watched folder have been dealt with, and with what outcomes: JSON lines that are only appended. A line holds
 * the cursor of a file together with the outcomes of the frames it has passed since its line before, so that after a crash at any byte
 * the complete lines agree with each other.
 */
export class WatchJournal {
  readonly path: string;
  readonly #cursors: Map<string, Cursor>;
  readonly #outcomes: Outcomes;
  #handle: FileHandle;
  #bytes: number;
  #compactAt: number;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  private constructor(path: string, handle: FileHandle, bytes: number, state: Parsed) {
    this.path = path;
    this.#handle = handle;
    this.#bytes = bytes;
    this.#compactAt = LARGE;
    this.#cursors = state.cursors;
    this.#outcomes = state.outcomes;
  }

  /** Opens the journal in `folder`, or begins one. A line that a crash cut off is removed and reported. Throws StoreError. */
  static async open(folder: string, onDiagnostic: DiagnosticSink): Promise<WatchJournal> {
    const path = join(folder, NAME);
    try {
      await mkdir(folder, { recursive: true });
      const text = await readText(path);
      if (text === undefined) await replaceFile(path, `${JSON.stringify({ schema: SCHEMA })}\n`);
      const state = parse(path, text ?? Buffer.from(`${JSON.stringify({ schema: SCHEMA })}\n`));
      const handle = await open(path, 'r+');
      if (text !== undefined && state.bytes < text.length) {
        await handle.truncate(state.bytes);
        const message = `the last line was cut off by a crash: removed, its ${text.length - state.bytes} bytes are worked on again`;
        onDiagnostic({ severity: 'info', code: 'torn-journal', message, at: { path, byte: state.bytes } });
      }
      return new WatchJournal(path, handle, state.bytes, state);
    } catch (error) {
      throw storeError(error, path);
    }
  }

  get state(): JournalState {
    return { cursors: this.#cursors, outcomes: this.#outcomes };
  }

  /**
   * Notes that a file has been dealt with up to `cursor`, with these outcomes since its commit before. It is on disk soon after. Throws
   * what went wrong with an earlier one.
   */
  commit(cursor: Cursor, outcomes: Partial<Outcomes>): void {
    if (this.#failure) throw this.#failure.error;
    this.#cursors.set(cursor.path, cursor);
    addOutcomes(this.#outcomes, outcomes);
    this.#lines += `${JSON.stringify({ cursor, outcomes })}\n`;
    this.#timer ??= setTimeout(() => this.#flush(), DELAY);
  }

  /** Everything that was committed is on disk afterwards. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    await this.#writing;
    await this.#handle.close();
    if (this.#failure) throw this.#failure.error;
  }

  #flush(): void {
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    this.#writing = this.#writing
      .then(() => this.#write(lines))
      .catch((error) => {
        this.#failure ??= { error: storeError(error, this.path) };
      });
  }

  async #write(lines: string): Promise<void> {
    if (lines === '' || this.#failure) return;
    const bytes = Buffer.from(lines);
    try {
      await writeAt(this.#handle, bytes, this.#bytes);
      await this.#handle.datasync();
    } catch (error) {
      await this.#handle.truncate(this.#bytes).catch(() => {});
      throw error;
    }
    this.#bytes += bytes.length;
    if (this.#bytes >= this.#compactAt) await this.#compact();
  }

  /** In the place of its history, the state: one line for the outcomes and one for each file. */
  async #compact(): Promise<void> {
    const lines = [
      { schema: SCHEMA },
      { outcomes: this.#outcomes },
      ...[...this.#cursors.values()].map((cursor) => ({ cursor })),
    ];
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
    // Commits that wait in #lines are in this state already: they must not be added once more.
    this.#lines = '';
    await replaceFile(this.path, text);
    await this.#handle.close();
    this.#handle = await open(this.path, 'r+');
    this.#bytes = Buffer.byteLength(text);
    this.#compactAt = Math.max(LARGE, 2 * this.#bytes);
  }
}

/** The journal in a folder as it is on disk, also while somebody writes it; undefined without one. Throws StoreError. */
export async function readJournal(folder: string): Promise<JournalState | undefined> {
  const path = join(folder, NAME);
  const text = await readText(path);
  return text && parse(path, text);
}

interface Parsed {
  readonly cursors: Map<string, Cursor>;
  readonly outcomes: Outcomes;
  /** Of the complete lines. */
  readonly bytes: number;
}

async function readText(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StoreError(`${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Complete lines only; a bad one with others behind it is no crash of ours, so it is an error. */
function parse(path: string, text: Buffer): Parsed {
  const cursors = new Map<string, Cursor>();
  const outcomes = emptyOutcomes();
  let bytes = 0;
  let number = 0;
  while (bytes < text.length) {
    const end = text.indexOf(10, bytes);
    if (end === -1) break;
    number++;
    const entry = entryOf(text.toString('utf8', bytes, end));
    if (!entry || (number === 1 && entry['schema'] !== SCHEMA)) {
      if (number > 1 && end === text.length - 1) break;
      throw new StoreError(
        `${path}:${number}: expected an entry of a journal (${SCHEMA}), found something else; remove the file to look at all frames again: those that are stored are not labelled twice`,
      );
    }
    const { cursor, outcomes: more } = entry;
    if (isCursor(cursor)) cursors.set(cursor.path, cursor);
    if (typeof more === 'object' && more !== null) addOutcomes(outcomes, outcomesOf(more));
    bytes = end + 1;
  }
  if (number === 0 && text.length > 0)
    throw new StoreError(`${path}: expected a journal (${SCHEMA}), found something else`);
  return { cursors, outcomes, bytes };
}

function entryOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCursor(value: unknown): value is Cursor {
  const { path, inode, bytes, frames, head } = (value ?? {}) as Partial<Cursor>;
  return (
    typeof path === 'string' &&
    typeof inode === 'string' &&
    Number.isSafeInteger(bytes) &&
    Number.isSafeInteger(frames) &&
    typeof head === 'string'
  );
}
