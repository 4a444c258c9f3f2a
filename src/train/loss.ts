import type { Passes } from './passes.ts';
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

/** Energy, forces (natoms, 3) and virial (6) of a structure as the networks have them. */
export interface Predicted {
  readonly energy: number;
  readonly forces: Float64Array;
  readonly virial: Float64Array;
}

/**
 * The loss of one structure: its weight times (energy·ΔE/N)² + mean over labelled components of (force·ΔF)² + the same of
 * (virial·ΔW/N)². Labels that are NaN do not count. Forces and virial of `predicted` become the derivatives of the loss by them; the
 * one by the energy is returned.
 */
export function lossOf(structure: TrainingStructure, weights: LossWeights, predicted: Predicted) {
  const { natoms, weight } = structure;
  const { forces, virial } = predicted;
  let loss = 0;
  let byEnergy = 0;
  if (!Number.isNaN(structure.energy)) {
    const scale = energyScale(weights, natoms);
    const error = scale * (predicted.energy - structure.energy);
    loss += weight * error * error;
    byEnergy = 2 * weight * scale * error;
  }
  loss += weight * toGradient(forces, structure.forces, structure.labelled, forceScale(weights), weight);
  const scale = virialScale(weights, natoms);
  loss += weight * toGradient(virial, structure.virial, structure.labelledVirial, scale, weight);
  return { loss, byEnergy };
}

/** Adds the gradient of `lossOf` by the network weights to `gradient`; returns the loss. Leaves the structure loaded in `pass`. */
export function addLossGradient(
  pass: Passes,
  structure: TrainingStructure,
  weights: LossWeights,
  gradient: Float64Array,
): number {
  pass.load(structure);
  const forces = new Float64Array(3 * structure.natoms);
  const virial = new Float64Array(6);
  if (weights.force > 0) pass.forces(forces);
  if (weights.virial > 0) pass.virial(virial);
  const { loss, byEnergy } = lossOf(structure, weights, { energy: pass.energy, forces, virial });
  pass.addGradient({ energy: byEnergy, forces, virial }, gradient);
  return loss;
}

/** The sum of `lossOf` over structures. */
export function totalLoss(pass: Passes, structures: readonly TrainingStructure[], weights: LossWeights): number {
  let loss = 0;
  let forces = new Float64Array(0);
  const virial = new Float64Array(6);
  for (const structure of structures) {
    const { natoms, weight, energy, labelled, labelledVirial } = structure;
    pass.load(structure);
    let own = Number.isNaN(energy) ? 0 : (energyScale(weights, natoms) * (pass.energy - energy)) ** 2;
    if (weights.force > 0 && labelled.length > 0) {
      if (forces.length !== 3 * natoms) forces = new Float64Array(3 * natoms);
      pass.forces(forces);
      own += meanSquare(forces, structure.forces, labelled, forceScale(weights));
    }
    if (weights.virial > 0 && labelledVirial.length > 0) {
      pass.virial(virial);
      own += meanSquare(virial, structure.virial, labelledVirial, virialScale(weights, natoms));
    }
    loss += weight * own;
  }
  return loss;
}

function meanSquare(values: Float64Array, labels: Float64Array, labelled: Int32Array, scale: number): number {
  let sum = 0;
  for (const k of labelled) sum += (scale * (values[k] - labels[k])) ** 2;
  return sum / labelled.length;
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
  if (scale === 0) return 0;
  let loss = 0;
  labelled.forEach((k, n) => {
    const error = scale * (predicted[n] - labels[k]);
    loss += (error * error) / labelled.length;
    values[k] = (2 * weight * scale * error) / labelled.length;
  });
  return loss;
}
