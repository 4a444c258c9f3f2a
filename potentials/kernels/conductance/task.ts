/** Version of the descriptions that conductance.h takes. */
export const DESCRIPTION_VERSION = 1;

/** Kinds of computation, by their number in conductance.h. */
export const TASKS = { pooledNetwork: 0, jellium: 1, tightBinding: 2, tightBindingLead: 3 } as const;
export type TaskName = keyof typeof TASKS;

/** What a task reads and writes, as NnpSnapshot of conductance.h; an empty array is not there. */
export interface TaskArrays {
  /** Å; (n,3). */
  readonly positions: Float64Array;
  /** (n) index among the species of the description. */
  readonly species: Int32Array;
  readonly centers: Int32Array;
  /** Rows of neighbors; without them, all atoms within reach are. */
  readonly first: Int32Array;
  readonly neighbors: Int32Array;
  /** What else the task needs. */
  readonly numbers: Float64Array;
  /** Written. */
  readonly values: Float64Array;
  readonly features: Float32Array;
  /** (1) written on error: the atom, center, slice or block. */
  readonly status: Int32Array;
}

/** A prepared task on one backend, for one thread. */
export interface Task {
  /** `native (avx512)`, `wasm`. */
  readonly backend: string;
  /** Returns one of the codes below. */
  run(arrays: TaskArrays): number;
}

/** Codes of conductance.h. */
export const CODES = {
  done: 0,
  badSize: 1,
  badPosition: 2,
  badIndex: 3,
  badSpecies: 4,
  coincident: 5,
  badResult: 6,
  singular: 7,
  smallRoom: 8,
} as const;

const NO_NUMBERS = new Float64Array(0);
const NO_INTEGERS = new Int32Array(0);
const NO_FEATURES = new Float32Array(0);

/** Arrays of a task of which only some are there. */
export function taskArrays(given: Partial<TaskArrays> & Pick<TaskArrays, 'positions'>): TaskArrays {
  return {
    species: new Int32Array(given.positions.length / 3),
    centers: NO_INTEGERS,
    first: NO_INTEGERS,
    neighbors: NO_INTEGERS,
    numbers: NO_NUMBERS,
    values: NO_NUMBERS,
    features: NO_FEATURES,
    status: new Int32Array(1),
    ...given,
  };
}
