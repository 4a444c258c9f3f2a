import { extxyz } from '../../../formats/extxyz/extxyz.ts';
import type { ReadOptions, WriteOptions } from '../../../formats/format.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { type Outcome, pieces, readAll } from '../../contracts/read.ts';

/** Frames of a text, as the reader of extxyz gives them. */
export function readText(text: string, options: Partial<ReadOptions> = {}, size = 1 << 16): Promise<Outcome> {
  return readAll(extxyz, pieces(Buffer.from(text), size), options);
}

/** The text of frames, and the codes of what was reported. */
export async function writeText(frames: readonly Frame[], options: Partial<WriteOptions> = {}) {
  async function* source() {
    yield* frames;
  }
  const codes: string[] = [];
  let text = '';
  for await (const piece of extxyz.write(source(), { onDiagnostic: (d) => codes.push(d.code), ...options }))
    text += piece;
  return { text, codes };
}
