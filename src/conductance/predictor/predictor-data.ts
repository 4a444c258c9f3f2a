import type { SoapSettings } from '../../../potentials/descriptors/soap.ts';
import type { PooledNetwork } from '../../../potentials/networks/pooled-network.ts';
import type { CrossSectionBaseline } from '../features/cross-section.ts';
import type { InputMap } from './input-map.ts';
import type { KernelModel } from './kernel-model.ts';
import type { PredictorModel } from './recipes.ts';

/** A trained predictor as data, all in double precision. */
export interface PredictorData {
  readonly model: PredictorModel;
  /** Atomic number of the wires. */
  readonly z: number;
  readonly soap: SoapSettings;
  /** Added to what the networks give. */
  readonly baseline?: CrossSectionBaseline;
  /** On raw features: standardisation and projection are in the first layers. */
  readonly members: readonly PooledNetwork[];
  /** Of the model `neck-kernel`, instead of networks: on what the map makes of the raw vector. */
  readonly kernels?: readonly KernelModel[];
  /** Makes the numbers whose range was seen in training from the raw vector of a wire. */
  readonly map: InputMap;
  /** Smallest and largest of these numbers in training. */
  readonly low: Float64Array;
  readonly high: Float64Array;
}
