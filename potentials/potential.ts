import type { Neighborhood } from './neighborhood.ts';

/** A symmetry function that left the range it was trained on. */
export interface Extrapolation {
  readonly atom: number;
  /** Index of the symmetry function in the sorted order of the element. */
  readonly feature: number;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** Results; the caller allocates and zeroes, the potential adds. */
export interface Evaluation {
  /** eV, of the centers. */
  energy: number;
  /** eV/Å; (natoms,3): also on ghosts, which the caller folds onto their owners. */
  readonly forces: Float64Array;
  /** eV; (3,3) row-major, Σ r⊗f. */
  readonly virial: Float64Array;
  /** eV; (ncenters). */
  readonly atomicEnergies: Float64Array;
  /** Filled when present, up to `maxExtrapolations`; `extrapolationCount` counts all. */
  readonly extrapolations?: Extrapolation[];
  extrapolationCount: number;
}

export const MAX_EXTRAPOLATIONS = 1000;

/** A zeroed Evaluation for a neighborhood of this size. */
export function newEvaluation(natoms: number, ncenters: number): Evaluation {
  return {
    energy: 0,
    forces: new Float64Array(3 * natoms),
    virial: new Float64Array(9),
    atomicEnergies: new Float64Array(ncenters),
    extrapolations: [],
    extrapolationCount: 0,
  };
}

/** A trained potential. It never sees a Frame or a file of frames. */
export interface Potential {
  readonly name: string;
  /** Atomic numbers it knows, ascending. */
  readonly species: readonly number[];
  /** Å, of the neighbor list it asks for. */
  readonly cutoff: number;
  readonly provides: {
    readonly forces: boolean;
    readonly virial: boolean;
    readonly atomicEnergies: boolean;
    readonly uncertainty: boolean;
  };
  /** Adds into `out`. Throws PotentialError for unknown species, coincident atoms or a non-finite result, naming the atom. */
  evaluate(neighborhood: Neighborhood, out: Evaluation): void;
  /**
   * The same for a server: a large neighborhood is evaluated without holding up the event loop. Both arguments are in use until it
   * resolves. Absent where the program cannot do it.
   */
  evaluateAsync?(neighborhood: Neighborhood, out: Evaluation): Promise<void>;
}
