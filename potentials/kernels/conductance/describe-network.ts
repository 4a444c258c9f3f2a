import type { Soap } from '../../descriptors/soap.ts';
import type { DenseLayer, PooledNetwork } from '../../networks/pooled-network.ts';
import { foldedWeights, radialFunctions } from './soap-basis.ts';
import { DESCRIPTION_VERSION } from './task.ts';

/** Limits of soap.hpp and network.hpp. */
const MOST_L = 24;
const MOST_SPECIES = 16;
const POOLINGS = ['max', 'mean', 'slice'];
const NO_SLICES = { margin: 0, step: 0, width: 0, epsilon: 0, layers: [] };

/**
 * The description that the kernel prepares, read front to back by readSoap and readNetwork: SOAP settings, ranks, combinations and
 * table of the radial functions, then the layers; without a network, features only. A reason instead where the kernel cannot.
 */
export function describeNetwork(soap: Soap, network?: PooledNetwork): Float64Array | string {
  const { species, cutoff, lmax, nmax } = soap.settings;
  if (lmax > MOST_L) return `the kernel has harmonics up to l = ${MOST_L}`;
  if (species.length > MOST_SPECIES) return `the kernel knows up to ${MOST_SPECIES} species`;
  if (network && network.atomLayers.length === 0) return 'the kernel needs a layer before the pooling';
  const functions = radialFunctions(soap);
  const { step, values } = soap.radialTable;
  const knots = values.length / ((lmax + 1) * nmax);
  const table = new Float64Array(knots * functions.reduce((sum, { rank }) => sum + rank, 0));
  for (let k = 0, to = 0; k < knots; k++)
    for (const f of functions) for (let q = 0; q < f.rank; q++) table[to++] = f.values[q * knots + k];
  const parts: (readonly number[] | Float64Array)[] = [
    [DESCRIPTION_VERSION, species.length, cutoff, lmax, nmax, knots, step],
    functions.map(({ rank }) => rank),
    ...functions.map(({ combination }) => combination),
    table,
  ];
  if (!network) return concatenated([...parts, [0, 0, 0, 0, 0, 0, 0, 0]]);
  const { atomLayers, pooling, headLayers } = network;
  const [first, ...others] = atomLayers;
  const weights = foldedWeights(first.weights, first.outputs, functions, { species: species.length, nmax });
  const inputs = weights.length / first.outputs;
  const slices = pooling.kind === 'slice' ? pooling : NO_SLICES;
  parts.push(
    [atomLayers.length, slices.layers.length, headLayers.length, POOLINGS.indexOf(pooling.kind)],
    [slices.margin, slices.step, slices.width, slices.epsilon],
  );
  for (const layer of [{ ...first, inputs, weights }, ...others, ...slices.layers, ...headLayers])
    parts.push(...layerParts(layer));
  return concatenated(parts);
}

function layerParts({ inputs, outputs, activation, weights, bias }: DenseLayer): (readonly number[] | Float64Array)[] {
  return [[inputs, outputs, activation === 'leaky-relu' ? 1 : 0], weights, bias];
}

function concatenated(parts: readonly (readonly number[] | Float64Array)[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
