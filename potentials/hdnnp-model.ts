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
  /** Ascending by atomic number. */
  readonly elements: readonly ElementModel[];
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
  /** Range of G over the training set: outside it the network extrapolates. */
  readonly gMin: Float64Array;
  readonly gMax: Float64Array;
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
