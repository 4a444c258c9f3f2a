/**
 * A wire along z between two grips, atoms ordered [bottom grip | mobile | top grip]. Grips are perfect crystal blocks that never
 * change their shape; repeated by `leadPeriod` along z they are the leads.
 */
export interface Wire {
  readonly natoms: number;
  /** Atomic numbers (n). */
  readonly numbers: Uint8Array;
  /** Å; (n,3). */
  readonly positions: Float64Array;
  readonly bottom: number;
  readonly top: number;
  /** Å. */
  readonly leadPeriod: number;
  /** (n) the place each atom had in the frame it comes from. */
  readonly order: Int32Array;
}

/** Atoms brought into the order of a wire; `part` (n) is −1 for the bottom grip, 1 for the top grip, 0 for mobile atoms. */
export function orderWire(numbers: Uint8Array, positions: Float64Array, part: Int8Array, leadPeriod: number): Wire {
  const natoms = numbers.length;
  const order = new Int32Array(natoms);
  let at = 0;
  const counts: number[] = [];
  for (const wanted of [-1, 0, 1]) {
    const before = at;
    for (let i = 0; i < natoms; i++) if (part[i] === wanted) order[at++] = i;
    counts.push(at - before);
  }
  const sorted = new Float64Array(3 * natoms);
  const species = new Uint8Array(natoms);
  order.forEach((from, to) => {
    species[to] = numbers[from];
    for (let k = 0; k < 3; k++) sorted[3 * to + k] = positions[3 * from + k];
  });
  return { natoms, numbers: species, positions: sorted, bottom: counts[0], top: counts[2], leadPeriod, order };
}

/** Positions (m,3) of one grip. */
export function gripPositions(wire: Wire, end: 'bottom' | 'top'): Float64Array {
  const { positions, bottom, top, natoms } = wire;
  return end === 'bottom' ? positions.subarray(0, 3 * bottom) : positions.subarray(3 * (natoms - top));
}
