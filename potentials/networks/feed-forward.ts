import type { LayerModel, NetworkModel } from '../hdnnp-model.ts';
import { ACTIVATIONS, type ActivationFunction } from './activations.ts';

/** A feed-forward network with one output: value and gradient by the inputs. Buffers are its own; nothing is allocated per call. */
export class FeedForward {
  readonly #layers: readonly LayerModel[];
  readonly #functions: readonly ActivationFunction[];
  readonly #normalize: boolean;
  /** Weighted sums and activations per layer. */
  readonly #z: readonly Float64Array[];
  readonly #x: readonly Float64Array[];
  /** dE/dz per layer. */
  readonly #delta: readonly Float64Array[];

  constructor(network: NetworkModel) {
    this.#layers = network.layers;
    this.#functions = network.layers.map((layer) => ACTIVATIONS[layer.activation]);
    this.#normalize = network.normalizeNodes;
    const buffers = () => network.layers.map((layer) => new Float64Array(layer.outputs));
    this.#z = buffers();
    this.#x = buffers();
    this.#delta = buffers();
  }

  /** The output for inputs (n). */
  value(inputs: Float64Array): number {
    let previous = inputs;
    this.#layers.forEach(({ inputs: n, outputs, weights, biases }, l) => {
      const z = this.#z[l];
      const x = this.#x[l];
      const { value } = this.#functions[l];
      for (let o = 0; o < outputs; o++) {
        let sum = biases[o];
        for (let i = 0; i < n; i++) sum += weights[o * n + i] * previous[i];
        if (this.#normalize) sum /= n;
        z[o] = sum;
        x[o] = value(sum);
      }
      previous = x;
    });
    return previous[0];
  }

  /** Writes d(output)/d(input) (n) of the last `value`. */
  gradient(out: Float64Array): void {
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { inputs: n, outputs, weights } = this.#layers[l];
      const delta = this.#delta[l];
      const { slope } = this.#functions[l];
      const last = l === this.#layers.length - 1;
      for (let o = 0; o < outputs; o++) {
        // Until here delta holds dE/dx of this layer.
        delta[o] = (last ? 1 : delta[o]) * slope(this.#z[l][o], this.#x[l][o]);
        if (this.#normalize) delta[o] /= n;
      }
      const target = l === 0 ? out : this.#delta[l - 1];
      target.fill(0, 0, n);
      for (let o = 0; o < outputs; o++) for (let i = 0; i < n; i++) target[i] += delta[o] * weights[o * n + i];
    }
  }
}
