import type { ByteRange, Format, FrameSequence } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FormatError, TruncatedError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { OpenContent } from './content.ts';
import { copyOf, type Fingerprint } from './fingerprint.ts';
import type { FollowedFile } from './followed-file.ts';
import { stepOf } from './step-of.ts';
import type { Visiting } from './visiting.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

const LF = 10;
/** No frame is larger. */
const MOST_BYTES = 512 << 20;

/** What readers say of a file that ends, as each frame does here. */
const AT_THE_END = new Set(['unfinished', 'no-frames']);

type Parsed =
  | { readonly frames: Frame[]; readonly diagnostics: Diagnostic[] }
  | { readonly error: FormatError; readonly cut: boolean };

/** Reads the frames behind the cursor of a file one by one, each as soon as it is complete. */
export class SequenceReading {
  readonly #file: FollowedFile;
  readonly #format: Format;
  readonly #sequence: FrameSequence;
  readonly #shared: Visiting;
  readonly #seen: Fingerprint;
  readonly #turn: number;
  readonly #context: (Uint8Array | undefined)[];
  readonly #ranges: (ByteRange | null)[];

  constructor(file: FollowedFile, format: Format, content: OpenContent, shared: Visiting) {
    this.#file = file;
    this.#format = format;
    this.#sequence = format.sequence as FrameSequence;
    this.#shared = shared;
    this.#seen = content.seen;
    this.#turn = content.turn;
    this.#context = [...content.context];
    this.#ranges = [...(file.cursor.context ?? [])];
  }

  async *frames(): AsyncGenerator<WatchedFrame, 'more' | 'done'> {
    const { window } = this.#shared;
    const file = this.#file;
    const begin = file.cursor.bytes;
    file.doubtful = false;
    file.isRestEmpty = false;
    for (;;) {
      const end = this.#sequence.frameEnd(window.bytes, this.#contextBytes());
      if (end > 0) {
        const before = file.cursor.bytes;
        yield* this.#take(end, false);
        if (file.cursor.bytes === before) break;
        if (file.cursor.bytes - begin >= this.#turn) return 'more';
      } else if (window.length > MOST_BYTES) {
        const found = `no end of a frame in ${window.length} bytes from ${file.cursor.bytes} on`;
        throw new FormatError(this.#format.name, { path: file.absolute, byte: file.cursor.bytes }, found);
      } else if (!(await window.more())) break;
    }
    const lines = window.bytes.lastIndexOf(LF) + 1;
    if (lines > 0 && this.#shared.isQuiet(file)) yield* this.#take(lines, true);
    file.rest = window.length;
    if (file.rest === 0) file.settled = true;
    return 'done';
  }

  /** The frame, or frames, in the first `length` bytes; nothing is taken when they are not complete or not yet readable. */
  async *#take(length: number, isRest: boolean): AsyncGenerator<WatchedFrame, void> {
    const { window, repeated } = this.#shared;
    const file = this.#file;
    // A line that is cut is the beginning of the next frame, also of one that was never finished; if it is of this one, it has too few rows.
    const bytes = window.bytes.subarray(0, window.bytes.lastIndexOf(LF, length - 1) + 1);
    const own = this.#sequence.context?.(bytes) ?? [];
    const parsed = await this.#parse(bytes, own);
    if ('error' in parsed) return this.#damaged(length, parsed.error, isRest && parsed.cut);
    if (isRest && parsed.frames.length === 0) {
      file.isRestEmpty = true; // the last lines of a program, or blank ones
      return;
    }
    for (const diagnostic of parsed.diagnostics) if (!AT_THE_END.has(diagnostic.code)) this.#pass(diagnostic);
    const offset = file.cursor.bytes;
    const last = this.#advance(length, own, parsed.frames.length);
    for (const [k, read] of parsed.frames.entries()) {
      const index = last.frames - parsed.frames.length + k;
      const frame = { ...read, origin: { path: file.absolute, frame: index, byte: offset } };
      if (frame.natoms === 0) continue;
      const step = stepOf(frame);
      const isOld = repeated.isRepeated(file.firstName, step, frame) && (step !== undefined || file.rewound);
      if (isOld) continue;
      // The cursor moves behind the last of several frames that were cut out together.
      const cursor = k === parsed.frames.length - 1 ? last : this.#before;
      yield { frame, ...(step !== undefined && { step }), cursor };
    }
  }

  #before: Cursor = { path: '', inode: '', bytes: 0, frames: 0, head: '' };

  #advance(length: number, own: readonly (ByteRange | undefined)[], frames: number): Cursor {
    const { window } = this.#shared;
    const file = this.#file;
    const bytes = window.bytes;
    own.forEach((range, k) => {
      if (!range) return;
      this.#context[k] = copyOf(bytes, range[0], range[1]);
      this.#ranges[k] = [file.cursor.bytes + range[0], file.cursor.bytes + range[1]];
    });
    for (let k = 0; k < this.#ranges.length; k++) this.#ranges[k] ??= null;
    this.#seen.add(bytes.subarray(0, length));
    window.take(length);
    this.#before = file.cursor;
    if (frames > 0) file.format = this.#format;
    file.cursor = {
      path: file.path,
      inode: file.stat?.inode ?? '',
      bytes: file.cursor.bytes + length,
      frames: file.cursor.frames + frames,
      head: this.#seen.head,
      tail: this.#seen.tail,
      ...(this.#ranges.some((range) => range) && { context: [...this.#ranges] }),
    };
    return file.cursor;
  }

  async #parse(bytes: Uint8Array, own: readonly (ByteRange | undefined)[]): Promise<Parsed> {
    const { read } = this.#format as Required<Pick<Format, 'read'>>;
    const path = this.#file.absolute;
    const diagnostics: Diagnostic[] = [];
    const context = this.#context.filter((piece, k) => piece && own[k] === undefined) as Uint8Array[];
    async function* pieces() {
      yield* context;
      yield bytes;
    }
    const options = { ...this.#shared.options.read, path, strict: true };
    const frames: Frame[] = [];
    try {
      for await (const frame of read(pieces(), { ...options, onDiagnostic: (d) => diagnostics.push(d) }))
        frames.push(frame);
    } catch (error) {
      if (error instanceof FormatError) return { error, cut: error instanceof TruncatedError };
      throw error;
    }
    return { frames, diagnostics };
  }

  /** What cannot be read may still be under way: only when it has stood there for the quiet period it is left out. */
  async #damaged(length: number, error: FormatError, isCut: boolean): Promise<void> {
    const { window } = this.#shared;
    const file = this.#file;
    const offset = file.cursor.bytes;
    if (isCut) return;
    if (file.aged < offset + length) {
      file.doubtful = true;
      return;
    }
    if (file.damageTold !== offset)
      this.#pass({
        severity: 'warning',
        code: 'damaged',
        message: `frame left out, the ${length} bytes from ${offset} on: ${error.found}`,
      });
    file.damageTold = offset;
    let next = this.#sequence.findFrame(window.bytes, 1);
    while (next === -1 && (await window.more())) next = this.#sequence.findFrame(window.bytes, 1);
    if (next > 0) this.#advance(next, [], 0);
  }

  #pass(diagnostic: Diagnostic): void {
    const { path: _, line, ...at } = diagnostic.at ?? { path: '' };
    const place = { ...at, path: this.#file.absolute, frame: this.#file.cursor.frames, byte: this.#file.cursor.bytes };
    const where =
      line !== undefined && !diagnostic.once && this.#context.every((piece) => !piece)
        ? ` (line ${line} of the frame)`
        : '';
    this.#shared.tell(this.#file, { ...diagnostic, message: `${diagnostic.message}${where}`, at: place });
  }

  #contextBytes(): Uint8Array {
    const pieces = this.#context.filter((piece) => piece !== undefined);
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }
}
