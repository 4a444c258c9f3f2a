import type { Hamiltonian } from './tight-binding-hamiltonian.ts';

/** Couplings below this (eV) do not count as connections. */
const CONNECTED = 1e-9;

/**
 * Breadth-first levels of the graph of couplings, from the first `bottom` atoms on; every level from the first that holds one of the
 * last `top` atoms is merged into the last block. Atoms that cannot be reached are in none; undefined when the top cannot be.
 */
export function transportBlocks(h: Hamiltonian, bottom: number, top: number): Int32Array[] | undefined {
  const { natoms, first, columns, values } = h;
  const level = new Int32Array(natoms).fill(-1);
  const queue = new Int32Array(natoms);
  let count = bottom;
  for (let i = 0; i < bottom; i++) {
    level[i] = 0;
    queue[i] = i;
  }
  let last = Number.POSITIVE_INFINITY;
  for (let at = 0; at < count; at++) {
    const i = queue[at];
    if (i >= natoms - top) last = Math.min(last, level[i]);
    for (let k = first[i]; k < first[i + 1]; k++) {
      const j = columns[k];
      if (level[j] >= 0 || Math.abs(values[k]) <= CONNECTED) continue;
      level[j] = level[i] + 1;
      queue[count++] = j;
    }
  }
  if (!Number.isFinite(last)) return undefined;
  const blocks: number[][] = Array.from({ length: last + 1 }, () => []);
  for (let i = 0; i < natoms; i++) if (level[i] >= 0) blocks[Math.min(level[i], last)].push(i);
  return blocks.map((atoms) => Int32Array.from(atoms));
}
