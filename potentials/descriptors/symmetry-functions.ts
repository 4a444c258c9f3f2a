import type { HdnnpModel, SymmetryFunction } from '../hdnnp-model.ts';
import type { Neighborhood } from '../neighborhood.ts';
import { compactFactor, exponentialFactor } from './angular-factors.ts';
import { Environment } from './environment.ts';
import { GradientBuffer } from './gradient-buffer.ts';
import { RadialGroup, type RadialTerm } from './radial-group.ts';
import { type AngularFactor, TripletGroup, type TripletGroupOptions } from './triplet-group.ts';
import { compactRadialWindow, cutoffWindow, type RadialWindow } from './windows.ts';

/** What a set of symmetry functions is made from. */
export interface SymmetryFunctionOptions extends Pick<HdnnpModel, 'cutoffType' | 'cutoffAlpha'> {
  /** Atomic numbers of all elements of the model, ascending. */
  readonly species: readonly number[];
}

/**
 * The atom-centered symmetry functions of one central element (J. Behler, J. Chem. Phys. 134, 074106 (2011); compact ones:
 * M. P. Bircher et al., Mach. Learn.: Sci. Technol. 2, 035026 (2021)), raw, not scaled. For each center:
 *
 *     functions.compute(neighborhood, center, g);      // then, of the same center, as often as wanted
 *     functions.pullback(dEdG, gradient);              // Σ_s dE/dG_s ∂G_s/∂x_n for every neighbor n
 *     functions.jacobian(derivatives);                 // every ∂G_s/∂x_n that is not zero by definition
 *
 * ∂/∂x of the center is minus the sum over the neighbors. Neighbor n (0…`neighborCount`−1) is atom `neighborIndex[n]` of the
 * neighborhood; images are neighbors of their own.
 */
export class SymmetryFunctions {
  /** Number of functions. */
  readonly count: number;
  /** Å. */
  readonly cutoff: number;
  readonly environment: Environment;
  /** For each species (index into `species`): the functions that neighbors of it enter, ascending. */
  readonly featuresOf: readonly Int32Array[];
  readonly #windows: RadialWindow[] = [];
  readonly #radial: RadialGroup;
  readonly #triplets: readonly TripletGroup[];
  readonly #placeOf: readonly Int32Array[];
  readonly #buffer = new GradientBuffer();
  #f: Float64Array[] = [];
  #df: Float64Array[] = [];
  readonly #unit: Float64Array;

  constructor(functions: readonly SymmetryFunction[], options: SymmetryFunctionOptions) {
    const { species } = options;
    this.count = functions.length;
    this.cutoff = functions.reduce((rc, f) => Math.max(rc, f.rc), 0);
    this.environment = new Environment(species);
    const plan = planGroups(functions, options);
    this.#windows = plan.windows;
    this.#radial = new RadialGroup(plan.radial);
    this.#triplets = plan.triplets.map((group) => new TripletGroup(group));
    this.#unit = new Float64Array(this.count);
    this.featuresOf = species.map((z) =>
      Int32Array.from(
        functions.flatMap((f, s) => (!('e1' in f) || f.e1 === z || ('e2' in f && f.e2 === z) ? [s] : [])),
      ),
    );
    this.#placeOf = this.featuresOf.map((list) => {
      const place = new Int32Array(this.count).fill(-1);
      list.forEach((s, k) => {
        place[s] = k;
      });
      return place;
    });
  }

  get neighborCount(): number {
    return this.environment.count;
  }

  get neighborIndex(): Int32Array {
    return this.environment.index;
  }

  /** Writes the values of all functions for a center into g (count). Throws PotentialError as `Environment.gather`. */
  compute(neighborhood: Neighborhood, center: number, g: Float64Array): void {
    const env = this.environment;
    env.gather(neighborhood, center, this.cutoff);
    this.#evaluateWindows();
    g.fill(0, 0, this.count);
    this.#radial.values(env, { f: this.#f, df: this.#df }, g);
    for (const group of this.#triplets) group.values(env, this.#f, g);
  }

  /** Adds Σ_s dEdG[s] ∂G_s/∂x_n into gradient (neighborCount,3). */
  pullback(dEdG: Float64Array, gradient: Float64Array): void {
    const env = this.environment;
    const windows = { f: this.#f, df: this.#df };
    this.#buffer.clear(0, env.count);
    this.#radial.pullback(env, dEdG, this.#buffer);
    for (const group of this.#triplets) group.pullback(env, windows, dEdG, this.#buffer);
    this.#buffer.addTo(env, 0, env.count, gradient);
  }

  /**
   * Where the derivatives by each neighbor begin in the array of `jacobian`: offsets (neighborCount+1), the last one is its length.
   * The block of neighbor n of species e holds ∂G_s/∂x_n (3 numbers) for each s of `featuresOf[e]`, in order.
   */
  jacobianOffsets(offsets: Int32Array): number {
    const { segment, species } = this.environment;
    let at = 0;
    for (let e = 0; e < species.length; e++) {
      for (let n = segment[e]; n < segment[e + 1]; n++) {
        offsets[n] = at;
        at += 3 * this.featuresOf[e].length;
      }
    }
    offsets[this.neighborCount] = at;
    return at;
  }

  /** Writes all ∂G_s/∂x_n (1/Å) into out, laid out by `jacobianOffsets`. */
  jacobian(out: Float64Array, offsets: Int32Array): void {
    const env = this.environment;
    const windows = { f: this.#f, df: this.#df };
    const unit = this.#unit;
    this.#buffer.clear(0, env.count);
    this.#radial.terms.forEach((term, s) => {
      unit[term.feature] = 1;
      this.#radial.pullback(env, unit, this.#buffer, s, s + 1);
      unit[term.feature] = 0;
      this.#moveToJacobian(term.feature, out, offsets);
    });
    for (const group of this.#triplets) {
      group.options.factors.forEach(({ feature }, s) => {
        unit[feature] = 1;
        group.pullback(env, windows, unit, this.#buffer, s, s + 1);
        unit[feature] = 0;
        this.#moveToJacobian(feature, out, offsets);
      });
    }
  }

  /** Takes the gradient of one function out of the buffer, which is zero afterwards. */
  #moveToJacobian(feature: number, out: Float64Array, offsets: Int32Array): void {
    const { segment, species, dx, dy, dz } = this.environment;
    const { alpha, vector } = this.#buffer;
    for (let e = 0; e < species.length; e++) {
      const place = this.#placeOf[e][feature];
      if (place === -1) continue;
      for (let n = segment[e]; n < segment[e + 1]; n++) {
        const at = offsets[n] + 3 * place;
        out[at] = alpha[n] * dx[n] + vector[3 * n];
        out[at + 1] = alpha[n] * dy[n] + vector[3 * n + 1];
        out[at + 2] = alpha[n] * dz[n] + vector[3 * n + 2];
      }
      this.#buffer.clear(segment[e], segment[e + 1]);
    }
  }

  #evaluateWindows(): void {
    const env = this.environment;
    if (this.#f.length === 0 || this.#f[0].length < env.count) {
      this.#f = this.#windows.map(() => new Float64Array(env.r.length));
      this.#df = this.#windows.map(() => new Float64Array(env.r.length));
    }
    this.#windows.forEach((window, w) => {
      window(env.r, 0, env.count, this.#f[w], this.#df[w]);
    });
  }
}

interface Plan {
  readonly windows: RadialWindow[];
  readonly radial: RadialTerm[];
  readonly triplets: TripletGroupOptions[];
}

/** Functions that share window, elements and shift share their triplets. */
function planGroups(functions: readonly SymmetryFunction[], options: SymmetryFunctionOptions): Plan {
  const { species, cutoffType, cutoffAlpha } = options;
  const windows: RadialWindow[] = [];
  const windowKeys = new Map<string, number>();
  const windowOf = (f: SymmetryFunction): number => {
    const key = 'rl' in f ? `${f.subtype} ${f.rl} ${f.rc}` : `${f.rc}`;
    const known = windowKeys.get(key);
    if (known !== undefined) return known;
    windowKeys.set(key, windows.length);
    const window = 'rl' in f ? compactRadialWindow(f.rl, f.rc, f.subtype) : cutoffWindow(cutoffType, cutoffAlpha, f.rc);
    return windows.push(window) - 1;
  };
  const radial: RadialTerm[] = [];
  const groups = new Map<string, TripletGroupOptions & { factors: AngularFactor[] }>();
  functions.forEach((f, feature) => {
    const windowIndex = windowOf(f);
    const factor = angularFactor(f, feature);
    if (!factor) {
      const { eta, rs } = 'eta' in f ? f : { eta: 0, rs: 0 };
      radial.push({ feature, species: 'e1' in f ? species.indexOf(f.e1) : undefined, windowIndex, eta, rs });
      return;
    }
    const pair = 'e2' in f ? ([species.indexOf(f.e1), species.indexOf(f.e2)] as const) : undefined;
    const wide = f.type === 9 || f.type === 22 || f.type === 25;
    const rs = 'rs' in f ? f.rs : 0;
    const key = `${pair} ${windowIndex} ${wide} ${rs} ${'rl' in f}`;
    const group = groups.get(key);
    if (group) group.factors.push(factor);
    else
      groups.set(key, {
        pair,
        windowIndex,
        window: windows[windowIndex],
        low: 'rl' in f ? f.rl : Number.NEGATIVE_INFINITY,
        high: f.rc,
        wide,
        rs,
        needsTheta: 'thetaLeft' in f,
        factors: [factor],
      });
  });
  return { windows, radial, triplets: [...groups.values()] };
}

function angularFactor(f: SymmetryFunction, feature: number): AngularFactor | undefined {
  if ('zeta' in f) return exponentialFactor(feature, f.eta, f.lambda, f.zeta);
  if ('thetaLeft' in f) return compactFactor(feature, f.thetaLeft, f.thetaRight, f.subtype);
  return undefined;
}
