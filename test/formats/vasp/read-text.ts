import type { Format, ReadOptions, WriteOptions } from '../../../formats/format.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import type { Frame } from '../../../src/core/frame.ts';

export interface Result {
  readonly frames: Frame[];
  readonly diagnostics: Diagnostic[];
  readonly error: Error | undefined;
}

/** Frames, diagnostics and the error of a text; strict unless said otherwise. */
export async function readText(format: Format, text: string, options: Partial<ReadOptions> = {}): Promise<Result> {
  const frames: Frame[] = [];
  const diagnostics: Diagnostic[] = [];
  const source = (async function* () {
    yield Buffer.from(text, 'latin1') as Uint8Array;
  })();
  const all: ReadOptions = { path: 'in', strict: true, onDiagnostic: (d) => diagnostics.push(d), ...options };
  try {
    for await (const frame of format.read?.(source, all) ?? []) frames.push(frame);
  } catch (error) {
    return { frames, diagnostics, error: error as Error };
  }
  return { frames, diagnostics, error: undefined };
}

/** The only frame of a text that reads without an error. */
export async function readOne(format: Format, text: string, options: Partial<ReadOptions> = {}): Promise<Frame> {
  const { frames, error } = await readText(format, text, options);
  if (error) throw error;
  if (frames.length !== 1) throw new Error(`${frames.length} frames`);
  return frames[0];
}

/** What a format writes for these frames. */
export async function writeText(format: Format, frames: readonly Frame[], diagnostics: Diagnostic[] = []) {
  const options: WriteOptions = { onDiagnostic: (d) => diagnostics.push(d) };
  const source = (async function* () {
    yield* frames;
  })();
  let text = '';
  for await (const piece of format.write?.(source, options) ?? []) text += piece;
  return text;
}

export const codesOf = (result: Result) => result.diagnostics.map((d) => `${d.code}:${d.at?.line}`);
