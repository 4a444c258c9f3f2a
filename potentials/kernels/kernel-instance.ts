/** What the kernel is called with; an empty array = not wanted. Meanings and units as in hdnnp.h, for a blob in Å and eV. */
export interface KernelCall {
  /** Index of the element in the blob, per atom. */
  readonly element: Int32Array;
  readonly positions: Float64Array;
  /** (ncenters+1). */
  readonly first: Int32Array;
  readonly neighbors: Int32Array;
  /** Added to; (natoms,3). */
  readonly forces: Float64Array;
  /** Added to; 6 components xx yy zz xy xz yz. */
  readonly virial: Float64Array;
  /** Written; (ncenters), without offsets. */
  readonly energies: Float64Array;
  /** Written; (ncenters,members), without offsets. */
  readonly memberEnergies: Float64Array;
  /** Added to; (members,natoms,3) and (members,6). */
  readonly memberForces: Float64Array;
  readonly memberVirials: Float64Array;
  /** Written; (ncenters,featureStride), raw symmetry functions. */
  readonly features: Float64Array;
  readonly featureStride: number;
  /** Written; (capacity,3): atom, symmetry function, value. */
  readonly extrapolations: Float64Array;
  /** Written: the atom of an error, the count of extrapolations. */
  readonly status: Int32Array;
}

/** A prepared model on one backend. */
export interface KernelInstance {
  /** For messages: `native (avx512, 4 threads)`, `wasm`. */
  readonly description: string;
  /** Returns one of the codes below. */
  evaluate(call: KernelCall): number;
  /** The same without holding up the event loop; the arrays are in use until it resolves, and so is the instance. */
  evaluateAsync?(call: KernelCall): Promise<number>;
}

/** Codes of hdnnp.h. */
export const CODES = {
  ok: 0,
  badBlob: 1,
  capacity: 2,
  coincident: 3,
  badPosition: 4,
  badResult: 5,
  badIndex: 6,
  badElement: 7,
} as const;
