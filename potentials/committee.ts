import { PotentialError } from '../src/core/errors.ts';
import type { Neighborhood } from './neighborhood.ts';
import { foldForces, type NeighborList } from './neighbors/neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from './potential.ts';

/** What the members of a committee say, besides their mean. */
export interface MemberResults {
  /** eV, one per member. */
  readonly energies: Float64Array;
  /** eV; (ncenters,members). */
  readonly atomicEnergies: Float64Array;
  /** eV/Å; (members,natoms,3), also on ghosts; empty unless asked for. */
  readonly forces: Float64Array;
  /** eV; (members,9); empty unless forces are asked for. */
  readonly virials: Float64Array;
}

/** Several potentials for the same system: as a Potential it is their mean. */
export interface Committee extends Potential {
  readonly members: number;
  /** As `evaluate`, and what each member says. Forces of the members cost a reverse pass each. */
  evaluateMembers(neighborhood: Neighborhood, out: Evaluation, want: { readonly forces: boolean }): MemberResults;
}

/**
 * How far the members of a committee disagree about one structure, as `dp model-devi` defines it: standard deviations over the
 * members, divided by their number (not by one less).
 */
export interface Disagreement {
  /** eV/atom; of E/N. */
  readonly energy: number;
  /** eV/Å, one per atom: norm over x, y, z of the deviation of the force. */
  readonly forces: Float64Array;
  /** eV/atom; (3,3): of each component of virial/N. */
  readonly virial: Float64Array;
}

/** Mean (forces folded onto the atoms, as from a cell) and disagreement of a committee on a structure with its own list. */
export function evaluateCommittee(
  committee: Committee,
  list: NeighborList,
): { mean: Evaluation; disagreement: Disagreement } {
  const { natoms, ncenters } = list;
  const out = newEvaluation(natoms, ncenters);
  const members = committee.evaluateMembers(list, out, { forces: true });
  foldForces(list, out.forces);
  const perMember = Array.from({ length: committee.members }, (_, m) => {
    const own = members.forces.subarray(3 * natoms * m, 3 * natoms * (m + 1));
    foldForces(list, own);
    return own;
  });
  const forces = new Float64Array(ncenters);
  const values = new Float64Array(committee.members);
  const spread = (valueFor: (member: number) => number) => deviation(values.map((_, m) => valueFor(m)));
  for (let i = 0; i < ncenters; i++)
    forces[i] = Math.hypot(...[0, 1, 2].map((k) => spread((m) => perMember[m][3 * i + k])));
  const disagreement = {
    energy: spread((m) => members.energies[m] / ncenters),
    forces,
    virial: new Float64Array(9).map((_, k) => spread((m) => members.virials[9 * m + k] / ncenters)),
  };
  return { mean: { ...out, forces: out.forces.slice(0, 3 * ncenters) }, disagreement };
}

/** √⟨(x − ⟨x⟩)²⟩. */
function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
}

/** A committee of any potentials, evaluated one after the other. */
export class SeparateCommittee implements Committee {
  readonly name: string;
  readonly species: readonly number[];
  readonly cutoff: number;
  readonly provides;
  readonly #potentials: readonly Potential[];

  /** Throws PotentialError when there is no member or they do not know the same elements. */
  constructor(potentials: readonly Potential[], name: string) {
    const species = potentials[0]?.species ?? [];
    if (species.length === 0) throw new PotentialError('a committee needs at least one member');
    for (const other of potentials)
      if (other.species.join() !== species.join())
        throw new PotentialError(`the members of a committee must know the same elements: ${other.name} differs`);
    this.name = name;
    this.species = species;
    this.cutoff = Math.max(...potentials.map(({ cutoff }) => cutoff));
    this.provides = { forces: true, virial: true, atomicEnergies: true, uncertainty: potentials.length > 1 };
    this.#potentials = potentials;
  }

  get members(): number {
    return this.#potentials.length;
  }

  evaluate(neighborhood: Neighborhood, out: Evaluation): void {
    this.evaluateMembers(neighborhood, out);
  }

  evaluateMembers(neighborhood: Neighborhood, out: Evaluation): MemberResults {
    const { natoms, ncenters } = neighborhood;
    const m = this.members;
    const results = {
      energies: new Float64Array(m),
      atomicEnergies: new Float64Array(m * ncenters),
      forces: new Float64Array(3 * m * natoms),
      virials: new Float64Array(9 * m),
    };
    this.#potentials.forEach((potential, k) => {
      const own = newEvaluation(natoms, ncenters);
      potential.evaluate(neighborhood, own);
      results.energies[k] = own.energy;
      results.forces.set(own.forces, 3 * natoms * k);
      results.virials.set(own.virial, 9 * k);
      own.atomicEnergies.forEach((e, i) => {
        results.atomicEnergies[i * m + k] = e;
      });
      addShare(out, own, 1 / m);
    });
    return results;
  }
}

/** Adds a member's share of the mean; extrapolations of every member are reported. */
function addShare(out: Evaluation, own: Evaluation, share: number): void {
  out.energy += share * own.energy;
  out.extrapolationCount += own.extrapolationCount;
  if (own.extrapolations) out.extrapolations?.push(...own.extrapolations);
  for (const key of ['forces', 'virial', 'atomicEnergies'] as const)
    own[key].forEach((x, k) => {
      out[key][k] += share * x;
    });
}
