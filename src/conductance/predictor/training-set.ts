import { sliceHeights } from '../../../potentials/networks/pooled-network-evaluate.ts';
import { MissingDataError } from '../../core/errors.ts';
import type { Tf } from '../../tensorflow/tensorflow.ts';
import type { BatchTensors, Layout } from './network.ts';
import { SLICES } from './recipes.ts';

/** A snapshot as a network sees it. */
export interface Input {
  /** (atoms, inputs) row-major; one row for global models. */
  readonly rows: Float32Array;
  /** Å; (atoms) heights of the mobile atoms; empty for global models. */
  readonly heights: Float64Array;
}

/** Noise on the inputs of a batch. */
export interface Noise {
  /** (inputs). */
  readonly deviations: Float64Array;
  /** Standard normal numbers. */
  next(): number;
}

/** The inputs of a batch, filled up to the largest. Throws MissingDataError for a snapshot without atoms. */
export function batchTensors(tf: Tf, layout: Layout, inputs: readonly Input[], noise?: Noise): BatchTensors {
  const width = layout.inputs;
  const counts = inputs.map(({ rows }) => rows.length / width);
  if (counts.includes(0)) throw new MissingDataError('a snapshot has no mobile atom', 'leave it out, or see --grips');
  const most = Math.max(...counts);
  const x = new Float32Array(inputs.length * most * width);
  inputs.forEach(({ rows }, s) => {
    const to = s * most * width;
    x.set(rows, to);
    if (noise) for (let k = 0; k < rows.length; k++) x[to + k] += noise.deviations[k % width] * noise.next();
  });
  if (inputs[0].heights.length === 0) return { x: tf.tensor2d(x, [inputs.length, width]) };
  const tensor = tf.tensor3d(x, [inputs.length, most, width]);
  if (layout.model === 'slice') return { x: tensor, ...sliceTensors(tf, inputs, most) };
  const mask = new Float32Array(inputs.length * most);
  counts.forEach((count, s) => {
    mask.fill(1, s * most, s * most + count);
  });
  return { x: tensor, mask: tf.tensor3d(mask, [inputs.length, most, 1]) };
}

const LEAST_WEIGHT = 1e-30;

function sliceTensors(tf: Tf, inputs: readonly Input[], most: number): Pick<BatchTensors, 'slices' | 'sliceMask'> {
  const { width, epsilon } = SLICES;
  const places = inputs.map(({ heights }) => {
    const low = heights.reduce((a, z) => Math.min(a, z), Number.POSITIVE_INFINITY);
    const high = heights.reduce((a, z) => Math.max(a, z), Number.NEGATIVE_INFINITY);
    return sliceHeights(low, high, { kind: 'slice', layers: [], ...SLICES });
  });
  const slices = Math.max(...places.map((z) => z.length));
  const weights = new Float32Array(inputs.length * slices * most);
  const mask = new Float32Array(inputs.length * slices);
  inputs.forEach(({ heights }, s) => {
    places[s].forEach((z, k) => {
      const row = (s * slices + k) * most;
      const values = heights.map((h) => Math.exp(-((h - z) ** 2) / (2 * width * width)));
      const sum = values.reduce((total, w) => total + w, 0);
      if (!(sum > LEAST_WEIGHT)) return;
      mask[s * slices + k] = 1;
      for (let i = 0; i < values.length; i++) weights[row + i] = values[i] / (sum + epsilon);
    });
  });
  return {
    slices: tf.tensor3d(weights, [inputs.length, slices, most]),
    sliceMask: tf.tensor3d(mask, [inputs.length, slices, 1]),
  };
}

/** Standard deviation of each input over all rows of all snapshots. */
export function deviations(inputs: readonly Input[], width: number): Float64Array {
  const sum = new Float64Array(width);
  const square = new Float64Array(width);
  let count = 0;
  for (const { rows } of inputs) {
    count += rows.length / width;
    for (let k = 0; k < rows.length; k++) {
      sum[k % width] += rows[k];
      square[k % width] += rows[k] ** 2;
    }
  }
  return square.map((value, k) => Math.sqrt(Math.max(0, value / count - (sum[k] / count) ** 2)));
}
