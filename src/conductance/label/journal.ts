import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { MissingDataError } from '../../core/errors.ts';
import type { Transmission } from '../negf/landauer.ts';
import type { LabelJob, ModelName, WireLabels } from './models.ts';

const SCHEMA = 'nnp-bridge-labels/1';

type Entry = { readonly job: string } & Partial<
  Record<ModelName, { readonly total: number; readonly channels: number[] }>
>;

/**
 * Finished labels on disk beside the output that is not yet there: one JSON line a frame, found again by the hash of the wire and of
 * its leads, so that an interrupted run loses at most the frames that were being worked on.
 */
export class LabelJournal {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #known: Map<string, WireLabels>;

  private constructor(path: string, file: FileHandle, known: Map<string, WireLabels>) {
    this.path = path;
    this.#file = file;
    this.#known = known;
  }

  /** Labels found in the file when it was opened. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Opens `path` anew, or with what an interrupted run left there. `identity` is what the labels depend on beside the wires. Throws
   * MissingDataError when there is nothing to resume, or labels made in another way.
   */
  static async open(path: string, identity: string, resume: boolean): Promise<LabelJournal> {
    const known = resume ? await readJournal(path, identity) : new Map<string, WireLabels>();
    const file = await open(path, resume ? 'a' : 'w');
    if (!resume) await file.write(`${JSON.stringify({ schema: SCHEMA, identity })}\n`);
    // A line that was cut off by a crash must not run into the next one.
    else await file.write('\n');
    return new LabelJournal(path, file, known);
  }

  find(key: string): WireLabels | undefined {
    return this.#known.get(key);
  }

  async add(key: string, labels: WireLabels): Promise<void> {
    const entry: Record<string, unknown> = { job: key };
    for (const [model, { total, channels }] of Object.entries(labels))
      entry[model] = { total, channels: [...channels] };
    await this.#file.write(`${JSON.stringify(entry)}\n`);
  }

  /** Everything is on disk afterwards. */
  async close(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
  }

  /** The output is complete: nothing is left to resume. */
  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.path, { force: true });
  }
}

/** Hash of everything about a job that its labels depend on. */
export function jobKey({ wire, reference }: LabelJob): string {
  const hash = createHash('sha256');
  for (const { positions, bottom, top, leadPeriod } of [wire, reference])
    hash
      .update(`${bottom} ${top} ${leadPeriod}`)
      .update(new Uint8Array(positions.buffer, positions.byteOffset, positions.byteLength));
  return hash.digest('base64');
}

async function readJournal(path: string, identity: string): Promise<Map<string, WireLabels>> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) throw new MissingDataError(`${path}: nothing to resume`, 'leave out --resume to begin anew');
  const [head, ...lines] = text.split('\n');
  const first = parsed(head) as { schema?: unknown; identity?: unknown } | undefined;
  if (first?.schema !== SCHEMA || first.identity !== identity)
    throw new MissingDataError(
      `${path}: its labels were made with other options`,
      'give the same options, or leave out --resume to begin anew',
    );
  const known = new Map<string, WireLabels>();
  for (const line of lines) {
    const entry = parsed(line) as Entry | undefined;
    if (typeof entry?.job !== 'string') continue; // cut off by a crash: it is made again
    const { job, ...models } = entry;
    known.set(job, Object.fromEntries(Object.entries(models).map(([name, t]) => [name, transmission(t)])));
  }
  return known;
}

function transmission({ total, channels }: { total: number; channels: number[] }): Transmission {
  return { total, channels: Float64Array.from(channels) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
