/**
 * A Behler-Parrinello high-dimensional neural network potential as data, in internal units (Å, eV): what every trained-potential
 * reader produces, every evaluator (TypeScript, kernel) consumes and every writer stores. Definitions of symmetry functions,
 * cutoff functions, scaling and networks: J. Behler, J. Chem. Phys. 134, 074106 (2011); Singraber et al., JCTC 15, 1827 (2019);
 * n2p2 documentation, pages "Symmetry functions" and "NNP settings".
 */
export interface HdnnpModel {
  readonly cutoffType: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
  /** Inner radius of the cutoff function as a fraction of rc, 0 ≤ α < 1; ignored by types 2 and 3. */
  readonly cutoffAlpha: number;
  /** Multiply the sum of network outputs by this to get eV. */
  readonly energyFactor: number;
  /** How network inputs follow from G; `scaleFactor` and `scaleOffset` of each element are its result (`scalingCoefficients`). */
  readonly scaling: Scaling;
  /** Ascending by atomic number. */
  readonly elements: readonly ElementModel[];
}

/** Scaling of symmetry functions before the network, as the keywords of n2p2 define it. */
export interface Scaling {
  readonly kind: 'none' | 'scale' | 'center' | 'scale-center' | 'sigma';
  /** Smin and Smax; used by `scale`, `scale-center` (range of the inputs) and `sigma` (their difference). */
  readonly min: number;
  readonly max: number;
}

/** Values of each symmetry function over the training set. */
export interface Statistics {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** Standard deviation; files of old programs have none. */
  readonly sigma?: Float64Array;
}

export interface ElementModel {
  /** Atomic number. */
  readonly z: number;
  /** eV added per atom of this element (mean energy + atom energy). */
  readonly energyOffset: number;
  /** In the sorted order of n2p2, which scaling and the first network layer use. */
  readonly symmetryFunctions: readonly SymmetryFunction[];
  /** Network input = a·G + b, one pair per symmetry function. */
  readonly scaleFactor: Float64Array;
  readonly scaleOffset: Float64Array;
  /** Ranges of G over the training set: outside [min, max] the network extrapolates. Absent: not known, nothing is checked. */
  readonly statistics?: Statistics;
  readonly network: NetworkModel;
}

/** Letters of n2p2: linear, tanh, logistic, softplus, relu, gaussian, cosine, reverse logistic, exponential, harmonic. */
export type Activation = 'l' | 't' | 's' | 'p' | 'r' | 'g' | 'c' | 'S' | 'e' | 'h';

export interface NetworkModel {
  /** Divide each weighted sum by the size of the previous layer. */
  readonly normalizeNodes: boolean;
  readonly layers: readonly LayerModel[];
}

export interface LayerModel {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
  /** (outputs, inputs) row-major. */
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

/** Å and Å⁻²; `e1`, `e2` are atomic numbers of neighbors with e1 ≤ e2; angles in degrees. */
export type SymmetryFunction =
  | { readonly type: 2; readonly e1: number; readonly eta: number; readonly rs: number; readonly rc: number }
  | AngularFunction<3>
  | AngularFunction<9>
  | { readonly type: 12; readonly eta: number; readonly rs: number; readonly rc: number }
  | {
      readonly type: 13;
      readonly eta: number;
      readonly rs: number;
      readonly lambda: number;
      readonly zeta: number;
      readonly rc: number;
    }
  | { readonly type: 20; readonly e1: number; readonly rl: number; readonly rc: number; readonly subtype: string }
  | CompactAngularFunction<21>
  | CompactAngularFunction<22>
  | { readonly type: 23; readonly rl: number; readonly rc: number; readonly subtype: string }
  | WeightedCompactAngularFunction<24>
  | WeightedCompactAngularFunction<25>;

interface AngularFunction<T extends number> {
  readonly type: T;
  readonly e1: number;
  readonly e2: number;
  readonly eta: number;
  readonly lambda: number;
  readonly zeta: number;
  readonly rs: number;
  readonly rc: number;
}

interface WeightedCompactAngularFunction<T extends number> {
  readonly type: T;
  readonly rl: number;
  readonly rc: number;
  readonly thetaLeft: number;
  readonly thetaRight: number;
  readonly subtype: string;
}

interface CompactAngularFunction<T extends number> extends WeightedCompactAngularFunction<T> {
  readonly e1: number;
  readonly e2: number;
}

/** Largest cutoff radius of all symmetry functions in Å. */
export function maxCutoff(model: HdnnpModel): number {
  let rc = 0;
  for (const element of model.elements) for (const sf of element.symmetryFunctions) rc = Math.max(rc, sf.rc);
  return rc;
}

/**
 * The pair (a, b) of each symmetry function with network input = a·G + b (n2p2 documentation, `SymFnc::ScalingType`):
 *
 *     none          1                             0
 *     center        1                             -mean
 *     scale         (Smax-Smin)/(max-min)         Smin - a·min
 *     scale-center  (Smax-Smin)/(max-min)         Smin - a·mean
 *     sigma         (Smax-Smin)/sigma             Smin - a·mean
 *
 * A function that is constant over the training set has no finite `a`; it is returned as it comes out (±Infinity, NaN) for the
 * caller to refuse by name.
 */
export function scalingCoefficients(
  scaling: Scaling,
  statistics: Statistics,
): { scaleFactor: Float64Array; scaleOffset: Float64Array } {
  const { kind, min: sMin, max: sMax } = scaling;
  const { min, max, mean, sigma } = statistics;
  const n = min.length;
  const scaleFactor = new Float64Array(n).fill(1);
  const scaleOffset = new Float64Array(n);
  for (let s = 0; s < n; s++) {
    if (kind === 'none') continue;
    if (kind === 'center') {
      scaleOffset[s] = -mean[s];
      continue;
    }
    const width = kind === 'sigma' ? (sigma?.[s] ?? Number.NaN) : max[s] - min[s];
    const a = (sMax - sMin) / width;
    scaleFactor[s] = a;
    scaleOffset[s] = sMin - a * (kind === 'scale' ? min[s] : mean[s]);
  }
  return { scaleFactor, scaleOffset };
}
