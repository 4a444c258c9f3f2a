import { MissingDataError } from '../../core/errors.ts';
import { invertSymmetric, SweepSpace } from '../linear-algebra/symmetric-inverse.ts';

/** Å: width of the Gaussians, step of z, and what is left out at the ends, where the wire is thick anyway. */
export const CROSS_SECTION_WIDTH = 1.5;
const STEP = 1;
const END = 8;
/** Widths after which a Gaussian is over: 1e-22 of its middle. */
const REACH = 10;
const MOST_VALUES = 1 << 20;

export interface Profile {
  /** Å: height of the first value. */
  readonly first: number;
  /** Atoms per Å. */
  readonly values: Float64Array;
}

/**
 * Number of atoms per Å along z, each atom (n,3) smeared to a Gaussian of width `s` Å, every `step` Å but not in the outer 8 Å at
 * either end. Throws MissingDataError for wires that are too short to have a middle.
 */
export function crossSections(positions: Float64Array, s: number, step: number): Profile {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 2; k < positions.length; k += 3) {
    low = Math.min(low, positions[k]);
    high = Math.max(high, positions[k]);
  }
  const first = low + END;
  const count = Math.ceil((high - END - first) / step);
  if (!(count > 0))
    throw new MissingDataError(
      `a wire of ${(high - low).toFixed(1)} Å is too short for its cross-section`,
      `the outer ${END} Å at either end are not looked at`,
    );
  if (count > MOST_VALUES)
    throw new MissingDataError(`a wire of ${high - low} Å is too long`, 'look at its coordinates');
  const values = new Float64Array(count);
  const norm = 1 / (s * Math.sqrt(2 * Math.PI));
  for (let k = 2; k < positions.length; k += 3) {
    const from = Math.max(0, Math.ceil((positions[k] - REACH * s - first) / step));
    const to = Math.min(count - 1, Math.floor((positions[k] + REACH * s - first) / step));
    for (let i = from; i <= to; i++) {
      const d = (first + i * step - positions[k]) / s;
      values[i] += norm * Math.exp(-0.5 * d * d);
    }
  }
  return { first, values };
}

/** Smallest number of atoms per Å along z (see `crossSections`). */
export function minimumCrossSection(positions: Float64Array, s = CROSS_SECTION_WIDTH): number {
  return crossSections(positions, s, STEP).values.reduce((least, value) => Math.min(least, value));
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
