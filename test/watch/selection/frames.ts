import { massOf } from '../../../src/core/elements.ts';
import type { Frame } from '../../../src/core/frame.ts';

/** A periodic cubic cell of side `side` Å with these atoms. */
export function frameOf(positions: readonly number[], more: Partial<Frame> = {}, side = 12): Frame {
  const natoms = positions.length / 3;
  return {
    natoms,
    cell: Float64Array.of(side, 0, 0, 0, side, 0, 0, 0, side),
    pbc: [true, true, true],
    numbers: new Uint8Array(natoms).fill(18),
    positions: Float64Array.from(positions),
    masses: new Float64Array(natoms).fill(massOf(18)),
    arrays: {},
    info: {},
    ...more,
  };
}

/** Two argon atoms at this distance (Å). */
export const pair = (distance: number, more: Partial<Frame> = {}) => frameOf([1, 1, 1, 1 + distance, 1, 1], more);
