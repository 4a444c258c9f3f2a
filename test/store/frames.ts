import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Frame } from '../../src/core/frame.ts';
import { seededRandom } from '../../src/core/random.ts';
import { openStore, type StoreOptions } from '../../src/store/open-store.ts';

/** Potassium in a cubic cell, every seed another structure, with labels. */
export function labelledFrame(seed: number, natoms = 4): Frame {
  const random = seededRandom(seed);
  const numbers = () => Float64Array.from({ length: 3 * natoms }, () => 10 * random());
  return {
    natoms,
    cell: Float64Array.of(10, 0, 0, 0, 10, 0, 0, 0, 10),
    pbc: [true, true, true],
    numbers: new Uint8Array(natoms).fill(19),
    positions: numbers(),
    labels: { energy: -natoms * random(), forces: numbers(), virial: Float64Array.of(1, 2, 3, 2, 5, 6, 3, 6, 9) },
    arrays: {},
    info: { timestep: seed },
  };
}

/** A store whose remarks are collected. */
export async function storeIn(folder: string, options: Partial<StoreOptions> = {}) {
  const said: Diagnostic[] = [];
  const store = await openStore(folder, { onDiagnostic: (d) => said.push(d), ...options });
  return { store, said };
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
