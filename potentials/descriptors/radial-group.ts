import type { Environment } from './environment.ts';
import type { GradientBuffer } from './gradient-buffer.ts';

/** One radial symmetry function. */
export interface RadialTerm {
  /** Place of the function in G. */
  readonly feature: number;
  /** Species index of the neighbors; undefined = all, weighted with their atomic numbers. */
  readonly species: number | undefined;
  readonly windowIndex: number;
  /** 1/Å² and Å; eta 0 = the window alone (compact functions). */
  readonly eta: number;
  readonly rs: number;
}

/** Radial symmetry functions Σ_j w exp(−η(r_j−rs)²) f(r_j) of one center. `values` must come before `pullback`. */
export class RadialGroup {
  readonly terms: readonly RadialTerm[];
  /** dterm/dr per function and neighbor. */
  #slopes: Float64Array[];

  constructor(terms: readonly RadialTerm[]) {
    this.terms = terms;
    this.#slopes = terms.map(() => new Float64Array(0));
  }

  /** Neighbors that a function sees: [start, end). */
  range(env: Environment, term: RadialTerm): [number, number] {
    const { species } = term;
    return species === undefined ? [0, env.count] : [env.segment[species], env.segment[species + 1]];
  }

  values(
    env: Environment,
    { f, df }: { f: readonly Float64Array[]; df: readonly Float64Array[] },
    g: Float64Array,
  ): void {
    const { r, z } = env;
    if (this.#slopes.length > 0 && this.#slopes[0].length < env.count)
      this.#slopes = this.#slopes.map(() => new Float64Array(env.r.length));
    this.terms.forEach((term, s) => {
      const { eta, rs, species } = term;
      const fw = f[term.windowIndex];
      const dfw = df[term.windowIndex];
      const slopes = this.#slopes[s];
      const [start, end] = this.range(env, term);
      let sum = 0;
      for (let n = start; n < end; n++) {
        const shifted = r[n] - rs;
        const e = (eta === 0 ? 1 : Math.exp(-eta * shifted * shifted)) * (species === undefined ? z[n] : 1);
        sum += e * fw[n];
        slopes[n] = e * (dfw[n] - 2 * eta * shifted * fw[n]);
      }
      g[term.feature] += sum;
    });
  }

  /** Adds Σ_s dEdG[s] ∂G_s/∂d_n of the functions from…to−1 of this group into the buffer. */
  pullback(env: Environment, dEdG: Float64Array, buffer: GradientBuffer, from = 0, to = this.terms.length): void {
    const { inverseR } = env;
    const { alpha } = buffer;
    for (let s = from; s < to; s++) {
      const w = dEdG[this.terms[s].feature];
      const slopes = this.#slopes[s];
      const [start, end] = this.range(env, this.terms[s]);
      for (let n = start; n < end; n++) alpha[n] += w * slopes[n] * inverseR[n];
    }
  }
}
