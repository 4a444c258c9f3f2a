import type { Environment } from './environment.ts';

/** Collects a gradient by the neighbors of one center as alpha_n d_n + vector_n; buffers are reused. */
export class GradientBuffer {
  /** Multipliers of d_n, per neighbor. */
  alpha = new Float64Array(0);
  /** (n,3). */
  vector = new Float64Array(0);

  /** Zeroes the entries of the neighbors from…to−1. */
  clear(from: number, to: number): void {
    if (this.alpha.length < to) {
      this.alpha = new Float64Array(Math.ceil(to * 1.25) + 8);
      this.vector = new Float64Array(3 * this.alpha.length);
    }
    this.alpha.fill(0, from, to);
    this.vector.fill(0, 3 * from, 3 * to);
  }

  /** Adds the gradients of the neighbors from…to−1 into out (n,3). */
  addTo(env: Environment, from: number, to: number, out: Float64Array): void {
    const { alpha, vector } = this;
    for (let n = from; n < to; n++) {
      out[3 * n] += alpha[n] * env.dx[n] + vector[3 * n];
      out[3 * n + 1] += alpha[n] * env.dy[n] + vector[3 * n + 1];
      out[3 * n + 2] += alpha[n] * env.dz[n] + vector[3 * n + 2];
    }
  }
}
