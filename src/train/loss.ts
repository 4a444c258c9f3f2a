import type { StructurePass } from './structure-pass.ts';
import type { TrainingStructure } from './training-structure.ts';

/** How much errors count. Energies enter as energy·ΔE/N, forces as force·ΔF, both divided by `unit`. */
export interface LossWeights {
  /** Å: weight of an error of 1 eV/atom against an error of 1 eV/Å. */
  readonly energy: number;
  readonly force: number;
  /** eV/Å: rms of the training forces; makes the loss dimensionless. */
  readonly unit: number;
}

/** Factor of the energy error of a structure of n atoms. */
export function energyScale(weights: LossWeights, natoms: number): number {
  return weights.energy / (natoms * weights.unit);
}

/** Factor of a force error. */
export function forceScale(weights: LossWeights): number {
  return weights.force / weights.unit;
}

/**
 * The loss of one structure, (energy·ΔE/N)² + mean over labelled components of (force·ΔF)², and its gradient by the weights
 * added to `gradient`. Labels that are NaN do not count. Leaves the structure loaded in `pass`.
 */
export function addLossGradient(
  pass: StructurePass,
  structure: TrainingStructure,
  weights: LossWeights,
  gradient: Float64Array,
): number {
  pass.load(structure);
  let loss = 0;
  let byEnergy = 0;
  if (!Number.isNaN(structure.energy)) {
    const scale = energyScale(weights, structure.natoms);
    const error = scale * (pass.energy - structure.energy);
    loss += error * error;
    byEnergy = 2 * scale * error;
  }
  const byForces = new Float64Array(3 * structure.natoms);
  const count = structure.labelled.length;
  if (count > 0 && weights.force > 0) {
    const scale = forceScale(weights);
    const forces = new Float64Array(3 * structure.natoms);
    pass.forces(forces);
    for (const k of structure.labelled) {
      const error = scale * (forces[k] - structure.forces[k]);
      loss += (error * error) / count;
      byForces[k] = (2 * scale * error) / count;
    }
  }
  pass.addGradient(byEnergy, byForces, gradient);
  return loss;
}
