import type { Potential } from '../../potentials/potential.ts';
import { evaluateFrame } from '../evaluate/evaluate-structure.ts';
import type { LabelledFrame } from './labelled-frames.ts';
import { Metrics } from './metrics.ts';

/** Errors of any potential over labelled structures. Throws PotentialError naming the structure that cannot be evaluated. */
export function evaluateDataset(potential: Potential, frames: Iterable<LabelledFrame>): Metrics {
  const metrics = new Metrics();
  for (const { frame, group, energy, forces } of frames) {
    const evaluation = evaluateFrame(potential, frame);
    metrics.add({
      natoms: frame.natoms,
      energy: evaluation.energy,
      forces: evaluation.forces,
      label: { energy, forces },
      group,
    });
  }
  return metrics;
}
