import type { DenseLayer } from '../../../potentials/networks/pooled-network.ts';
import { gaussian, seededRandom } from '../../core/random.ts';
import type { Tensor, Tf } from '../../tensorflow/tensorflow.ts';
import { isGlobal, type PredictorModel, type Recipe } from './recipes.ts';

/** How a network is laid out: outputs of its layers, the last of which has one. */
export interface Layout {
  readonly model: PredictorModel;
  readonly inputs: number;
  readonly atomLayers: readonly number[];
  readonly sliceLayers: readonly number[];
  readonly headLayers: readonly number[];
}

/** A batch of snapshots as tensors. Atoms and slices that only fill up have mask 0. */
export interface BatchTensors {
  /** (B,N,inputs), or (B,inputs) for global models. */
  readonly x: Tensor;
  /** (B,N,1). */
  readonly mask?: Tensor;
  /** (B,S,N) weights of the atoms in each slice, and (B,S,1). */
  readonly slices?: Tensor;
  readonly sliceMask?: Tensor;
}

/** Weights and biases in the order of the layers: atoms, slices, head. */
export type Parameters = readonly Float32Array[];

const LEAK = 0.01;
/** Below every value of a layer, and still a number when it is multiplied by 0. */
const NOTHING = -1e9;

export function layoutOf(model: PredictorModel, inputs: number, recipe: Recipe): Layout {
  const { atomLayers, sliceLayers, headLayers } = recipe;
  const pooled = !isGlobal(model);
  return {
    model,
    inputs,
    atomLayers: pooled ? atomLayers : [],
    sliceLayers: model === 'slice' ? sliceLayers : [],
    headLayers: [...headLayers, 1],
  };
}

/** (inputs, outputs) of every layer. */
function layerSizes({ inputs, atomLayers, sliceLayers, headLayers }: Layout): [number, number][] {
  const outputs = [...atomLayers, ...sliceLayers, ...headLayers];
  return outputs.map((n, k) => [k === 0 ? inputs : outputs[k - 1], n]);
}

/** He-normal weights (K. He et al., ICCV 2015) and zero biases. */
export function initialParameters(layout: Layout, seed: number): Float32Array[] {
  const random = seededRandom(seed);
  return layerSizes(layout).flatMap(([inputs, outputs]) => [
    Float32Array.from({ length: inputs * outputs }, () => Math.sqrt(2 / inputs) * gaussian(random)),
    new Float32Array(outputs),
  ]);
}

/** The parameters as tensors of their shapes. */
export function parameterTensors(tf: Tf, layout: Layout, parameters: Parameters): Tensor[] {
  return layerSizes(layout).flatMap(([inputs, outputs], k) => [
    tf.tensor2d(parameters[2 * k], [inputs, outputs]),
    tf.tensor1d(parameters[2 * k + 1]),
  ]);
}

/** Outputs (B) of the network. */
export function forward(tf: Tf, layout: Layout, tensors: readonly Tensor[], batch: BatchTensors): Tensor {
  let layer = 0;
  const dense = (x: Tensor, isLast = false): Tensor => {
    const shape = x.shape;
    const width = shape[shape.length - 1];
    const [w, b] = [tensors[2 * layer], tensors[2 * layer + 1]];
    layer++;
    const z = tf.add(tf.matMul(tf.reshape(x, [-1, width]), w), b);
    return tf.reshape(isLast ? z : tf.leakyRelu(z, LEAK), [...shape.slice(0, -1), b.shape[0]]);
  };
  let h = batch.x;
  for (let k = 0; k < layout.atomLayers.length; k++) h = dense(h);
  if (batch.slices && batch.sliceMask) {
    h = tf.matMul(batch.slices, h);
    for (let k = 0; k < layout.sliceLayers.length; k++) h = dense(h);
    h = maskedMaximum(tf, h, batch.sliceMask);
  } else if (batch.mask) h = layout.model === 'gmp' ? maskedMaximum(tf, h, batch.mask) : maskedMean(tf, h, batch.mask);
  layout.headLayers.forEach((_, k) => {
    h = dense(h, k === layout.headLayers.length - 1);
  });
  return tf.reshape(h, [-1]);
}

function maskedMean(tf: Tf, h: Tensor, mask: Tensor): Tensor {
  return tf.div(tf.sum(tf.mul(h, mask), 1), tf.sum(mask, 1));
}

/**
 * Maximum of (B,N,F) over the N that count, (B,F). Rows that only fill up carry the biases of the layers before, so the mask comes
 * after them. The gradient goes to the first of equal maxima; that of tf.max would go to all.
 */
export function maskedMaximum(tf: Tf, h: Tensor, mask: Tensor): Tensor {
  const masked = tf.add(tf.mul(h, mask), tf.mul(tf.sub(1, mask), NOTHING));
  const count = h.shape[1] as number;
  const maximum = tf.customGrad((x, save) => {
    const values = x as Tensor;
    const first = tf.argMax(values, 1);
    (save as (tensors: Tensor[]) => void)([first]);
    return {
      value: tf.max(values, 1),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const places = tf.reshape(tf.range(0, count, 1, 'int32'), [1, count, 1]);
        const chosen = tf.cast(tf.equal(places, tf.expandDims(saved[0], 1)), 'float32');
        return tf.mul(tf.expandDims(dy, 1), chosen);
      },
    };
  });
  return maximum(masked);
}

/** The layers as data, in double precision. */
export function denseLayers(layout: Layout, parameters: Parameters) {
  const sizes = layerSizes(layout);
  const layers = sizes.map(
    ([inputs, outputs], k): DenseLayer => ({
      inputs,
      outputs,
      weights: Float64Array.from(parameters[2 * k]),
      bias: Float64Array.from(parameters[2 * k + 1]),
      activation: k === sizes.length - 1 ? 'linear' : 'leaky-relu',
    }),
  );
  const [a, s] = [layout.atomLayers.length, layout.sliceLayers.length];
  return { atoms: layers.slice(0, a), slices: layers.slice(a, a + s), head: layers.slice(a + s) };
}
