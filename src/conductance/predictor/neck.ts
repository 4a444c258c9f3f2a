import { MissingDataError } from '../../core/errors.ts';
import { crossSections } from '../features/cross-section.ts';
import type { Wire } from '../geometry/wire.ts';

/** Å: widths by which atoms are smeared for the cross-sections that a network sees; the second also finds the neck. */
const SMEARINGS = [1, 1.5, 2.5, 3.5] as const;
const FINDING = 1;
/** Å along z. */
const STEP = 0.5;
/** Å: width of the Gaussian weights around the neck. */
const NECK_WIDTH = 12;

export interface Neck {
  /** Smallest cross-sections (atoms/Å), one a smearing. */
  readonly crossSections: Float64Array;
  /** (mobile) weights of the mobile atoms by their distance from the narrowest place, with sum 1. */
  readonly weights: Float64Array;
}

/** The narrowest place of a wire. Throws MissingDataError for wires that are too short to have a middle. */
export function neckOf(wire: Wire): Neck {
  const { positions, bottom, top, natoms } = wire;
  const smallest = new Float64Array(SMEARINGS.length);
  let z = 0;
  SMEARINGS.forEach((s, k) => {
    const profile = crossSections(positions, s, STEP);
    const at = profile.values.reduce((low, value, i) => (value < profile.values[low] ? i : low), 0);
    smallest[k] = profile.values[at];
    if (k === FINDING) z = profile.first + at * STEP;
  });
  const mobile = natoms - bottom - top;
  if (mobile === 0) throw new MissingDataError('a wire without mobile atoms has no neck', 'see --grips');
  const weights = new Float64Array(mobile);
  let sum = 0;
  for (let i = 0; i < mobile; i++) {
    const d = (positions[3 * (bottom + i) + 2] - z) / NECK_WIDTH;
    // Far atoms count a little, so that the sum is never zero.
    weights[i] = Math.exp(-0.5 * d * d) + 1e-9;
    sum += weights[i];
  }
  for (let i = 0; i < mobile; i++) weights[i] /= sum;
  return { crossSections: smallest, weights };
}
