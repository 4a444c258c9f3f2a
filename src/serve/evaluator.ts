import type { Neighborhood } from '../../potentials/neighborhood.ts';
import type { Evaluation } from '../../potentials/potential.ts';

export type { Evaluation, Neighborhood };

/** A structure without a neighbor list, for protocols that send only cell and positions (i-PI, MDI). Internal units. */
export interface StructureInput {
  readonly numbers: Uint8Array;
  /** Å; (n,3). */
  readonly positions: Float64Array;
  /** Å; rows a, b, c; null = open. */
  readonly cell: Float64Array | null;
  readonly pbc: readonly [boolean, boolean, boolean];
}

/** What a committee can tell besides its mean. */
export interface CommitteeEvaluator {
  /** At least 2. */
  readonly members: number;
  /** As `evaluateNeighborhood`; gives the forces of the members, eV/Å; (members,natoms,3), also on ghosts. */
  evaluateMembers(neighborhood: Neighborhood, out: Evaluation): Promise<Float64Array>;
}

/** All that a protocol may know of a potential. */
export interface Evaluator {
  readonly name: string;
  /** Atomic numbers it knows, ascending. */
  readonly species: readonly number[];
  /** Å. */
  readonly cutoff: number;
  /** True for a model in reduced (Lennard-Jones) units: its numbers are passed through one to one, to LAMMPS `units lj` only. */
  readonly reduced: boolean;
  /** Integer below 2^53, a hash of the model's content: ranks and servers compare it. */
  readonly modelId: number;
  /** Lists are built here; ghost forces are folded onto their owners. */
  evaluateStructure(structure: StructureInput): Promise<Evaluation>;
  /** `evaluateStructure` for structures that follow one another, one at a time: what did not change is not made again. */
  trajectory?(): Pick<Evaluator, 'evaluateStructure'>;
  /** Present where several potentials are averaged. */
  readonly committee?: CommitteeEvaluator;
  /** Lists are given; adds into `out`, which the caller owns and zeroes; forces stay on ghosts. */
  evaluateNeighborhood(neighborhood: Neighborhood, out: Evaluation): Promise<void>;
}
