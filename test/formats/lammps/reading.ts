import type { Format, ReadOptions } from '../../../formats/format.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import type { Frame } from '../../../src/core/frame.ts';

export interface Reading {
  readonly frames: Frame[];
  readonly diagnostics: Diagnostic[];
  readonly error?: Error;
}

export type Extra = Partial<Omit<ReadOptions, 'path' | 'onDiagnostic'>>;

/** Bytes in pieces of these sizes, round and round. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const next = Math.min(bytes.length, at + sizes[k % sizes.length]);
    yield bytes.slice(at, next);
    at = next;
  }
}

/** Frames, diagnostics and the error of reading a text or bytes. */
export async function readAll(
  format: Format,
  content: string | Uint8Array,
  extra: Extra = {},
  sizes: readonly number[] = [1 << 20],
): Promise<Reading> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const diagnostics: Diagnostic[] = [];
  const frames: Frame[] = [];
  const options = { strict: true, ...extra, path: 'test-file', onDiagnostic: (d: Diagnostic) => diagnostics.push(d) };
  try {
    for await (const frame of format.read?.(inPieces(bytes, sizes), options) ?? []) frames.push(frame);
  } catch (error) {
    return { frames, diagnostics, error: error as Error };
  }
  return { frames, diagnostics };
}

/** What a format writes of frames, and its diagnostics. */
export async function writeAll(
  format: Format,
  frames: readonly Frame[],
  extra: Partial<Omit<ReadOptions, 'path'>> = {},
): Promise<{ bytes: Buffer; diagnostics: Diagnostic[] }> {
  const diagnostics: Diagnostic[] = [];
  const pieces: Uint8Array[] = [];
  async function* all() {
    yield* frames;
  }
  const options = { ...extra, onDiagnostic: (d: Diagnostic) => diagnostics.push(d) };
  for await (const piece of format.write?.(all(), options) ?? []) pieces.push(Buffer.from(piece as string));
  return { bytes: Buffer.concat(pieces), diagnostics };
}

/** A frame with the values that matter in these tests. */
export function frameOf(parts: Partial<Frame> & { positions: Float64Array }): Frame {
  const natoms = parts.positions.length / 3;
  return {
    natoms,
    cell: null,
    pbc: [true, true, true],
    numbers: new Uint8Array(natoms),
    arrays: {},
    info: {},
    ...parts,
  };
}
