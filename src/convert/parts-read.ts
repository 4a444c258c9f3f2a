import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Format, ReadOptions } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FormatError, type SourceLocation } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { countLines } from '../scan/row-kernel.ts';
import { unpacked } from './packed-frames.ts';
import {
  ALLOWED,
  type Part,
  type PartFailed,
  type PartPlan,
  type PartRead,
  type PartReaderSetup,
  partBytes,
  partOf,
} from './part.ts';

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
  const file = openSync(options.path, 'r');
  try {
    const size = fstatSync(file).size;
    const head = Buffer.alloc(4096);
    const preamble = divisible.parts.preamble?.(head.subarray(0, readSync(file, head, 0, head.length, 0)));
    const bytes = Math.min(PART_MOST, Math.max(PART, Math.floor(size / PARTS_ENOUGH)));
    const plan = { size, bytes, preamble: preamble?.length ?? 0 };
    const preambleLines = preamble ? countLines(preamble) : 0;
    yield* inTurns({ divisible, options, threads, plan, preambleLines, file, ...(onRead && { onRead }) });
  } finally {
    closeSync(file);
  }
}

interface PartsReading {
  readonly divisible: DivisibleFormat;
  readonly options: ReadOptions;
  readonly threads: number;
  readonly plan: PartPlan;
  /** Lines that a reader counts before those of a part, but of the first. */
  readonly preambleLines: number;
  readonly file: number;
  readonly onRead?: (bytes: number) => void;
}

async function* inTurns(reading: PartsReading): AsyncGenerator<Frame, void> {
  const { divisible, options, plan, file, onRead } = reading;
  const pool = new Threads(reading);
  const place = new Place(options);
  try {
    for (let index = 0; index * plan.bytes < plan.size; index++) {
      const found = await pool.result(index);
      const part = found?.part ?? partOf(file, index, plan, divisible.parts);
      if (!part || part.begin === part.end) continue;
      if (!found || 'failed' in found)
        return yield* inOrder(divisible, options, { ...part, end: plan.size }, place, onRead);
      yield* place.partFrames(found, index === 0 ? 0 : reading.preambleLines);
      onRead?.(part.end - part.begin);
    }
  } finally {
    await pool.close();
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

/** Threads that each read one part at a time, and take the next by themselves. */
class Threads {
  readonly #workers: Worker[];
  readonly #ahead: number;
  readonly #turns = new Int32Array(new SharedArrayBuffer(8));
  readonly #found = new Map<number, PartRead | PartFailed>();
  #wake: () => void = () => {};
  #running: number;
  #broken = false;

  constructor({ divisible: { name, module }, options: { onDiagnostic: _, ...options }, threads, plan }: PartsReading) {
    const beside = new URL('./part-worker.ts', import.meta.url);
    const script = import.meta.url.endsWith('.ts') ? beside : new URL(beside.href.replace(/ts$/, 'js')); // compiled
    this.#ahead = AHEAD * threads;
    this.#turns[ALLOWED] = this.#ahead;
    this.#running = threads;
    const workerData: PartReaderSetup = { format: name, module, options, plan, turns: this.#turns };
    this.#workers = Array.from({ length: threads }, () => this.#start(script, workerData));
  }

  /** What was found in a part; asked for in order. Undefined when the thread that had it died (out of memory). */
  async result(index: number): Promise<PartRead | PartFailed | undefined> {
    Atomics.store(this.#turns, ALLOWED, index + this.#ahead);
    Atomics.notify(this.#turns, ALLOWED);
    for (;;) {
      const found = this.#found.get(index);
      this.#found.delete(index);
      if (found || this.#broken || this.#running === 0) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(script: URL, workerData: PartReaderSetup): Worker {
    const worker = new Worker(script, { workerData });
    worker.on('message', (found: PartRead | PartFailed) => {
      this.#found.set(found.part.index, found);
      this.#wake();
    });
    worker.on('error', () => {
      this.#broken = true;
      this.#wake();
    });
    worker.on('exit', () => {
      this.#running--;
      this.#wake();
    });
    return worker;
  }
}
