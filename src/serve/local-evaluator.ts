import type { Committee } from '../../potentials/committee.ts';
import type { Neighborhood } from '../../potentials/neighborhood.ts';
import { buildNeighborList, foldForces, type NeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { ReusableNeighborList } from '../../potentials/neighbors/reusable-neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';
import type { CommitteeEvaluator, Evaluator, StructureInput } from './evaluator.ts';

/** Of the cutoff: about 1 Å, as in molecular dynamics. Lists are kept until atoms have moved half of it. */
const SKIN = 0.15;

/** A potential of this process as Evaluator. Errors are those of the potential and of the neighbor list. */
export class LocalEvaluator implements Evaluator {
  readonly name: string;
  readonly species: readonly number[];
  readonly cutoff: number;
  readonly reduced: boolean;
  readonly modelId: number;
  readonly committee?: CommitteeEvaluator;
  readonly #potential: Potential;
  #running: Promise<void> = Promise.resolve();

  /** `modelId`: integer below 2^53, a hash of the content; `reduced`: the model is in Lennard-Jones units. */
  constructor(potential: Potential, identity: { readonly modelId: number; readonly reduced: boolean }) {
    this.#potential = potential;
    this.name = potential.name;
    this.species = potential.species;
    this.cutoff = potential.cutoff;
    this.reduced = identity.reduced;
    if (isCommittee(potential))
      this.committee = {
        members: potential.members,
        evaluateMembers: (neighborhood, out) => this.#evaluateMembers(potential, neighborhood, out),
      };
    this.modelId = identity.modelId;
  }

  async evaluateStructure(structure: StructureInput): Promise<Evaluation> {
    return this.#evaluateList(buildNeighborList(structure, this.cutoff));
  }

  /** With a list of its own: evaluations await, so that sessions must not share one. */
  trajectory(): Pick<Evaluator, 'evaluateStructure'> {
    const lists = new ReusableNeighborList(this.cutoff, SKIN * this.cutoff);
    return { evaluateStructure: async (structure) => this.#evaluateList(lists.update(structure)) };
  }

  async #evaluateList(list: NeighborList): Promise<Evaluation> {
    const out = newEvaluation(list.natoms, list.ncenters);
    await this.evaluateNeighborhood(list, out);
    foldForces(list, out.forces);
    return { ...out, forces: out.forces.slice(0, 3 * list.ncenters) };
  }

  async evaluateNeighborhood(neighborhood: Neighborhood, out: Evaluation): Promise<void> {
    if (!this.#potential.evaluateAsync) return this.#potential.evaluate(neighborhood, out);
    const done = this.#potential.evaluateAsync(neighborhood, out);
    this.#running = done.catch(() => {}); // its caller hears of it
    return done;
  }

  /** The potential does this in one go, which it refuses while it works for another session. */
  async #evaluateMembers(committee: Committee, neighborhood: Neighborhood, out: Evaluation): Promise<Float64Array> {
    for (let awaited: unknown; awaited !== this.#running; ) {
      awaited = this.#running;
      await awaited;
    }
    return committee.evaluateMembers(neighborhood, out, { forces: true }).forces;
  }
}

function isCommittee(potential: Potential): potential is Committee {
  return 'evaluateMembers' in potential && (potential as Committee).members > 1;
}
