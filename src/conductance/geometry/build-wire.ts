import { MissingDataError } from '../../core/errors.ts';
import { seededRandom } from '../../core/random.ts';
import type { Lattice } from '../metals.ts';
import { orderWire, type Wire } from './wire.ts';

export type Orientation = '100' | '110' | '111';

export interface WirePlan {
  /** Atomic number. */
  readonly z: number;
  readonly lattice: Lattice;
  /** Edge of the cubic cell, Å. */
  readonly a: number;
  /** Crystal direction along the wire. */
  readonly orientation: Orientation;
  /** Å. */
  readonly diameter: number;
  /** Length between the grips, Å; rounded to whole crystal periods. */
  readonly free: number;
  /** Least length of a grip, Å; rounded up to whole crystal periods. */
  readonly grip: number;
  /** Where the axis of the cylinder passes, Å, from an atom row; moves the cross-section. */
  readonly center?: readonly [number, number];
}

const R2 = Math.SQRT1_2;
const R3 = 1 / Math.sqrt(3);
const R6 = 1 / Math.sqrt(6);

/** Rows: the new x, y, z in the cubic axes. */
// biome-ignore format: one line a matrix
const ROTATIONS: Readonly<Record<Orientation, readonly (readonly [number, number, number])[]>> = {
  '100': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  '110': [[0, 0, 1], [R2, -R2, 0], [R2, R2, 0]],
  '111': [[R2, -R2, 0], [R6, R6, -2 * R6], [R3, R3, R3]],
};

/** Crystal period along the wire over the cube edge. */
const PERIODS: Readonly<Record<Lattice, Readonly<Record<Orientation, number>>>> = {
  bcc: { '100': 1, '110': Math.SQRT2, '111': Math.sqrt(3) / 2 },
  fcc: { '100': 1, '110': R2, '111': Math.sqrt(3) },
};

const BASES: Readonly<Record<Lattice, readonly (readonly [number, number, number])[]>> = {
  bcc: [
    [0, 0, 0],
    [0.5, 0.5, 0.5],
  ],
  fcc: [
    [0, 0, 0],
    [0.5, 0.5, 0],
    [0.5, 0, 0.5],
    [0, 0.5, 0.5],
  ],
};

/** Rounding of coordinates, Å: an atom exactly on a border belongs to the block above it. */
const EDGE = 1e-6;
/** More atoms than this are a slip of the pen. */
const MAX_ATOMS = 5_000_000;

export interface BuiltWire extends Wire {
  readonly crystalPeriod: number;
  /** Length of the whole wire in whole periods, Å. */
  readonly length: number;
}

/** A center drawn evenly within ±0.35 lattice constants, Å. */
export function randomCenter(seed: number, a: number): [number, number] {
  const random = seededRandom(seed);
  return [(2 * random() - 1) * 0.35 * a, (2 * random() - 1) * 0.35 * a];
}

/**
 * A cylinder cut from a perfect crystal with its axis along z and a grip of whole crystal periods at either end; atoms ordered
 * [bottom grip | mobile | top grip], each part by z. Throws MissingDataError for lengths that are not positive or too large.
 */
export function buildWire(plan: WirePlan): BuiltWire {
  const { lattice, a, orientation, diameter, center: [cx, cy] = [0, 0] } = plan;
  for (const [name, value] of Object.entries({ diameter, length: plan.free, grip: plan.grip, 'lattice constant': a }))
    if (!(value > 0 && Number.isFinite(value)))
      throw new MissingDataError(`${name} of the wire is ${value}`, 'give a positive number of Å');
  const period = PERIODS[lattice][orientation] * a;
  const gripPeriods = Math.ceil(plan.grip / period);
  const length = (Math.round(plan.free / period) + 2 * gripPeriods) * period;
  const estimate = (Math.PI * (diameter / 2 + a) ** 2 * length * BASES[lattice].length) / a ** 3;
  if (estimate > MAX_ATOMS)
    throw new MissingDataError(
      `the wire would have about ${Math.round(estimate)} atoms`,
      `at most ${MAX_ATOMS} are built`,
    );
  const atoms = cylinder(plan, length, [cx, cy]);
  if (atoms.length === 0)
    throw new MissingDataError('no atom lies in the wire', 'give a larger diameter or another center');
  const gripLength = gripPeriods * period;
  const positions = Float64Array.from(atoms.flat());
  const part = Int8Array.from(atoms, ([, , z]) =>
    z < gripLength - EDGE ? -1 : z >= length - gripLength - EDGE ? 1 : 0,
  );
  const numbers = new Uint8Array(atoms.length).fill(plan.z);
  return { ...orderWire(numbers, positions, part, gripLength), crystalPeriod: period, length };
}

/** Atoms of the crystal within the cylinder, stably sorted by z; x and y from its axis. */
function cylinder(plan: WirePlan, length: number, center: readonly [number, number]) {
  const period = PERIODS[plan.lattice][plan.orientation] * plan.a;
  const slab = onePeriod(plan, period, center);
  const atoms: [number, number, number][] = [];
  for (let n = 0; n < Math.round(length / period); n++)
    for (const [x, y, z] of slab) atoms.push([x, y, z + n * period]);
  return atoms.sort((p, q) => p[2] - q[2]);
}

/** The atoms of the cylinder with −EDGE ≤ z < period − EDGE. */
function onePeriod(
  { lattice, a, orientation, diameter }: WirePlan,
  period: number,
  [cx, cy]: readonly [number, number],
) {
  const rows = ROTATIONS[orientation];
  const cells = Math.ceil((Math.hypot(diameter / 2 + Math.hypot(cx, cy), period) + a) / a) + 1;
  // Two cell indices are looped over; the third, along which z grows, follows from the slab.
  const solved = rows[2][2] > 0 ? 2 : 0;
  const [first, second] = solved === 2 ? [0, 1] : [1, 2];
  const slope = rows[2][solved] * a;
  const atoms: [number, number, number][] = [];
  const u = [0, 0, 0];
  for (const basis of BASES[lattice])
    for (let i = -cells; i <= cells; i++)
      for (let j = -cells; j <= cells; j++) {
        u[first] = (i + basis[first]) * a;
        u[second] = (j + basis[second]) * a;
        const z0 = rows[2][first] * u[first] + rows[2][second] * u[second] + basis[solved] * slope;
        for (let k = Math.ceil((-EDGE - z0) / slope); z0 + k * slope < period - EDGE; k++) {
          u[solved] = (k + basis[solved]) * a;
          const [x, y, z] = rows.map(([rx, ry, rz]) => rx * u[0] + ry * u[1] + rz * u[2]);
          if (Math.hypot(x - cx, y - cy) <= diameter / 2) atoms.push([x - cx, y - cy, z]);
        }
      }
  return atoms;
}
