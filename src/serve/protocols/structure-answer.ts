import { symbolOf } from '../../core/elements.ts';
import { ProtocolError } from '../../core/errors.ts';
import { fromVoigt, toVoigt } from '../../core/tensor.ts';
import type { Evaluation, Evaluator, StructureInput } from '../evaluator.ts';
import { firstNotFinite } from './finite.ts';

/** Energy (eV), forces (eV/Å; (n,3)) and symmetric virial (eV; (3,3), Σ r⊗f) of a whole structure; every number is finite. */
export interface Answer {
  readonly energy: number;
  readonly forces: Float64Array;
  readonly virial: Float64Array;
  readonly atomicEnergies: Float64Array;
  readonly extrapolationCount: number;
}

export type Answerer = (structure: StructureInput) => Promise<Answer>;

/**
 * Evaluates the structures of one session, one at a time: neighbor lists are kept from one to the next. It throws ProtocolError,
 * naming the atom (from 1), rather than give a number that is not finite, and what the evaluator throws.
 */
export function answerer(evaluator: Evaluator): Answerer {
  const trajectory = evaluator.trajectory?.() ?? evaluator;
  return async (structure) => checked(await trajectory.evaluateStructure(structure));
}

function checked(out: Evaluation): Answer {
  const virial = fromVoigt(toVoigt(out.virial, 'lammps'), 'lammps');
  const bad = (what: string) => new ProtocolError(`the model gave ${what} that is not finite`);
  if (!Number.isFinite(out.energy)) throw bad('an energy');
  if (!virial.every(Number.isFinite)) throw bad('a virial');
  const force = firstNotFinite(out.forces);
  if (force >= 0) throw bad(`a force on atom ${Math.floor(force / 3) + 1}`);
  const { energy, forces, atomicEnergies, extrapolationCount } = out;
  return { energy, forces, virial, atomicEnergies, extrapolationCount };
}

/** Refuses elements that the model does not know, before anything is evaluated. Throws ProtocolError. */
export function checkSpecies(numbers: Uint8Array, { name, species }: Evaluator): void {
  for (const number of numbers) {
    if (species.includes(number)) continue;
    throw new ProtocolError(
      `model ${name} has no element ${symbolOf(number)} (it knows ${species.map(symbolOf).join(', ')})`,
    );
  }
}

/** Peers with units of their own cannot use a model in reduced units. Throws ProtocolError. */
export function refuseReduced({ name, reduced }: Evaluator, protocol: string): void {
  if (reduced) throw new ProtocolError(`model ${name} is in reduced units; ${protocol} needs one in eV and Å`);
}
