/** Real spherical harmonics Y_lm, orthonormal on the sphere, l = 0 … lmax, in the order l² + l + m. */
export class SphericalHarmonics {
  readonly #lmax: number;
  /** Recurrence factors by l · (lmax+1) + m. */
  readonly #a: Float64Array;
  readonly #b: Float64Array;
  /** P_mm without sin^m. */
  readonly #start: Float64Array;
  readonly #legendre: Float64Array;

  constructor(lmax: number) {
    const width = lmax + 1;
    this.#lmax = lmax;
    this.#a = new Float64Array(width * width);
    this.#b = new Float64Array(width * width);
    this.#start = new Float64Array(width);
    this.#legendre = new Float64Array(width);
    this.#start[0] = Math.sqrt(1 / (4 * Math.PI));
    for (let m = 1; m <= lmax; m++) this.#start[m] = this.#start[m - 1] * Math.sqrt((2 * m + 1) / (2 * m));
    for (let l = 1; l <= lmax; l++)
      for (let m = 0; m < l; m++) {
        this.#a[l * width + m] = Math.sqrt((4 * l * l - 1) / (l * l - m * m));
        this.#b[l * width + m] = Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1));
      }
  }

  /** At the unit vector (x, y, z) into `out` ((lmax+1)²). */
  at(x: number, y: number, z: number, out: Float64Array): void {
    const lmax = this.#lmax;
    const width = lmax + 1;
    const p = this.#legendre;
    let re = 1;
    let im = 0;
    for (let m = 0; m <= lmax; m++) {
      p[m] = this.#start[m];
      if (m < lmax) p[m + 1] = this.#a[(m + 1) * width + m] * z * p[m];
      for (let l = m + 2; l <= lmax; l++)
        p[l] = this.#a[l * width + m] * (z * p[l - 1] - this.#b[l * width + m] * p[l - 2]);
      if (m === 0) for (let l = 0; l <= lmax; l++) out[l * l + l] = p[l];
      else
        for (let l = m; l <= lmax; l++) {
          out[l * l + l + m] = Math.SQRT2 * p[l] * re;
          out[l * l + l - m] = Math.SQRT2 * p[l] * im;
        }
      const next = re * x - im * y;
      im = re * y + im * x;
      re = next;
    }
  }
}
