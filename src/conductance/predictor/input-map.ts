import type { DenseLayer } from '../../../potentials/networks/pooled-network.ts';
import { type Projection, projectRow } from './projection.ts';

/** How raw features become the inputs of a network: SOAP is projected, what follows it is kept; then (v − shift)/width. */
export interface InputMap {
  /** Of the first `features` raw numbers; without it all numbers are kept. */
  readonly projection?: Projection;
  /** (inputs). */
  readonly shift: Float64Array;
  readonly width: Float64Array;
}

/** Inputs of a network from one row of raw features, in double precision. */
export function mapRow(row: ArrayLike<number>, { projection, shift, width }: InputMap): Float64Array {
  const out = new Float64Array(shift.length);
  const kept = projection?.kept ?? 0;
  if (projection) out.set(projectRow(row, projection));
  for (let k = kept; k < out.length; k++) out[k] = row[k - kept + (projection?.features ?? 0)];
  for (let k = 0; k < out.length; k++) out[k] = (out[k] - shift[k]) / width[k];
  return out;
}

/** The first layer of a network with the map in it: it takes raw features. */
export function foldLayer(layer: DenseLayer, { projection, shift, width }: InputMap): DenseLayer {
  const { outputs } = layer;
  const features = projection?.features ?? 0;
  const kept = projection?.kept ?? 0;
  const inputs = features + shift.length - kept;
  const weights = new Float64Array(inputs * outputs);
  const bias = layer.bias.slice();
  const scaled = layer.weights.map((w, k) => w / width[Math.floor(k / outputs)]);
  for (let k = 0; k < shift.length; k++)
    for (let o = 0; o < outputs; o++) bias[o] -= shift[k] * scaled[k * outputs + o];
  weights.set(scaled.subarray(kept * outputs), features * outputs);
  if (projection) {
    const { mean, scale, components } = projection;
    for (let f = 0; f < features; f++)
      for (let k = 0; k < kept; k++) {
        const c = components[f * kept + k] / scale[f];
        for (let o = 0; o < outputs; o++) weights[f * outputs + o] += c * scaled[k * outputs + o];
      }
    for (let f = 0; f < features; f++) for (let o = 0; o < outputs; o++) bias[o] -= mean[f] * weights[f * outputs + o];
  }
  return { ...layer, inputs, weights, bias };
}

/** No change: the inputs are the components. */
export function plainMap(projection: Projection): InputMap {
  return { projection, shift: new Float64Array(projection.kept), width: new Float64Array(projection.kept).fill(1) };
}
