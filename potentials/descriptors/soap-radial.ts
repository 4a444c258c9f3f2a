/** Nodes in (0, 1) and weights of Gauss-Legendre quadrature (Newton iteration on the Legendre polynomial). */
export function gaussLegendre(n: number): { readonly nodes: Float64Array; readonly weights: Float64Array } {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let x = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let p = 1;
      let before = 0;
      for (let j = 1; j <= n; j++) [p, before] = [((2 * j - 1) * x * p - (j - 1) * before) / j, p];
      slope = (n * (x * p - before)) / (x * x - 1);
      const change = p / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    nodes[k] = (1 - x) / 2;
    weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/**
 * Radial basis g_n(r), n < nmax, into `out`: (1−u)³ P_n^(6,2)(2u−1), u = r/cutoff, with ∫ g_n² r² dr = 1 over the cutoff. Orthogonal
 * by the weight of the Jacobi polynomials, so no overlap matrix is inverted; spans (cutoff − r)^(k+2), k = 1 … nmax.
 */
export function radialBasis(r: number, cutoff: number, out: Float64Array): void {
  const x = (2 * r) / cutoff - 1;
  const edge = (1 - r / cutoff) ** 3;
  let before = 0;
  let p = 1;
  for (let n = 0; n < out.length; n++) {
    if (n === 1) [p, before] = [7 + 5 * (x - 1), 1];
    if (n > 1) {
      const next =
        ((2 * n + 7) * ((2 * n + 8) * (2 * n + 6) * x + 32) * p - 2 * (n + 5) * (n + 1) * (2 * n + 8) * before) /
        (2 * n * (n + 8) * (2 * n + 6));
      before = p;
      p = next;
    }
    // ∫ (1−u)⁶ u² P_n² du = (n+1)(n+2) / ((n+7)(n+8)(2n+9))
    const norm = ((n + 1) * (n + 2)) / ((n + 7) * (n + 8) * (2 * n + 9));
    out[n] = (edge * p) / Math.sqrt(cutoff ** 3 * norm);
  }
}

/** e^(−z) i_l(z), l < out.length, the scaled modified spherical Bessel functions of the first kind, into `out`. */
export function scaledBessel(z: number, out: Float64Array): void {
  const count = out.length;
  if (z < 1e-12) {
    out.fill(0);
    out[0] = 1;
    return;
  }
  const first = -Math.expm1(-2 * z) / (2 * z);
  if (z > Math.max(30, count * count)) {
    out[0] = first;
    if (count > 1) out[1] = (1 + Math.exp(-2 * z)) / (2 * z) - first / z;
    for (let l = 1; l < count - 1; l++) out[l + 1] = out[l - 1] - ((2 * l + 1) / z) * out[l];
    return;
  }
  // Miller: downward from an order where the function is negligible, then rescaled.
  let above = 0;
  let here = 1e-280;
  for (let l = 50 + count + Math.ceil(z); l >= 0; l--) {
    if (l < count) out[l] = here;
    if (l === 0) break;
    const below = above + ((2 * l + 1) / z) * here;
    above = here;
    here = below;
    if (here < 1e250) continue;
    above *= 1e-250;
    here *= 1e-250;
    for (let k = l; k < count; k++) out[k] *= 1e-250;
  }
  const scale = first / out[0];
  for (let l = 0; l < count; l++) out[l] *= scale;
}

export interface RadialSettings {
  /** Å. */
  readonly cutoff: number;
  /** Width of the Gaussian that stands for a neighbor, Å. */
  readonly sigma: number;
  readonly nmax: number;
  readonly lmax: number;
}

const POINTS = 300;

/** R_nl(r) = 4π ∫ r'² g_n(r') exp(−(r'−r)²/2σ²) [e^(−z) i_l(z)] dr', z = r r'/σ², by quadrature over the cutoff. */
export class RadialIntegrals {
  readonly #settings: RadialSettings;
  readonly #r: Float64Array;
  /** 4π w r² g_n(r) by point, n fastest. */
  readonly #basis: Float64Array;
  readonly #bessel: Float64Array;

  constructor(settings: RadialSettings) {
    const { cutoff, nmax, lmax } = settings;
    // Sharp Gaussians need closer points; the basis needs enough for its highest polynomial.
    const points = Math.max(POINTS, Math.ceil((12 * cutoff) / settings.sigma), 8 * nmax);
    const { nodes, weights } = gaussLegendre(points);
    this.#settings = settings;
    this.#r = nodes.map((u) => u * cutoff);
    this.#basis = new Float64Array(points * nmax);
    this.#bessel = new Float64Array(lmax + 1);
    const g = new Float64Array(nmax);
    for (let k = 0; k < points; k++) {
      const r = this.#r[k];
      radialBasis(r, cutoff, g);
      for (let n = 0; n < nmax; n++) this.#basis[k * nmax + n] = 4 * Math.PI * weights[k] * cutoff * r * r * g[n];
    }
  }

  /** Into `out` (lmax+1, nmax) from `offset` on. */
  at(r: number, out: Float64Array, offset = 0): void {
    const { sigma, nmax, lmax } = this.#settings;
    out.fill(0, offset, offset + (lmax + 1) * nmax);
    const bessel = this.#bessel;
    for (let k = 0; k < this.#r.length; k++) {
      const d = (this.#r[k] - r) / sigma;
      const gaussian = Math.exp(-0.5 * d * d);
      if (gaussian < 1e-25) continue;
      scaledBessel((this.#r[k] * r) / sigma ** 2, bessel);
      for (let l = 0; l <= lmax; l++) {
        const factor = gaussian * bessel[l];
        const to = offset + l * nmax;
        for (let n = 0; n < nmax; n++) out[to + n] += factor * this.#basis[k * nmax + n];
      }
    }
  }
}
