import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadOptions, WriteOptions } from '../../formats/format.ts';
import { formatByName, openFrames } from '../convert/open.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { MissingDataError, UnknownFormatError, UsageError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { RandomStream } from '../train/random-stream.ts';
import { type SplitRule, splitIndices } from '../train/split.ts';
import { openStore } from './open-store.ts';
import { storedFrames } from './stored-frames.ts';

export interface ExportRequest {
  readonly store: string;
  readonly where?: string;
  readonly output: string;
  readonly format: string;
  readonly write: WriteOptions;
}

/** Writes the frames of a store, or those of a filter, to a file or folder of another format; gives their number. */
export async function exportStore({ store, where, output, format: name, write }: ExportRequest): Promise<number> {
  const format = formatByName(name);
  if (!format.write && !format.writePath) throw new UnknownFormatError(`format ${format.name} cannot be written`);
  const counted = { frames: 0 };
  const frames = count(storedFrames(store, where, write.onDiagnostic), counted);
  if (format.write) await writeBytes(output, format.write(frames, write));
  else await format.writePath?.(frames, output, write);
  return counted.frames;
}

async function* count(frames: AsyncIterable<Frame>, counted: { frames: number }): AsyncGenerator<Frame, void> {
  for await (const frame of frames) {
    counted.frames++;
    yield frame;
  }
  if (counted.frames === 0) throw new MissingDataError('no frame is left to write', 'nothing was written');
}

export interface ImportRequest {
  readonly inputs: readonly string[];
  readonly store: string;
  readonly format?: string;
  readonly read: Omit<ReadOptions, 'path' | 'onDiagnostic' | 'strict'>;
  readonly onDiagnostic: DiagnosticSink;
}

/** Frames on their way to the disk while the next are read. */
const AHEAD = 64;

/** Adds the frames of files to a store, with what they are labelled with; gives how many came and how many were new. */
export async function importFrames(request: ImportRequest): Promise<{ frames: number; added: number }> {
  const { onDiagnostic } = request;
  const store = await openStore(request.store, { onDiagnostic });
  const before = store.size;
  let frames = 0;
  try {
    for (const path of request.inputs) {
      const options = { ...request.read, path, onDiagnostic, strict: true };
      const waiting: Promise<string>[] = [];
      let index = 0;
      for await (const frame of (await openFrames(request.format, options)).frames) {
        const origin = { source: path, source_frame: index++ };
        waiting.push(store.append(frame, { ...origin, ...original(frame) }));
        frames++;
        if (waiting.length === AHEAD) await Promise.all(waiting.splice(0));
      }
      await Promise.all(waiting);
    }
    return { frames, added: store.size - before };
  } finally {
    await store.close();
  }
}

/** Of a frame that was in a store before, where it came from at first. */
function original({ info }: Frame) {
  const { source, source_frame } = info;
  return source === undefined ? {} : { source, ...(source_frame !== undefined && { source_frame }) };
}

export interface SplitRequest {
  readonly store: string;
  readonly where?: string;
  /** Folder of train.extxyz, validation.extxyz and test.extxyz. */
  readonly output: string;
  readonly rule: SplitRule;
  /** Fractions of the frames. */
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly write: WriteOptions;
}

/** Writes the frames of a store in parts that a seed decides; gives the number of each. Groups are those of `config_type`. */
export async function splitStore(request: SplitRequest): Promise<Record<'train' | 'validation' | 'test', number>> {
  const { store, where, output, rule, validation, test, seed, write } = request;
  if (!(validation >= 0 && test >= 0 && validation + test > 0 && validation + test < 1))
    throw new UsageError(
      '--validation and --test: expected fractions from 0 that sum up to less than 1 and are not both 0',
    );
  const groups: string[] = [];
  for await (const { info } of storedFrames(store, where, write.onDiagnostic))
    groups.push(String(info['config_type'] ?? ''));
  if (groups.length < 2) throw new MissingDataError(`${store}: ${groups.length} frames`, 'at least 2 can be split');
  const split = splitIndices(groups, { rule, validation, test }, new RandomStream(seed));
  const parts = { train: split.training, validation: split.validation, test: split.test };
  await mkdir(output, { recursive: true });
  const { write: writer } = formatByName('extxyz');
  for (const [name, indices] of Object.entries(parts)) {
    if (indices.length === 0 || !writer) continue;
    const chosen = picked(storedFrames(store, where, write.onDiagnostic), new Set(indices), groups.length);
    await writeBytes(join(output, `${name}.extxyz`), writer(chosen, write));
  }
  return { train: parts.train.length, validation: parts.validation.length, test: parts.test.length };
}

/** Of the first `total` frames; a store may have grown meanwhile. */
async function* picked(frames: AsyncIterable<Frame>, indices: ReadonlySet<number>, total: number) {
  let index = 0;
  for await (const frame of frames) {
    if (index >= total) return;
    if (indices.has(index++)) yield frame;
  }
}
