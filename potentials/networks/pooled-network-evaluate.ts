import { PotentialError } from '../../src/core/errors.ts';
import type { DenseLayer, PooledNetwork, Pooling } from './pooled-network.ts';

type SlicePooling = Extract<Pooling, { kind: 'slice' }>;

const LEAK = 0.01;
/** A slice whose atoms weigh less is no slice: the same atoms in single and in double precision. */
const LEAST_WEIGHT = 1e-30;
const MOST_SLICES = 1 << 20;

/**
 * The number that a network makes of a structure, in double precision: `features` (atoms, inputs) row-major, `heights` (atoms) the z
 * of the same atoms in Å. Throws PotentialError for a structure without atoms and for sizes that do not fit.
 */
export function evaluatePooledNetwork(
  network: PooledNetwork,
  features: ArrayLike<number>,
  heights: ArrayLike<number>,
): number {
  const { atomLayers, pooling, headLayers } = network;
  const atoms = heights.length;
  if (atoms === 0) throw new PotentialError('a structure without atoms has no pooled features');
  const hidden = dense(atomLayers, Float64Array.from(features), atoms);
  const pooled = pooling.kind === 'slice' ? slicePool(hidden, heights, pooling) : pool(hidden, atoms, pooling.kind);
  const result = dense(headLayers, pooled, 1);
  if (result.length !== 1) throw new PotentialError(`expected a network with one output, found ${result.length}`);
  return result[0];
}

/** Throws PotentialError where the layers do not fit to each other or to features of this length. */
export function checkPooledNetwork({ atomLayers, pooling, headLayers }: PooledNetwork, nfeatures: number): void {
  let width = nfeatures;
  for (const layer of [...atomLayers, ...(pooling.kind === 'slice' ? pooling.layers : []), ...headLayers]) {
    if (layer.inputs !== width) throw new PotentialError(`expected a layer of ${width} inputs, found ${layer.inputs}`);
    if (layer.weights.length !== layer.inputs * layer.outputs || layer.bias.length !== layer.outputs)
      throw new PotentialError(`a layer of ${layer.inputs} inputs and ${layer.outputs} outputs has other weights`);
    width = layer.outputs;
  }
  if (width !== 1) throw new PotentialError(`expected a network with one output, found ${width}`);
}

/** Heights (Å) of the slices of atoms between `low` and `high`; where they are nearer than both margins, one in the middle. */
export function sliceHeights(low: number, high: number, { margin, step }: SlicePooling): Float64Array {
  const length = high - low - 2 * margin;
  if (!(length >= 0)) return Float64Array.of((low + high) / 2);
  const steps = length / step;
  if (!(steps < MOST_SLICES)) throw new PotentialError(`${length} Å are too long for slices of ${step} Å`);
  return Float64Array.from({ length: Math.floor(steps) + 1 }, (_, k) => low + margin + k * step);
}

function pool(hidden: Float64Array, atoms: number, kind: 'max' | 'mean'): Float64Array {
  const width = hidden.length / atoms;
  const out = new Float64Array(width).fill(kind === 'max' ? Number.NEGATIVE_INFINITY : 0);
  for (let k = 0; k < hidden.length; k++) {
    const c = k % width;
    if (kind === 'mean') out[c] += hidden[k] / atoms;
    else out[c] = Math.max(out[c], hidden[k]);
  }
  return out;
}

function slicePool(hidden: Float64Array, heights: ArrayLike<number>, pooling: SlicePooling): Float64Array {
  const atoms = heights.length;
  const width = hidden.length / atoms;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < atoms; i++) {
    low = Math.min(low, heights[i]);
    high = Math.max(high, heights[i]);
  }
  const means: Float64Array[] = [];
  for (const z of sliceHeights(low, high, pooling)) {
    const mean = new Float64Array(width);
    let total = 0;
    for (let i = 0; i < atoms; i++) {
      const weight = Math.exp(-((heights[i] - z) ** 2) / (2 * pooling.width ** 2));
      total += weight;
      for (let c = 0; c < width; c++) mean[c] += weight * hidden[i * width + c];
    }
    if (total > LEAST_WEIGHT) means.push(mean.map((value) => value / (total + pooling.epsilon)));
  }
  const local = new Float64Array(means.length * width);
  means.forEach((mean, k) => {
    local.set(mean, k * width);
  });
  return pool(dense(pooling.layers, local, means.length), means.length, 'max');
}

/** Rows (count, inputs) through the layers. */
function dense(layers: readonly DenseLayer[], rows: Float64Array, count: number): Float64Array {
  return layers.reduce((from, layer) => denseLayer(layer, from, count), rows);
}

function denseLayer({ inputs, outputs, weights, bias, activation }: DenseLayer, rows: Float64Array, count: number) {
  if (rows.length !== count * inputs)
    throw new PotentialError(`expected ${inputs} inputs of a layer, found ${rows.length / count}`);
  const out = new Float64Array(count * outputs);
  for (let r = 0; r < count; r++) {
    const to = r * outputs;
    out.set(bias, to);
    for (let i = 0; i < inputs; i++) {
      const value = rows[r * inputs + i];
      for (let o = 0; o < outputs; o++) out[to + o] += value * weights[i * outputs + o];
    }
    if (activation === 'leaky-relu') for (let o = to; o < to + outputs; o++) if (out[o] < 0) out[o] *= LEAK;
  }
  return out;
}
