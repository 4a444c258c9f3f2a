import type { Disagreement } from '../../../potentials/committee.ts';
import type { ModelDeviation } from './verdict.ts';

/** The quantities of `model_devi.out` from what a committee says of a structure; those of each atom only where they are wanted. */
export function modelDeviation({ energy, forces, virial }: Disagreement, atomic = false): ModelDeviation {
  const force = extremes(forces);
  const stress = extremes(virial);
  // The squares are summed over nine components: sqrt(sum/9) = norm/3.
  const norm = Math.sqrt(virial.reduce((sum, x) => sum + x * x, 0));
  return {
    maxForce: force.max,
    minForce: force.min,
    avgForce: force.mean,
    maxVirial: stress.max,
    minVirial: stress.min,
    avgVirial: norm / 3,
    energy,
    ...(atomic && { forces }),
  };
}

/** NaN where one value is NaN, or there is none. */
function extremes(values: Float64Array): { max: number; min: number; mean: number } {
  let max = values.length === 0 ? Number.NaN : values[0];
  let min = max;
  let sum = 0;
  for (const value of values) {
    max = Math.max(max, value);
    min = Math.min(min, value);
    sum += value;
  }
  return { max, min, mean: sum / values.length };
}
