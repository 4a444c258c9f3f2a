import { MissingDataError } from '../../core/errors.ts';
import { HBAR2_2M, type JelliumParameters } from './jellium-parameters.ts';

/** Grid of midpoints along one transverse direction. */
interface TransverseAxis {
  readonly low: number;
  readonly length: number;
  readonly points: number;
  /** Highest product of sines needs cosines 0 … 2·modes. */
  readonly modes: number;
  /** cos(k π (x − low)/length), row k over the points. */
  readonly cosines: Float64Array;
}

/** Particle-in-a-box modes below the cutoff. */
export interface TransverseModes {
  readonly x: TransverseAxis;
  readonly y: TransverseAxis;
  readonly count: number;
  readonly mx: Int32Array;
  readonly my: Int32Array;
  /** eV. */
  readonly energies: Float64Array;
}

/** Vacuum around the grips and least half width of the box, Å. */
const PAD = 5;
const HALF = 14;
/** More modes than this would take minutes a snapshot: the wire or the units are wrong. */
const MAX_MODES = 1500;

/** Modes of a box around grip atoms (n,3), around the origin. Throws MissingDataError where it would be too large to work with. */
export function transverseModes(grips: readonly Float64Array[], parameters: JelliumParameters): TransverseModes {
  const [x, y] = [0, 1].map((d) => axis(grips, d, parameters));
  const { cutoff } = parameters;
  const mx: number[] = [];
  const my: number[] = [];
  const energies: number[] = [];
  for (let i = 1; i <= x.modes; i++)
    for (let j = 1; j <= y.modes; j++) {
      const square = ((Math.PI * i) / x.length) ** 2 + ((Math.PI * j) / y.length) ** 2;
      if (square >= cutoff * cutoff) continue;
      mx.push(i);
      my.push(j);
      energies.push(HBAR2_2M * square);
    }
  return {
    x,
    y,
    count: energies.length,
    mx: Int32Array.from(mx),
    my: Int32Array.from(my),
    energies: Float64Array.from(energies),
  };
}

function axis(grips: readonly Float64Array[], d: number, { cutoff, grid }: JelliumParameters): TransverseAxis {
  let low = -HALF;
  let high = HALF;
  for (const positions of grips)
    for (let k = d; k < positions.length; k += 3) {
      low = Math.min(low, positions[k] - PAD);
      high = Math.max(high, positions[k] + PAD);
    }
  const length = high - low;
  const points = Math.ceil(length / grid);
  const modes = Math.floor((cutoff * length) / Math.PI);
  if (!(modes * modes <= 1.6 * MAX_MODES))
    throw new MissingDataError(
      `the grips are ${(length - 2 * PAD).toFixed(0)} Å wide, too wide for the jellium model`,
      'check the units and which atoms are grips',
    );
  const cosines = new Float64Array((2 * modes + 1) * points);
  for (let k = 0; k <= 2 * modes; k++)
    for (let i = 0; i < points; i++) cosines[k * points + i] = Math.cos((k * Math.PI * (i + 0.5)) / points);
  return { low, length, points, modes, cosines };
}

/**
 * Turns the potential on the grid, V[ix · ny + iy] in eV, into the matrix ⟨m|V|m'⟩ over the modes (lower triangle of a (M,M) matrix).
 * Products of sines are differences of cosines, so a two-dimensional cosine sum of V serves every pair of modes.
 */
export class PotentialProjector {
  readonly #modes: TransverseModes;
  readonly #half: Float64Array;
  readonly #sums: Float64Array;

  constructor(modes: TransverseModes) {
    const { x, y } = modes;
    this.#modes = modes;
    this.#half = new Float64Array((2 * x.modes + 1) * y.points);
    this.#sums = new Float64Array((2 * x.modes + 1) * (2 * y.modes + 1));
  }

  project(v: Float64Array, out: Float64Array): void {
    this.#transform(v);
    const { x, y, count, mx, my } = this.#modes;
    const sums = this.#sums;
    const width = 2 * y.modes + 1;
    const norm = 1 / (x.points * y.points);
    for (let p = 0; p < count; p++) {
      const px = mx[p];
      const py = my[p];
      const row = p * count;
      for (let q = 0; q <= p; q++) {
        const minus = (px > mx[q] ? px - mx[q] : mx[q] - px) * width;
        const plus = (px + mx[q]) * width;
        const dy = py > my[q] ? py - my[q] : my[q] - py;
        const sy = py + my[q];
        out[row + q] = norm * (sums[minus + dy] - sums[minus + sy] - sums[plus + dy] + sums[plus + sy]);
      }
    }
  }

  #transform(v: Float64Array): void {
    const { x, y } = this.#modes;
    const half = this.#half;
    half.fill(0);
    for (let k = 0; k <= 2 * x.modes; k++)
      for (let i = 0; i < x.points; i++) {
        const factor = x.cosines[k * x.points + i];
        const from = i * y.points;
        const to = k * y.points;
        for (let j = 0; j < y.points; j++) half[to + j] += factor * v[from + j];
      }
    const width = 2 * y.modes + 1;
    for (let k = 0; k <= 2 * x.modes; k++)
      for (let l = 0; l < width; l++) {
        let sum = 0;
        for (let j = 0; j < y.points; j++) sum += half[k * y.points + j] * y.cosines[l * y.points + j];
        this.#sums[k * width + l] = sum;
      }
  }
}
