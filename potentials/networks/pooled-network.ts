/** One dense layer: y = act(x W + b). */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** (inputs,outputs) row-major. */
  readonly weights: Float64Array;
  /** (outputs). */
  readonly bias: Float64Array;
  /** `leaky-relu` has slope 0.01 below zero. */
  readonly activation: 'linear' | 'leaky-relu';
}

/**
 * How the atoms of a structure become one vector. `slice` (local pooling): slices along z from `margin` inside the lowest atom to
 * `margin` inside the highest, `step` apart; q_k = Σ_i w_ki h_i / (Σ_i w_ki + epsilon), w_ki = exp(−(z_i−z_k)²/(2 width²)); `layers`
 * on q_k; then the maximum over slices of any weight. Lengths in Å.
 */
export type Pooling =
  | { readonly kind: 'max' | 'mean' }
  | {
      readonly kind: 'slice';
      readonly margin: number;
      readonly step: number;
      readonly width: number;
      readonly epsilon: number;
      readonly layers: readonly DenseLayer[];
    };

/**
 * A network from per-atom features (raw, not standardised: standardisation and projection are folded into the first layer) to one
 * number of the structure: `atomLayers` on each atom, pooling over atoms, `headLayers` on the pooled vector.
 */
export interface PooledNetwork {
  readonly atomLayers: readonly DenseLayer[];
  readonly pooling: Pooling;
  readonly headLayers: readonly DenseLayer[];
}
