import { type FileHandle, open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Format, FrameParts, ReadOptions } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FormatError, type SourceLocation } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { countLines } from '../scan/row-kernel.ts';
import { unpacked } from './packed-frames.ts';
import { frameAt, type Part, type PartFailed, type PartRead, type PartReaderSetup, partBytes } from './part.ts';

/** Bytes of a part: large against the cost of handing it over, small against the memory. */
const PART = 4 << 20;
/** The same in a large file, which has enough of them to keep all threads busy to the end. */
const PART_MOST = 8 << 20;
const PARTS_ENOUGH = 64;
/** Parts for each thread that are read ahead of the one that is delivered. */
const AHEAD = 2;

type DivisibleFormat = Format & Required<Pick<Format, 'parts' | 'read' | 'module'>>;

/** Whether frames of this format and file can be read by several threads: a text file that is not compressed, and large. */
export async function isDivisible(format: Format, path: string): Promise<boolean> {
  if (!format.parts || !format.module || !format.read || path === '-') return false;
  const file = await open(path);
  try {
    const found = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const isCompressed = (buffer[0] === 0x1f && buffer[1] === 0x8b) || buffer.readUInt32LE(0) === 0xfd2fb528;
    return found.isFile() && found.size >= 2 * PART && !isCompressed;
  } finally {
    await file.close();
  }
}

/**
 * Frames of a file, read by several threads in parts of 4 to 8 MiB and delivered in file order: the same frames, remarks and
 * errors as by one thread. Memory: the frames of up to two parts for each thread. `onRead` is told the bytes of each part.
 */
export async function* framesInParts(
  format: Format,
  options: ReadOptions,
  threads: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Frame, void> {
  const divisible = format as DivisibleFormat;
  const file = await open(options.path);
  const plan = new PartPlan(file, (await file.stat()).size, divisible.parts);
  const pool = new Threads(divisible, options, threads);
  const place = new Place(options);
  try {
    for (let part = await plan.part(0); part; part = await plan.part(part.index + 1)) {
      for (let k = 0; k < AHEAD * threads; k++) {
        const ahead = await plan.part(part.index + k);
        if (ahead) pool.order(ahead);
      }
      const found = await pool.result(part.index);
      if ('failed' in found) return yield* inOrder(divisible, options, { ...part, end: plan.size }, place, onRead);
      yield* place.partFrames(found, await plan.preambleLines(part));
      onRead?.(part.end - part.begin);
    }
  } finally {
    await pool.close();
    await file.close();
  }
}

/** Where the parts of a file begin and end, found as they are needed. */
class PartPlan {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #rule: FrameParts;
  readonly #partBytes: number;
  readonly #parts: Part[] = [];
  #preamble: Uint8Array | undefined;

  constructor(file: FileHandle, size: number, rule: FrameParts) {
    this.#file = file;
    this.size = size;
    this.#rule = rule;
    this.#partBytes = Math.min(PART_MOST, Math.max(PART, Math.floor(size / PARTS_ENOUGH)));
  }

  /** Undefined behind the last. */
  async part(index: number): Promise<Part | undefined> {
    while (this.#parts.length <= index) {
      const begin = this.#parts.at(-1)?.end ?? 0;
      if (begin >= this.size) return undefined;
      const preamble = (await this.#head()).length;
      const end = await frameAt(this.#file, Math.min(this.size, begin + this.#partBytes), this.size, this.#rule);
      this.#parts.push({ index: this.#parts.length, begin, end, preamble, isLast: end === this.size });
    }
    return this.#parts[index];
  }

  /** Lines that a reader counts before those of the part. */
  async preambleLines({ begin }: Part): Promise<number> {
    return begin === 0 ? 0 : countLines(await this.#head());
  }

  async #head(): Promise<Uint8Array> {
    if (this.#preamble) return this.#preamble;
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(4096), 0, 4096, 0);
    this.#preamble = this.#rule.preamble?.(buffer.subarray(0, bytesRead)) ?? new Uint8Array(0);
    return this.#preamble;
  }
}

/** Turns places in a part into places in the file, and passes on remarks that were not made before. */
class Place {
  readonly #options: ReadOptions;
  readonly #said = new Set<string>();
  /** Of all parts before. */
  #frames = 0;
  #lines = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  *partFrames({ frames, diagnostics, lines }: PartRead, preambleLines: number): Generator<Frame, void> {
    for (const diagnostic of diagnostics) this.remark(diagnostic, preambleLines);
    for (const frame of unpacked(frames)) yield this.frame(frame, preambleLines);
    this.#frames += frames.layoutOf.length;
    this.#lines += lines - preambleLines;
  }

  frame(frame: Frame, preambleLines: number): Frame {
    return frame.origin ? { ...frame, origin: this.at(frame.origin, preambleLines) } : frame;
  }

  remark(diagnostic: Diagnostic, preambleLines: number): void {
    const key = `${diagnostic.code} ${diagnostic.message}`;
    if (diagnostic.once && this.#said.has(key)) return;
    if (diagnostic.once) this.#said.add(key);
    this.#options.onDiagnostic(
      diagnostic.at ? { ...diagnostic, at: this.at(diagnostic.at, preambleLines) } : diagnostic,
    );
  }

  at(at: SourceLocation, preambleLines: number): SourceLocation {
    const { line, frame } = at;
    return {
      ...at,
      ...(line !== undefined && { line: line - preambleLines + this.#lines }),
      ...(frame !== undefined && { frame: frame + this.#frames }),
    };
  }
}

/** The rest of a file by this thread. */
async function* inOrder(
  { read }: DivisibleFormat,
  options: ReadOptions,
  part: Part,
  place: Place,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Frame, void> {
  let preambleLines = 0;
  let left = part.begin > 0 ? part.preamble : 0;
  async function* source() {
    for await (const bytes of partBytes(options.path, part)) {
      if (left > 0) preambleLines = countLines(bytes);
      else onRead?.(bytes.length);
      left = 0;
      yield bytes;
    }
  }
  const onDiagnostic = (diagnostic: Diagnostic) => place.remark(diagnostic, preambleLines);
  try {
    for await (const frame of read(source(), { ...options, onDiagnostic })) yield place.frame(frame, preambleLines);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const Kind = error.constructor as typeof FormatError;
    throw new Kind(error.format, place.at(error.at, preambleLines), error.found);
  }
}

/** Threads that each read one part at a time. */
class Threads {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Part[] = [];
  readonly #ordered = new Set<number>();
  readonly #found = new Map<number, PartRead | PartFailed>();
  #wake: () => void = () => {};
  #dead = false;

  constructor({ name, module }: DivisibleFormat, { onDiagnostic: _, ...options }: ReadOptions, count: number) {
    const beside = new URL('./part-worker.ts', import.meta.url);
    const script = import.meta.url.endsWith('.ts') ? beside : new URL(beside.href.replace(/ts$/, 'js')); // compiled
    const workerData: PartReaderSetup = { format: name, module, options };
    this.#workers = Array.from({ length: count }, () => this.#start(script, workerData));
    this.#idle = [...this.#workers];
  }

  /** Has a part read, once. */
  order(part: Part): void {
    if (this.#ordered.has(part.index)) return;
    this.#ordered.add(part.index);
    this.#waiting.push(part);
    this.#deal();
  }

  /** What was found in a part that was ordered. */
  async result(index: number): Promise<PartRead | PartFailed> {
    for (;;) {
      const found = this.#found.get(index) ?? (this.#dead ? { index, failed: true as const } : undefined);
      this.#found.delete(index);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.#dead = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(script: URL, workerData: PartReaderSetup): Worker {
    const worker = new Worker(script, { workerData });
    worker.on('message', (found: PartRead | PartFailed) => {
      this.#found.set(found.index, found);
      this.#idle.push(worker);
      this.#deal();
      this.#wake();
    });
    // A thread that dies (out of memory) leaves its part, and all others, to the one that asks.
    const die = () => {
      this.#dead = true;
      this.#wake();
    };
    worker.on('error', die).on('exit', die);
    return worker;
  }

  #deal(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) this.#idle.pop()?.postMessage(this.#waiting.shift());
  }
}
