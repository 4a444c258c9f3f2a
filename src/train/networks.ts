import type { Activation } from '../../potentials/hdnnp-model.ts';
import { gaussian } from '../core/random.ts';
import { type NetworkShape, networkShape } from './network-pass.ts';
import type { RandomStream } from './random-stream.ts';

/** The networks of all elements; their parameters stand in one vector, element after element. */
export interface Networks {
  readonly shapes: readonly NetworkShape[];
  readonly weights: Float64Array;
}

/** Hidden layers, the same for each element. */
export interface HiddenLayers {
  readonly sizes: readonly number[];
  readonly activations: readonly Activation[];
}

/** Networks with `inputs[e]` inputs for element e and one linear output; all parameters 0. */
export function newNetworks(inputs: readonly number[], hidden: HiddenLayers): Networks {
  const shapes: NetworkShape[] = [];
  let parameters = 0;
  for (const n of inputs) {
    const shape = networkShape([n, ...hidden.sizes, 1], [...hidden.activations, 'l'], parameters);
    parameters += shape.parameters;
    shapes.push(shape);
  }
  return { shapes, weights: new Float64Array(parameters) };
}

/** Weights normal with σ = 1/√fan-in, biases 0. */
export function initializeWeights(networks: Networks, random: RandomStream): void {
  networks.weights.fill(0);
  for (const shape of networks.shapes) {
    for (let l = 1; l < shape.sizes.length; l++) {
      const start = shape.weightStart[l - 1];
      const sigma = 1 / Math.sqrt(shape.sizes[l - 1]);
      const count = shape.sizes[l] * shape.sizes[l - 1];
      for (let k = 0; k < count; k++) networks.weights[start + k] = sigma * gaussian(random.next);
    }
  }
}
