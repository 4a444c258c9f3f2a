import { type Environment, tooClose } from './environment.ts';
import type { GradientBuffer } from './gradient-buffer.ts';
import type { RadialWindow } from './windows.ts';

/** What angular factors see of the triplets. */
interface Triplets {
  readonly count: number;
  /** Cosine at the center. */
  readonly c: Float64Array;
  /** The angle in radians; only if the group asks for it. */
  readonly theta: Float64Array;
  /** Product of the radial windows (and atomic numbers). */
  readonly weight: Float64Array;
}

/** The angular part of one symmetry function of a group. */
export interface AngularFactor {
  /** Place of the function in G. */
  readonly feature: number;
  /** 1/Å²: the factor holds exp(−η X), X = (r_j−rs)² + (r_k−rs)² [+ (r_jk−rs)²]; 0 for compact functions. */
  readonly eta: number;
  /** Writes the factor and its derivative by c, given exp(−η X); returns Σ weight·factor. */
  fill(triplets: Triplets, exponential: Float64Array, value: Float64Array, slope: Float64Array): number;
}

/** What the functions of a group have in common. */
export interface TripletGroupOptions {
  /** Species indices of the pair, first ≤ second; undefined = all pairs, weighted with the product of atomic numbers. */
  readonly pair: readonly [number, number] | undefined;
  /** Place of the window in the tables of values and slopes per neighbor. */
  readonly windowIndex: number;
  readonly window: RadialWindow;
  /** Å; sides must lie strictly between. */
  readonly low: number;
  readonly high: number;
  /** False: the third side is windowed and must lie in the interval, too (types 3, 13, 21, 24). */
  readonly wide: boolean;
  /** Å; shift in X. */
  readonly rs: number;
  readonly needsTheta: boolean;
  readonly factors: readonly AngularFactor[];
}

/** Triplets kept between the two passes; more are recomputed panel by panel, so that memory stays bounded. */
const MAX_TRIPLETS = 1 << 16;

/**
 * Angular symmetry functions Σ_{j<k} w f(r_j) f(r_k) [f(r_jk)] factor(c, X) of one center (kernel notes, section 3.1) over one
 * set of triplets. `values` must come before `pullback`.
 */
export class TripletGroup {
  readonly options: TripletGroupOptions;
  #capacity = 0;
  #count = 0;
  /** The environment whose triplets, all of them, are on the tape. */
  #serial = -1;
  #j = new Int32Array(0);
  #k = new Int32Array(0);
  #c = new Float64Array(0);
  #theta = new Float64Array(0);
  #x = new Float64Array(0);
  #side = new Float64Array(0);
  #sideValue = new Float64Array(0);
  #sideSlope = new Float64Array(0);
  /** exp(−η X) for each different η. */
  readonly #etas: readonly number[];
  #exponentials: Float64Array[];
  #factorValues: Float64Array[];
  #factorSlopes: Float64Array[];
  #weight = new Float64Array(0);
  /** Σ dE/dG·factor, its derivative by c and by X, per triplet. */
  #sum = new Float64Array(0);
  #sumC = new Float64Array(0);
  #sumX = new Float64Array(0);
  /** What the gradient of a single function needs per triplet, whichever function it is; made when it is first asked for. */
  #shared = new Float64Array(0);
  #sharedReady = false;

  constructor(options: TripletGroupOptions) {
    this.options = options;
    this.#etas = [...new Set(options.factors.map((factor) => factor.eta))];
    this.#exponentials = this.#etas.map(() => new Float64Array(0));
    this.#factorValues = options.factors.map(() => new Float64Array(0));
    this.#factorSlopes = options.factors.map(() => new Float64Array(0));
  }

  /** Adds the values of the functions into G. `f[w]`, `df[w]`: window values and slopes of the neighbors. */
  values(env: Environment, f: readonly Float64Array[], g: Float64Array): void {
    this.#serial = -1;
    let row = 0;
    for (let panel = 0; row !== -1; panel++) {
      row = this.#fillPanel(env, f, row, g);
      if (panel === 0 && row === -1) this.#serial = env.serial;
    }
  }

  /** Adds Σ_s dEdG[s] ∂G_s/∂d_n of the functions from…to−1 of this group into the buffer. */
  pullback(
    env: Environment,
    windows: { f: readonly Float64Array[]; df: readonly Float64Array[] },
    dEdG: Float64Array,
    buffer: GradientBuffer,
    from = 0,
    to = this.options.factors.length,
  ): void {
    const single = to === from + 1 && this.options.rs === 0;
    const panel = () => {
      if (single) this.#pullbackOne(env, windows, dEdG, buffer, from);
      else this.#pullbackPanel(env, windows, dEdG, buffer, from, to);
    };
    if (this.#serial === env.serial) {
      panel();
      return;
    }
    for (let row = 0; row !== -1; ) {
      row = this.#fillPanel(env, windows.f, row);
      panel();
    }
  }

  /** Puts the triplets from a row on the tape until it is full, adding into g if given; the next row, or −1 at the end. */
  #fillPanel(env: Environment, f: readonly Float64Array[], firstRow: number, g?: Float64Array): number {
    const { pair, low, high, wide } = this.options;
    const { segment, r, inverseR, dx, dy, dz } = env;
    const startJ = pair ? segment[pair[0]] : 0;
    const endJ = pair ? segment[pair[0] + 1] : env.count;
    const startK = pair ? segment[pair[1]] : 0;
    const endK = pair ? segment[pair[1] + 1] : env.count;
    const triangular = startJ === startK;
    const lowSquare = low > 0 ? low * low : -1;
    const highSquare = high * high;
    let n = 0;
    let j = startJ + firstRow;
    for (; j < endJ; j++) {
      if (!(r[j] > low && r[j] < high)) continue;
      const k0 = triangular ? j + 1 : startK;
      if (n > 0 && n + endK - k0 > MAX_TRIPLETS) break;
      this.#reserve(n + endK - k0, n);
      const jOf = this.#j;
      const kOf = this.#k;
      const side = this.#side;
      const c = this.#c;
      const xj = dx[j];
      const yj = dy[j];
      const zj = dz[j];
      const qj = inverseR[j];
      for (let k = k0; k < endK; k++) {
        if (!(r[k] > low && r[k] < high)) continue;
        const ex = dx[k] - xj;
        const ey = dy[k] - yj;
        const ez = dz[k] - zj;
        const square = ex * ex + ey * ey + ez * ez;
        if (!wide && (square >= highSquare || square <= lowSquare)) continue;
        if (!(square > 1e-12)) throw tooClose(square, env.index[j], env.index[k]);
        jOf[n] = j;
        kOf[n] = k;
        side[n] = square;
        c[n] = (xj * dx[k] + yj * dy[k] + zj * dz[k]) * qj * inverseR[k];
        n++;
      }
    }
    this.#count = n;
    this.#sharedReady = false;
    this.#fillFactors(env, f, g);
    return j < endJ ? j - startJ : -1;
  }

  #fillFactors(env: Environment, f: readonly Float64Array[], g: Float64Array | undefined): void {
    const { wide, window, needsTheta, factors } = this.options;
    const n = this.#count;
    const [side, c, theta, weight] = [this.#side, this.#c, this.#theta, this.#weight];
    for (let t = 0; t < n; t++) side[t] = Math.sqrt(side[t]);
    if (wide) {
      this.#sideValue.fill(1, 0, n);
      this.#sideSlope.fill(0, 0, n);
    } else window(side, 0, n, this.#sideValue, this.#sideSlope);
    this.#fillWeights(env, f[this.options.windowIndex]);
    if (needsTheta) for (let t = 0; t < n; t++) theta[t] = Math.acos(Math.max(-1, Math.min(1, c[t])));
    else this.#fillExponentials(env);
    const triplets = { count: n, c, theta, weight };
    for (let s = 0; s < factors.length; s++) {
      const exponential = this.#exponentials[this.#etas.indexOf(factors[s].eta)];
      const sum = factors[s].fill(triplets, exponential, this.#factorValues[s], this.#factorSlopes[s]);
      if (g) g[factors[s].feature] += sum;
    }
  }

  #fillWeights({ z }: Environment, f: Float64Array): void {
    const [weight, jOf, kOf, sideValue] = [this.#weight, this.#j, this.#k, this.#sideValue];
    const n = this.#count;
    for (let t = 0; t < n; t++) weight[t] = f[jOf[t]] * f[kOf[t]] * sideValue[t];
    if (!this.options.pair) for (let t = 0; t < n; t++) weight[t] *= z[jOf[t]] * z[kOf[t]];
  }

  #fillExponentials({ r }: Environment): void {
    const { rs, wide } = this.options;
    const n = this.#count;
    const [x, side, jOf, kOf] = [this.#x, this.#side, this.#j, this.#k];
    const third = wide ? 0 : 1;
    for (let t = 0; t < n; t++) {
      const dj = r[jOf[t]] - rs;
      const dk = r[kOf[t]] - rs;
      const djk = side[t] - rs;
      x[t] = dj * dj + dk * dk + third * djk * djk;
    }
    this.#etas.forEach((eta, e) => {
      const exponential = this.#exponentials[e];
      for (let t = 0; t < n; t++) exponential[t] = Math.exp(-eta * x[t]);
    });
  }

  /** Kernel notes, section 6, step C, without dividing by windows: a window may vanish where its slope does not. */
  #pullbackPanel(
    env: Environment,
    { f, df }: { f: readonly Float64Array[]; df: readonly Float64Array[] },
    dEdG: Float64Array,
    { alpha, vector }: GradientBuffer,
    from: number,
    to: number,
  ): void {
    const { pair, windowIndex, wide, rs } = this.options;
    const { dx, dy, dz, inverseR } = env;
    const fw = f[windowIndex];
    const dfw = df[windowIndex];
    this.#sumFactors(dEdG, from, to);
    const [jOf, kOf, cosine, length] = [this.#j, this.#k, this.#c, this.#side];
    const [sideValue, sideSlope] = [this.#sideValue, this.#sideSlope];
    const [sum, sumC, sumX, product] = [this.#sum, this.#sumC, this.#sumX, this.#weight];
    const n = this.#count;
    for (let t = 0; t < n; t++) {
      const j = jOf[t];
      const k = kOf[t];
      const c = cosine[t];
      const weight = pair ? 1 : env.z[j] * env.z[k];
      const fj = fw[j];
      const fk = fw[k];
      const side = sideValue[t];
      const s = weight * sum[t];
      const all = product[t];
      const a = all * sumC[t];
      const b = 2 * all * sumX[t];
      const qj = inverseR[j];
      const qk = inverseR[k];
      const bj = b * (1 - rs * qj) + dfw[j] * fk * side * s * qj;
      const bk = b * (1 - rs * qk) + fj * dfw[k] * side * s * qk;
      let bjk = 0;
      if (!wide) {
        const q = 1 / length[t];
        bjk = b * (1 - rs * q) + fj * fk * sideSlope[t] * s * q;
      }
      const beta = a * qj * qk - bjk;
      alpha[j] += bj + bjk - a * c * qj * qj;
      alpha[k] += bk + bjk - a * c * qk * qk;
      vector[3 * j] += beta * dx[k];
      vector[3 * j + 1] += beta * dy[k];
      vector[3 * j + 2] += beta * dz[k];
      vector[3 * k] += beta * dx[j];
      vector[3 * k + 1] += beta * dy[j];
      vector[3 * k + 2] += beta * dz[j];
    }
  }

  /**
   * The same for one function with rs = 0, as Jacobians need it for all functions in turn: what does not depend on the function is
   * computed once, and the share of neighbor j is summed up along its row of triplets.
   */
  #pullbackOne(
    env: Environment,
    windows: { f: readonly Float64Array[]; df: readonly Float64Array[] },
    dEdG: Float64Array,
    { alpha, vector }: GradientBuffer,
    s: number,
  ): void {
    if (!this.#sharedReady) this.#share(env, windows);
    const { dx, dy, dz, inverseR } = env;
    const { feature, eta } = this.options.factors[s];
    const w = dEdG[feature];
    const [value, slope] = [this.#factorValues[s], this.#factorSlopes[s]];
    const [jOf, kOf, cosine, product, shared] = [this.#j, this.#k, this.#c, this.#weight, this.#shared];
    const n = this.#count;
    for (let t = 0; t < n; ) {
      const j = jOf[t];
      const [xj, yj, zj, qj] = [dx[j], dy[j], dz[j], inverseR[j]];
      let [along, vx, vy, vz] = [0, 0, 0, 0];
      for (; t < n && jOf[t] === j; t++) {
        const k = kOf[t];
        const v = w * value[t];
        const a = w * product[t] * slope[t];
        const b = -2 * eta * product[t] * v;
        const bjk = this.options.wide ? 0 : b + shared[3 * t + 2] * v;
        const qk = inverseR[k];
        const beta = a * qj * qk - bjk;
        const ac = a * cosine[t];
        along += b + shared[3 * t] * v + bjk - ac * qj * qj;
        alpha[k] += b + shared[3 * t + 1] * v + bjk - ac * qk * qk;
        vx += beta * dx[k];
        vy += beta * dy[k];
        vz += beta * dz[k];
        vector[3 * k] += beta * xj;
        vector[3 * k + 1] += beta * yj;
        vector[3 * k + 2] += beta * zj;
      }
      alpha[j] += along;
      vector[3 * j] += vx;
      vector[3 * j + 1] += vy;
      vector[3 * j + 2] += vz;
    }
  }

  /** Slopes of the three windows, each times the other two over its distance. */
  #share(env: Environment, { f, df }: { f: readonly Float64Array[]; df: readonly Float64Array[] }): void {
    const { pair, windowIndex, wide } = this.options;
    const { inverseR, z } = env;
    const [fw, dfw, shared] = [f[windowIndex], df[windowIndex], this.#shared];
    for (let t = 0; t < this.#count; t++) {
      const j = this.#j[t];
      const k = this.#k[t];
      const weight = pair ? 1 : z[j] * z[k];
      const side = weight * this.#sideValue[t];
      shared[3 * t] = dfw[j] * fw[k] * side * inverseR[j];
      shared[3 * t + 1] = fw[j] * dfw[k] * side * inverseR[k];
      shared[3 * t + 2] = wide ? 0 : (weight * fw[j] * fw[k] * this.#sideSlope[t]) / this.#side[t];
    }
    this.#sharedReady = true;
  }

  #sumFactors(dEdG: Float64Array, from: number, to: number): void {
    const n = this.#count;
    const { factors } = this.options;
    const sum = this.#sum.fill(0, 0, n);
    const sumC = this.#sumC.fill(0, 0, n);
    const sumX = this.#sumX.fill(0, 0, n);
    for (let s = from; s < to; s++) {
      const value = this.#factorValues[s];
      const slope = this.#factorSlopes[s];
      const w = dEdG[factors[s].feature];
      const wx = -factors[s].eta * w;
      for (let t = 0; t < n; t++) {
        sum[t] += w * value[t];
        sumC[t] += w * slope[t];
        sumX[t] += wx * value[t];
      }
    }
  }

  #reserve(needed: number, used: number): void {
    if (needed <= this.#capacity) return;
    const capacity = Math.ceil(needed * 1.5) + 16;
    const ints = (old: Int32Array) => {
      const array = new Int32Array(capacity);
      array.set(old.subarray(0, used));
      return array;
    };
    const doubles = (old: Float64Array) => {
      const array = new Float64Array(capacity);
      array.set(old.subarray(0, used));
      return array;
    };
    this.#capacity = capacity;
    this.#j = ints(this.#j);
    this.#k = ints(this.#k);
    this.#c = doubles(this.#c);
    this.#side = doubles(this.#side);
    this.#theta = new Float64Array(this.options.needsTheta ? capacity : 0);
    this.#x = new Float64Array(capacity);
    this.#sideValue = new Float64Array(capacity);
    this.#sideSlope = new Float64Array(capacity);
    this.#exponentials = this.#exponentials.map(() => new Float64Array(capacity));
    this.#factorValues = this.#factorValues.map(() => new Float64Array(capacity));
    this.#factorSlopes = this.#factorSlopes.map(() => new Float64Array(capacity));
    this.#weight = new Float64Array(capacity);
    this.#sum = new Float64Array(capacity);
    this.#sumC = new Float64Array(capacity);
    this.#sumX = new Float64Array(capacity);
    this.#shared = new Float64Array(3 * capacity);
  }
}
