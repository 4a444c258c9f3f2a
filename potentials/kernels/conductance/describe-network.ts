import type { Soap } from '../../descriptors/soap.ts';
import type { DenseLayer, PooledNetwork } from '../../networks/pooled-network.ts';
import { foldedWeights, radialFunctions } from './soap-basis.ts';
import { DESCRIPTION_VERSION } from './task.ts';

/** Limits of soap.hpp and network.hpp. */
const MOST_L = 24;
const MOST_SPECIES = 16;
const MOST_MEMBERS = 64;
const MOST_LAYERS = 16;
const POOLINGS = ['max', 'mean', 'slice'];
const NO_SLICES = { margin: 0, step: 0, width: 0, epsilon: 0, layers: [] };

type Parts = (readonly number[] | Float64Array)[];

/**
 * The description that the kernel prepares, read front to back by readSoap and readNetworks: SOAP settings, ranks, combinations and
 * table of the radial functions, then the networks; without one, features only. A reason instead where the kernel cannot.
 */
export function describeNetworks(soap: Soap, networks: readonly PooledNetwork[]): Float64Array | string {
  const { species, cutoff, lmax, nmax } = soap.settings;
  if (lmax > MOST_L) return `the kernel has harmonics up to l = ${MOST_L}`;
  if (species.length > MOST_SPECIES) return `the kernel knows up to ${MOST_SPECIES} species`;
  if (networks.length > MOST_MEMBERS) return `the kernel evaluates up to ${MOST_MEMBERS} networks together`;
  const layers = networks.flatMap(({ pooling: p, ...n }) => [
    n.atomLayers,
    n.headLayers,
    'layers' in p ? p.layers : [],
  ]);
  if (layers.some((stack) => stack.length > MOST_LAYERS)) return `the kernel has up to ${MOST_LAYERS} layers in a row`;
  if (networks.some(({ atomLayers, headLayers }) => atomLayers.length === 0 || headLayers.length === 0))
    return 'the kernel needs layers before and behind the pooling';
  const functions = radialFunctions(soap);
  const { step, values } = soap.radialTable;
  const knots = values.length / ((lmax + 1) * nmax);
  const table = new Float64Array(knots * functions.reduce((sum, { rank }) => sum + rank, 0));
  for (let k = 0, to = 0; k < knots; k++)
    for (const f of functions) for (let q = 0; q < f.rank; q++) table[to++] = f.values[q * knots + k];
  const parts: Parts = [
    [DESCRIPTION_VERSION, species.length, cutoff, lmax, nmax, knots, step],
    functions.map(({ rank }) => rank),
    ...functions.map(({ combination }) => combination),
    table,
    [networks.length],
  ];
  for (const network of networks) parts.push(...networkParts(network, soap, functions));
  return concatenated(parts);
}

function networkParts(
  { atomLayers, pooling, headLayers }: PooledNetwork,
  { settings: { species, nmax } }: Soap,
  functions: ReturnType<typeof radialFunctions>,
): Parts {
  const [first, ...others] = atomLayers;
  const weights = foldedWeights(first.weights, first.outputs, functions, { species: species.length, nmax });
  const inputs = weights.length / first.outputs;
  const slices = pooling.kind === 'slice' ? pooling : NO_SLICES;
  return [
    [atomLayers.length, slices.layers.length, headLayers.length, POOLINGS.indexOf(pooling.kind)],
    [slices.margin, slices.step, slices.width, slices.epsilon],
    ...[{ ...first, inputs, weights }, ...others, ...slices.layers, ...headLayers].flatMap(layerParts),
  ];
}

function layerParts({ inputs, outputs, activation, weights, bias }: DenseLayer): Parts {
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
