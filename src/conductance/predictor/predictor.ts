import {
  openPooledNetworkKernel,
  type PooledNetworkKernel,
} from '../../../potentials/kernels/conductance/pooled-network-kernel.ts';
import { evaluatePooledNetwork } from '../../../potentials/networks/pooled-network-evaluate.ts';
import { minimumCrossSection, predictBaseline } from '../features/cross-section.ts';
import type { Wire } from '../geometry/wire.ts';
import { mapRow } from './input-map.ts';
import { evaluateKernel } from './kernel-model.ts';
import type { PredictorData } from './predictor-data.ts';
import { readPredictor } from './predictor-file.ts';
import { mobileAtoms, RawFeatures } from './raw-features.ts';
import { isGlobal } from './recipes.ts';

export type { PredictorData };

export interface Prediction {
  /** G0, mean of the members; not below zero. */
  readonly conductance: number;
  /** Standard deviation of the members, G0. */
  readonly spread: number;
  /** Why the wire is not like those of the training. */
  readonly outside?: string;
  /** The mean (G0) where it was below zero. */
  readonly below?: number;
}

/** A feature may leave its training range by this part of the range before a wire counts as foreign. */
const TOLERATED = 0.5;

/** Predicts conductances of wires without TensorFlow.js. For one thread. */
export class Predictor {
  readonly data: PredictorData;
  readonly #features: RawFeatures;
  readonly #kernels: readonly PooledNetworkKernel[];
  /** Raw vector of the last wire. */
  #vector: Float64Array = new Float64Array(0);

  /** Throws PotentialError for networks that do not fit to the features. */
  constructor(data: PredictorData) {
    this.data = data;
    this.#features = new RawFeatures(data.soap);
    this.#kernels = isGlobal(data.model)
      ? []
      : data.members.map((network) => openPooledNetworkKernel(network, data.soap));
  }

  /** The program that computes the features, e.g. `native (avx512)`. */
  get backend(): string {
    return this.#features.kernel.rung.backend;
  }

  /** Throws PotentialError for foreign species, MissingDataError for wires without mobile atoms or too short to have a middle. */
  predict(wire: Wire): Prediction {
    const values = this.members(wire);
    const mean = values.reduce((sum, g) => sum + g, 0) / values.length;
    const square = values.reduce((sum, g) => sum + (g - mean) ** 2, 0);
    const outside = this.#outside();
    return {
      conductance: Math.max(0, mean),
      spread: values.length > 1 ? Math.sqrt(square / (values.length - 1)) : 0,
      ...(outside !== undefined && { outside }),
      ...(mean < 0 && { below: mean }),
    };
  }

  /** G0 by each member. */
  members(wire: Wire): number[] {
    const { data } = this;
    const centers = mobileAtoms(wire);
    const rows = data.model === 'coulomb' ? new Float32Array(0) : this.#features.rows(wire, centers);
    const vector = this.#features.vector(data.model, wire, rows);
    this.#vector = vector;
    const base = data.baseline ? predictBaseline(data.baseline, minimumCrossSection(wire.positions)) : 0;
    if (data.kernels) {
      const inputs = mapRow(vector, data.map);
      return data.kernels.map((kernel) => base + evaluateKernel(kernel, inputs));
    }
    return data.members.map(
      (network, k) =>
        base +
        (isGlobal(data.model)
          ? evaluatePooledNetwork(network, vector, [0])
          : this.#kernels[k].predict({ positions: wire.positions, numbers: wire.numbers }, centers)),
    );
  }

  #outside(): string | undefined {
    const { low, high, map, model } = this.data;
    const values = mapRow(this.#vector, map);
    let most = 0;
    let at = 0;
    values.forEach((value, k) => {
      const span = high[k] - low[k] || 1e-6;
      const excess = Math.max(low[k] - value, value - high[k]) / span;
      if (excess > most) {
        most = excess;
        at = k;
      }
    });
    if (most <= TOLERATED) return undefined;
    const amount = most > 10 ? 'far' : `${(100 * most).toFixed(0)} % of the range`;
    return `feature ${at + 1} of ${values.length} (${model}) is ${amount} outside of what training had`;
  }
}

/** Reads the directory that `conductance train` writes. Throws FormatError for one that is damaged. */
export async function loadPredictor(directory: string): Promise<Predictor> {
  return new Predictor(await readPredictor(directory));
}
