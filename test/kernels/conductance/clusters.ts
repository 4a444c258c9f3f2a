import type { DenseLayer, PooledNetwork, Pooling } from '../../../potentials/networks/pooled-network.ts';
import { seededRandom } from '../../../src/core/random.ts';

/** Atoms on a helix with some noise: no two distances equal. */
export function cluster(natoms: number, numbers: readonly number[] = [19], seed = 1) {
  const random = seededRandom(seed);
  const positions = Float64Array.from({ length: 3 * natoms }, (_, k) => {
    const i = Math.floor(k / 3);
    return [3.1 * Math.cos(1.1 * i), 3.1 * Math.sin(1.1 * i), 1.1 * i][k % 3] + 0.4 * (random() - 0.5);
  });
  return { positions, numbers: Uint8Array.from({ length: natoms }, (_, i) => numbers[i % numbers.length]) };
}

export const allOf = (natoms: number) => Int32Array.from({ length: natoms }, (_, i) => i);

function layer(
  inputs: number,
  outputs: number,
  activation: DenseLayer['activation'],
  random: () => number,
): DenseLayer {
  const spread = () => 2 * random() - 1;
  return {
    inputs,
    outputs,
    activation,
    weights: Float64Array.from({ length: inputs * outputs }, () => spread() * Math.sqrt(3 / inputs)),
    bias: Float64Array.from({ length: outputs }, spread),
  };
}

export const SLICES = { kind: 'slice', margin: 2, step: 2, width: 3, epsilon: 1e-3 } as const;

/** A network of random weights on features of this many numbers, which are first scaled to order 1. */
export function randomNetwork(
  features: ArrayLike<number>,
  nfeatures: number,
  kind: Pooling['kind'],
  widths: readonly number[] = [21, 13],
): PooledNetwork {
  const random = seededRandom(7);
  const rows = features.length / nfeatures;
  const sizes = new Float64Array(nfeatures).fill(1e-3);
  for (let k = 0; k < features.length; k++) sizes[k % nfeatures] += Math.abs(features[k]) / rows;
  const sizesOf = [nfeatures, ...widths];
  const atomLayers = widths.map((outputs, k) => layer(sizesOf[k], outputs, 'leaky-relu', random));
  atomLayers[0].weights.forEach((w, k) => {
    atomLayers[0].weights[k] = w / sizes[Math.floor(k / widths[0])];
  });
  const width = widths[widths.length - 1];
  const pooling: Pooling =
    kind === 'slice' ? { ...SLICES, layers: [layer(width, width, 'leaky-relu', random)] } : { kind };
  return { atomLayers, pooling, headLayers: [layer(width, 9, 'leaky-relu', random), layer(9, 1, 'linear', random)] };
}
