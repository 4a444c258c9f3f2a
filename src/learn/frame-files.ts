import { extxyz } from '../../formats/extxyz/extxyz.ts';
import { openFrames } from '../convert/open.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import { writeBytes } from '../scan/byte-sink.ts';

/** Writes extxyz atomically. */
export async function writeFrames(path: string, frames: Iterable<Frame>, sink: DiagnosticSink): Promise<void> {
  async function* all(): AsyncGenerator<Frame, void> {
    yield* frames;
  }
  await writeBytes(path, extxyz.write(all(), { onDiagnostic: sink }));
}

/** All frames of a file this package wrote. */
export async function readFrames(path: string, sink: DiagnosticSink): Promise<Frame[]> {
  const { frames } = await openFrames('extxyz', { path, onDiagnostic: sink, strict: true });
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}
