import type { TransverseModes } from './jellium-modes.ts';
import type { JelliumParameters } from './jellium-parameters.ts';

/** Smeared density of atoms (n,3) on the transverse grid, slice by slice. */
export class SmearedAtoms {
  readonly #parameters: JelliumParameters;
  readonly #nx: number;
  readonly #ny: number;
  #count = 0;
  #z = new Float64Array(0);
  #gx = new Float64Array(0);
  #gy = new Float64Array(0);
  readonly #modes: TransverseModes;

  constructor(modes: TransverseModes, parameters: JelliumParameters) {
    this.#modes = modes;
    this.#parameters = parameters;
    this.#nx = modes.x.points;
    this.#ny = modes.y.points;
  }

  /** Forgets the atoms. */
  clear(): void {
    this.#count = 0;
  }

  /** Adds atoms (n,3), shifted by `dz` Å. */
  add(positions: Float64Array, dz = 0): void {
    const n = positions.length / 3;
    this.#reserve(this.#count + n);
    const { x, y } = this.#modes;
    const { smearing, n0 } = this.#parameters;
    const width = -0.5 / smearing ** 2;
    const norm = (2 * Math.PI * smearing ** 2) ** -1.5 / n0;
    for (let i = 0, to = this.#count; i < n; i++, to++) {
      this.#z[to] = positions[3 * i + 2] + dz;
      for (let k = 0; k < this.#nx; k++) {
        const d = x.low + ((k + 0.5) * x.length) / x.points - positions[3 * i];
        this.#gx[to * this.#nx + k] = norm * Math.exp(width * d * d);
      }
      for (let k = 0; k < this.#ny; k++) {
        const d = y.low + ((k + 0.5) * y.length) / y.points - positions[3 * i + 1];
        this.#gy[to * this.#ny + k] = Math.exp(width * d * d);
      }
    }
    this.#count += n;
  }

  /** n/n0 at height z (Å) into `out` (nx · ny), which is overwritten. Atoms 5 smearing widths away are left out. */
  density(z: number, out: Float64Array): void {
    out.fill(0);
    const { smearing } = this.#parameters;
    const width = -0.5 / smearing ** 2;
    const nx = this.#nx;
    const ny = this.#ny;
    const gx = this.#gx;
    const gy = this.#gy;
    for (let a = 0; a < this.#count; a++) {
      const dz = z - this.#z[a];
      if (Math.abs(dz) >= 5 * smearing) continue;
      const height = Math.exp(width * dz * dz);
      for (let i = 0, to = 0; i < nx; i++, to += ny) {
        const factor = height * gx[a * nx + i];
        for (let j = 0; j < ny; j++) out[to + j] += factor * gy[a * ny + j];
      }
    }
  }

  /** V in eV at height z (Å) into `out` (nx · ny). */
  potential(z: number, out: Float64Array): void {
    this.density(z, out);
    const { barrier, saturation } = this.#parameters;
    const inverse = 1 / saturation;
    for (let k = 0; k < out.length; k++) {
      const u = Math.min(1, out[k] * inverse);
      out[k] = barrier * (1 - u * u * (3 - 2 * u));
    }
  }

  #reserve(n: number): void {
    if (n <= this.#z.length) return;
    const grown = (old: Float64Array, size: number) => {
      const out = new Float64Array(size);
      out.set(old);
      return out;
    };
    const room = Math.max(n, 2 * this.#z.length);
    this.#z = grown(this.#z, room);
    this.#gx = grown(this.#gx, room * this.#nx);
    this.#gy = grown(this.#gy, room * this.#ny);
  }
}
