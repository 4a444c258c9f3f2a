import type { Format, ReadOptions } from '../../formats/format.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Frame } from '../../src/core/frame.ts';
import { decompress } from '../../src/scan/byte-source.ts';

/** What reading an input to its end gave. */
export interface Outcome {
  readonly frames: Frame[];
  readonly diagnostics: Diagnostic[];
  readonly error: unknown;
}

/** A small input of a format with the words that it needs. */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options: Partial<ReadOptions>;
}

/** Pieces of `size` bytes; 0 = of changing sizes. Each piece is a copy, as from a file. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  for (let k = 0; at < bytes.length; k++) {
    const length = size === 0 ? 1 + ((k * 7919) % 97) : size;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

/** Reads all frames of one input from memory; errors are part of the outcome. */
export async function readAll(
  format: Format,
  source: AsyncIterable<Uint8Array>,
  options: Partial<ReadOptions>,
): Promise<Outcome> {
  const frames: Frame[] = [];
  const diagnostics: Diagnostic[] = [];
  if (!format.read) throw new Error(`${format.name} has no read`);
  const all: ReadOptions = { path: 'input', strict: true, onDiagnostic: (d) => diagnostics.push(d), ...options };
  try {
    for await (const frame of format.read(decompress(source, 'input'), all)) frames.push(frame);
  } catch (error) {
    return { frames, diagnostics, error };
  }
  return { frames, diagnostics, error: undefined };
}

/** What contradicts itself in a frame; empty = nothing. */
export function contradictions(frame: Frame): string[] {
  const { natoms, labels } = frame;
  const found: string[] = [];
  const check = (what: string, length: number | undefined, wanted: number) => {
    if (length !== undefined && length !== wanted) found.push(`${what}: ${length} values, ${wanted} wanted`);
  };
  if (!Number.isSafeInteger(natoms) || natoms < 0) found.push(`natoms ${natoms}`);
  check('numbers', frame.numbers.length, natoms);
  check('positions', frame.positions.length, 3 * natoms);
  check('velocities', frame.velocities?.length, 3 * natoms);
  check('masses', frame.masses?.length, natoms);
  check('charges', frame.charges?.length, natoms);
  check('forces', labels?.forces?.length, 3 * natoms);
  check('virial', labels?.virial?.length, 9);
  check('cell', frame.cell?.length, 9);
  if (natoms > 0)
    for (const [name, array] of Object.entries(frame.arrays)) check(name, array.data.length, natoms * array.columns);
  for (const z of frame.numbers) if (z > 118) found.push(`atomic number ${z}`);
  return found;
}

/** Where two frames differ in what both have (periodicity goes with the cell); empty = nowhere. `origin` is not compared. */
export function differences(found: Frame, wanted: Frame): string[] {
  const out: string[] = [];
  const compare = (path: string, a: unknown, b: unknown): void => {
    if (a === undefined || b === undefined || Object.is(a, b)) return;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      out.push(`${path}: ${String(a)}, wanted ${String(b)}`);
      return;
    }
    if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
      if (Buffer.compare(bytesOf(a), bytesOf(b)) !== 0) out.push(`${path}: other values`);
      return;
    }
    for (const key of Object.keys(a))
      compare(`${path}.${key}`, (a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]);
  };
  const { origin: _, cell, pbc, ...a } = found;
  compare('frame', a, wanted);
  if (cell) compare('frame', { cell, pbc }, wanted);
  return out;
}

const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Names of everything a frame has, to see what another lacks. */
export function fieldsOf(frame: Frame): string[] {
  const { labels, arrays, info, origin: _, ...rest } = frame;
  const keys = (o: object | undefined, prefix: string) => Object.keys(o ?? {}).map((key) => `${prefix}.${key}`);
  return [...keys(rest, 'frame'), ...keys(labels, 'labels'), ...keys(arrays, 'arrays'), ...keys(info, 'info')].sort();
}
