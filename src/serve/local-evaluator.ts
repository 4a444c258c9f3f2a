import type { Neighborhood } from '../../potentials/neighborhood.ts';
import { buildNeighborList, foldForces } from '../../potentials/neighbors/neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';
import type { Evaluator, StructureInput } from './evaluator.ts';

/** A potential of this process as Evaluator. Errors are those of the potential and of the neighbor list. */
export class LocalEvaluator implements Evaluator {
  readonly name: string;
  readonly species: readonly number[];
  readonly cutoff: number;
  readonly reduced: boolean;
  readonly modelId: number;
  readonly #potential: Potential;

  /** `modelId`: integer below 2^53, a hash of the content; `reduced`: the model is in Lennard-Jones units. */
  constructor(potential: Potential, identity: { readonly modelId: number; readonly reduced: boolean }) {
    this.#potential = potential;
    this.name = potential.name;
    this.species = potential.species;
    this.cutoff = potential.cutoff;
    this.reduced = identity.reduced;
    this.modelId = identity.modelId;
  }

  async evaluateStructure(structure: StructureInput): Promise<Evaluation> {
    const list = buildNeighborList(structure, this.cutoff);
    const out = newEvaluation(list.natoms, list.ncenters);
    await this.evaluateNeighborhood(list, out);
    foldForces(list, out.forces);
    return { ...out, forces: out.forces.slice(0, 3 * list.ncenters) };
  }

  async evaluateNeighborhood(neighborhood: Neighborhood, out: Evaluation): Promise<void> {
    if (this.#potential.evaluateAsync) await this.#potential.evaluateAsync(neighborhood, out);
    else this.#potential.evaluate(neighborhood, out);
  }
}
