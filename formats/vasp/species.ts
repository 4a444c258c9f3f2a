import { atomicNumber, symbolOf } from '../../src/core/elements.ts';
import type { PerAtom } from '../../src/core/frame.ts';

/** Atomic number behind a potential label (`Fe_pv`, `Mg_pv/f474ac0d`, `H1.25`, `Sm_3`); 0 when it names no element. */
export function elementOfLabel(label: string): number {
  const name = /^[A-Za-z]+/.exec(label)?.[0] ?? '';
  return ISOTOPES.has(name) ? 1 : atomicNumber(name);
}

/** Deuterium and tritium, which differ from hydrogen in POMASS only; the label is kept. */
const ISOTOPES = new Set(['D', 'T']);

/** Label in the title of a potential: `PAW_PBE Fe_pv 02Aug2007` is `Fe_pv`, the all-electron `H  1/r potential` is `H`. */
export function labelOfPotential(title: string): string {
  const [first, second = ''] = title.trim().split(/\s+/);
  return elementOfLabel(second) !== 0 || elementOfLabel(first) === 0 ? second || first : first;
}

/** What the blocks of a VASP file say about each atom. */
export interface BlockSpecies {
  /** Atomic numbers (n); 0 = unknown. */
  readonly numbers: Uint8Array;
  /** Potential labels (n), when at least one is not the plain element symbol. */
  readonly species?: PerAtom;
}

/** One label and one number an atom from blocks of equal atoms; `labels` null = the file names none. */
export function speciesOfBlocks(labels: readonly string[] | null, counts: readonly number[]): BlockSpecies {
  const natoms = counts.reduce((sum, count) => sum + count, 0);
  const numbers = new Uint8Array(natoms);
  if (!labels) return { numbers };
  const names: string[] = [];
  let plain = true;
  let at = 0;
  counts.forEach((count, block) => {
    const z = elementOfLabel(labels[block]);
    numbers.fill(z, at, at + count);
    for (let k = 0; k < count; k++) names.push(labels[block]);
    if (count > 0 && (z === 0 || symbolOf(z) !== labels[block])) plain = false;
    at += count;
  });
  return plain ? { numbers } : { numbers, species: { columns: 1, data: names } };
}

/** Labels and counts of the blocks of equal neighbors in a list, the order kept (`H O H` stays three blocks). */
export function blocksOf(species: readonly string[]): { labels: string[]; counts: number[] } {
  const labels: string[] = [];
  const counts: number[] = [];
  for (const label of species) {
    if (label === labels.at(-1)) counts[counts.length - 1]++;
    else {
      labels.push(label);
      counts.push(1);
    }
  }
  return { labels, counts };
}
