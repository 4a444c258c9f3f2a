import { symbolOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';
import type { LabelledFrame } from './labelled-frames.ts';

/** Fitted to the training structures, the energies of single atoms among them, or given in eV by atomic number. */
export type ReferenceEnergies = 'fit' | 'isolated' | ReadonlyMap<number, number>;

/** eV per atom of each element. Throws MissingDataError for an element that a table or the isolated atoms leave out. */
export function referenceEnergies(
  rule: ReferenceEnergies,
  frames: readonly LabelledFrame[],
  training: readonly number[],
  species: readonly number[],
): Float64Array {
  if (rule === 'fit') return fitted(frames, training, species);
  const table = rule === 'isolated' ? isolatedAtoms(frames) : rule;
  return Float64Array.from(species, (z) => {
    const energy = table.get(z);
    if (energy !== undefined) return energy;
    throw new MissingDataError(
      `no reference energy for ${symbolOf(z)}`,
      rule === 'isolated'
        ? 'the data hold no single atom of it: give its energy, or fit'
        : 'add it to reference_energies',
    );
  });
}

function isolatedAtoms(frames: readonly LabelledFrame[]): Map<number, number> {
  const alone = frames.filter(
    ({ frame, group, energy }) =>
      frame.natoms === 1 && !Number.isNaN(energy) && (/isolated/i.test(group) || !frame.pbc.some(Boolean)),
  );
  return new Map(alone.map(({ frame, energy }) => [frame.numbers[0], energy]));
}

function fitted(
  frames: readonly LabelledFrame[],
  training: readonly number[],
  species: readonly number[],
): Float64Array {
  const known = training.map((s) => frames[s]).filter(({ energy }) => !Number.isNaN(energy));
  if (known.length === 0) return new Float64Array(species.length);
  const counts = known.map(({ frame }) => {
    const row = new Float64Array(species.length);
    for (const z of frame.numbers) row[species.indexOf(z)]++;
    return row;
  });
  return fitReferenceEnergies(
    counts,
    known.map(({ energy }) => energy),
  );
}

/**
 * Energy per atom of each element in eV, so that Σ ε of a structure is as close as possible to its energy, in eV per atom, over
 * all structures (least squares). Where compositions cannot tell elements apart (one stoichiometry only) the solution nearest to
 * equal energies is taken. `counts` has one row per structure with the atoms of each element; `energies` in eV.
 */
export function fitReferenceEnergies(counts: readonly Float64Array[], energies: readonly number[]): Float64Array {
  const elements = counts[0].length;
  const atoms = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const mean = energies.reduce((sum, e, s) => sum + e / atoms[s], 0) / energies.length;
  const matrix = Array.from({ length: elements }, () => new Float64Array(elements + 1));
  for (let s = 0; s < counts.length; s++) {
    for (let a = 0; a < elements; a++) {
      const fraction = counts[s][a] / atoms[s];
      for (let b = 0; b < elements; b++) matrix[a][b] += (fraction * counts[s][b]) / atoms[s];
      matrix[a][elements] += fraction * (energies[s] / atoms[s] - mean);
    }
  }
  // The smallest ridge that makes equal compositions solvable; it moves well-determined energies by about 1e-9 of their spread.
  const ridge = 1e-9 * counts.length;
  for (let a = 0; a < elements; a++) matrix[a][a] += ridge;
  return solve(matrix).map((shift) => mean + shift);
}

/** Gaussian elimination of a positive definite system given with its right side as the last column. */
function solve(rows: Float64Array[]): Float64Array {
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    for (let r = k + 1; r < n; r++) {
      const factor = rows[r][k] / rows[k][k];
      for (let c = k; c <= n; c++) rows[r][c] -= factor * rows[k][c];
    }
  }
  const x = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = rows[k][n];
    for (let c = k + 1; c < n; c++) sum -= rows[k][c] * x[c];
    x[k] = sum / rows[k][k];
  }
  return x;
}
