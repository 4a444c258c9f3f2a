import type { Potential } from '../../potentials/potential.ts';
import { toVoigt } from '../core/tensor.ts';
import { evaluateFrame } from '../evaluate/evaluate-structure.ts';
import type { LabelledFrame } from './labelled-frames.ts';
import { type Comparison, Metrics } from './metrics.ts';

/** Errors of any potential over labelled structures. Throws PotentialError naming the structure that cannot be evaluated. */
export async function evaluateDataset(
  potential: Potential,
  frames: AsyncIterable<LabelledFrame> | Iterable<LabelledFrame>,
  onComparison?: (comparison: Comparison, labelled: LabelledFrame) => void,
): Promise<Metrics> {
  const metrics = new Metrics();
  for await (const labelled of frames) {
    const { frame, group, energy, forces } = labelled;
    const evaluation = evaluateFrame(potential, frame);
    const comparison: Comparison = {
      natoms: frame.natoms,
      numbers: frame.numbers,
      energy: evaluation.energy,
      forces: evaluation.forces,
      virial: Float64Array.from(toVoigt(evaluation.virial, 'lammps')),
      label: { energy, forces, virial: Float64Array.from(toVoigt(labelled.virial, 'lammps')) },
      group,
    };
    metrics.add(comparison);
    onComparison?.(comparison, labelled);
  }
  return metrics;
}
