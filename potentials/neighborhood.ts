/**
 * Centers 0…ncenters−1 and their neighbors (explicit periodic images, or LAMMPS ghosts). A full list: j is in the list of i
 * and i (or its image) in the list of j. It may hold pairs beyond the cutoff (skin): the potential tests r < cutoff itself.
 */
export interface Neighborhood {
  readonly ncenters: number;
  /** Centers and ghosts together. */
  readonly natoms: number;
  /** Atomic numbers (natoms). */
  readonly numbers: Uint8Array;
  /** Å; (natoms,3) row-major; ghosts carry their shifted coordinates. */
  readonly positions: Float64Array;
  /** (ncenters+1): the neighbors of center i are `neighbors[first[i] … first[i+1])`. */
  readonly first: Int32Array;
  readonly neighbors: Int32Array;
}
