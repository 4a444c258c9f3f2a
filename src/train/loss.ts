import type { StructurePass } from './structure-pass.ts';
import type { TrainingStructure } from './training-structure.ts';

/** How much errors count. Energies enter as energy·ΔE/N, forces as force·ΔF, virials as virial·ΔW/N, all divided by `unit`. */
export interface LossWeights {
  /** Å: weight of an error of 1 eV/atom against an error of 1 eV/Å. */
  readonly energy: number;
  readonly force: number;
  /** Å: weight of an error of 1 eV/atom in one component of the virial. */
  readonly virial: number;
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

/** Factor of the error of a virial component of a structure of n atoms. */
export function virialScale(weights: LossWeights, natoms: number): number {
  return weights.virial / (natoms * weights.unit);
}

/**
 * The loss of one structure, its weight times (energy·ΔE/N)² + mean over labelled components of (force·ΔF)² + the same of
 * (virial·ΔW/N)², and its gradient by the network weights added to `gradient`. Labels that are NaN do not count. Leaves the structure
 * loaded in `pass`.
 */
export function addLossGradient(
  pass: StructurePass,
  structure: TrainingStructure,
  weights: LossWeights,
  gradient: Float64Array,
): number {
  const { natoms, weight } = structure;
  pass.load(structure);
  let loss = 0;
  let energy = 0;
  if (!Number.isNaN(structure.energy)) {
    const scale = energyScale(weights, natoms);
    const error = scale * (pass.energy - structure.energy);
    loss += weight * error * error;
    energy = 2 * weight * scale * error;
  }
  const forces = new Float64Array(3 * natoms);
  if (weights.force > 0) {
    pass.forces(forces);
    loss += weight * toGradient(forces, structure.forces, structure.labelled, forceScale(weights), weight);
  }
  const virial = new Float64Array(6);
  if (weights.virial > 0) {
    pass.virial(virial);
    loss +=
      weight * toGradient(virial, structure.virial, structure.labelledVirial, virialScale(weights, natoms), weight);
  }
  pass.addGradient({ energy, forces, virial }, gradient);
  return loss;
}

/** Mean of (scale·Δ)² over the labelled components; `values` become its derivative times `weight`. */
function toGradient(
  values: Float64Array,
  labels: Float64Array,
  labelled: Int32Array,
  scale: number,
  weight: number,
): number {
  const predicted = Float64Array.from(labelled, (k) => values[k]);
  values.fill(0);
  let loss = 0;
  labelled.forEach((k, n) => {
    const error = scale * (predicted[n] - labels[k]);
    loss += (error * error) / labelled.length;
    values[k] = (2 * weight * scale * error) / labelled.length;
  });
  return loss;
}
