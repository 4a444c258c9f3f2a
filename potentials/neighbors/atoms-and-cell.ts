/** Atoms and cell from which a neighbor list is made. */
export interface AtomsAndCell {
  /** Atomic numbers (n). */
  readonly numbers: Uint8Array;
  /** Å; (n,3) row-major; anywhere, also outside the cell. */
  readonly positions: Float64Array;
  /** Å; rows a, b, c; null where nothing is periodic. */
  readonly cell: Float64Array | null;
  readonly pbc: readonly [boolean, boolean, boolean];
}
