/**
 * Models by what a snapshot becomes before the last layers: `neck` averages the features around the narrowest place and adds cross-sections,
 * `neck-kernel` is a kernel regression on the same;
 * `slice` takes the maximum over slices (conductance of local averages), `gmp` the maximum over atoms (Bürkle et al., PRL 126, 177701
 * (2021)), `gap` the mean over atoms; `averaged-soap` and `coulomb` are the global descriptors they are compared with.
 */
export const PREDICTOR_MODELS = ['neck-kernel', 'neck', 'slice', 'gmp', 'gap', 'averaged-soap', 'coulomb'] as const;
export type PredictorModel = (typeof PREDICTOR_MODELS)[number];

/** How a network is built and trained. */
export interface Recipe {
  /** Outputs of the layers on each atom, on each slice, and after the pooling (without the last, which has one). */
  readonly atomLayers: readonly number[];
  readonly sliceLayers: readonly number[];
  readonly headLayers: readonly number[];
  readonly epochs: number;
  /** Snapshots in an update. */
  readonly batch: number;
  /** Of Adam; falls by half a cosine to `lastRate`. */
  readonly learningRate: number;
  readonly lastRate: number;
  /** Standard deviation of the noise on the inputs, in standard deviations of each. */
  readonly noise: number;
  /** Decoupled, on matrices. */
  readonly weightDecay: number;
  /** G0: beyond it the loss grows linearly (Huber). */
  readonly delta: number;
  /** Learn what the cross-section baseline leaves. */
  readonly residual: boolean;
}

const POOLED: Recipe = {
  atomLayers: [224, 224],
  sliceLayers: [],
  headLayers: [128, 64],
  epochs: 28,
  batch: 32,
  learningRate: 2e-3,
  lastRate: 1e-5,
  noise: 0.15,
  weightDecay: 3e-3,
  delta: 0.5,
  residual: false,
};
const GLOBAL: Recipe = {
  ...POOLED,
  atomLayers: [],
  headLayers: [128, 128],
  epochs: 60,
  learningRate: 1e-3,
  noise: 0,
  weightDecay: 1e-4,
};

export const RECIPES: Readonly<Record<PredictorModel, Recipe>> = {
  'neck-kernel': { ...POOLED, atomLayers: [], headLayers: [], epochs: 1, noise: 0, residual: true },
  neck: { ...POOLED, atomLayers: [], headLayers: [128, 64], epochs: 30, residual: true },
  slice: { ...POOLED, sliceLayers: [128] },
  gmp: POOLED,
  gap: POOLED,
  'averaged-soap': GLOBAL,
  coulomb: GLOBAL,
};

/** Models of one vector a snapshot; the others have one an atom. */
export function isGlobal(model: PredictorModel): boolean {
  return seesNeck(model) || model === 'averaged-soap' || model === 'coulomb';
}

/** Slices of the model `slice`, Å. */
export const SLICES = { margin: 2, step: 2, width: 3, epsilon: 1e-3 } as const;
/** Atoms of a Coulomb matrix. */
export const COULOMB_WIDTH = 320;

/** Models of the features around the narrowest place. */
export function seesNeck(model: PredictorModel): boolean {
  return model === 'neck' || model === 'neck-kernel';
}
