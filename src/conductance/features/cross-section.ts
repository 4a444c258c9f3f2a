import { MissingDataError } from '../../core/errors.ts';
import { invertSymmetric, SweepSpace } from '../linear-algebra/symmetric-inverse.ts';

/** Å: width of the Gaussians, step of z, and what is left out at the ends, where the wire is thick anyway. */
export const CROSS_SECTION_WIDTH = 1.5;
const STEP = 1;
const END = 8;

/**
 * Smallest number of atoms per Å along z, each atom (n,3) smeared to a Gaussian of width `s` Å. Throws MissingDataError for wires
 * that are too short to have a middle.
 */
export function minimumCrossSection(positions: Float64Array, s = CROSS_SECTION_WIDTH): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 2; k < positions.length; k += 3) {
    low = Math.min(low, positions[k]);
    high = Math.max(high, positions[k]);
  }
  const norm = 1 / (s * Math.sqrt(2 * Math.PI));
  let smallest = Number.POSITIVE_INFINITY;
  for (let z = low + END; z < high - END; z += STEP) {
    let sum = 0;
    for (let k = 2; k < positions.length; k += 3) {
      const d = (z - positions[k]) / s;
      sum += Math.exp(-0.5 * d * d);
    }
    smallest = Math.min(smallest, norm * sum);
  }
  if (!Number.isFinite(smallest))
    throw new MissingDataError(
      `a wire of ${(high - low).toFixed(1)} Å is too short for its cross-section`,
      `the outer ${END} Å at either end are not looked at`,
    );
  return smallest;
}

/** Conductance in G0 as a cubic of the minimum cross-section x (atoms/Å): Σ c_k x^k. */
export interface CrossSectionBaseline {
  readonly coefficients: readonly number[];
}

const ORDER = 4;

/** Least squares over pairs of cross-section and conductance. Throws MissingDataError for fewer than four different points. */
export function fitBaseline(x: readonly number[], g: readonly number[]): CrossSectionBaseline {
  const normal = new Float64Array(ORDER * ORDER);
  const right = new Float64Array(ORDER);
  for (let k = 0; k < x.length; k++) {
    const powers = [1, x[k], x[k] ** 2, x[k] ** 3];
    for (let i = 0; i < ORDER; i++) {
      right[i] += powers[i] * g[k];
      for (let j = 0; j < ORDER; j++) normal[i * ORDER + j] += powers[i] * powers[j];
    }
  }
  const pivot = invertSymmetric(normal, ORDER, new SweepSpace(ORDER));
  if (new Set(x).size < ORDER || !(pivot > 1e-9))
    throw new MissingDataError(`${x.length} frames are not enough for the cross-section baseline`, 'give more frames');
  const coefficients = Array.from({ length: ORDER }, (_, i) =>
    right.reduce((sum, value, j) => sum + normal[i * ORDER + j] * value, 0),
  );
  return { coefficients };
}

export function predictBaseline({ coefficients }: CrossSectionBaseline, x: number): number {
  return coefficients.reduceRight((sum, c) => sum * x + c, 0);
}
