import { PotentialError } from '../../../src/core/errors.ts';
import type { Soap, SoapSettings } from '../../descriptors/soap.ts';
import type { PooledNetwork } from '../../networks/pooled-network.ts';
import { checkPooledNetwork, evaluatePooledNetwork } from '../../networks/pooled-network-evaluate.ts';
import type { Backend } from '../backends.ts';
import type { Rung } from '../ladder.ts';
import { describeNetworks } from './describe-network.ts';
import {
  atomArrays,
  featuresByTypescript,
  openTask,
  type SoapAtoms,
  SpeciesOf,
  soapOf,
  weightedMean,
} from './soap-kernel.ts';

interface CommitteePrediction {
  /** The number each network makes of the structure. */
  readonly members: Float64Array;
  /** Mean of the features over the centers with the weights given; empty without weights. */
  readonly mean: Float64Array;
}

/** Networks on the same SOAP features, which are computed once for all of them. */
export interface PooledCommitteeKernel {
  readonly rung: Rung;
  /**
   * `centers` are the atoms whose features are pooled, all others are only neighbors. Throws PotentialError for a structure without
   * centers, a foreign species, a coordinate that is not finite, coincident atoms, and a network that gives no finite number.
   */
  predict(atoms: SoapAtoms, centers: Int32Array, weights?: Float64Array): CommitteePrediction;
}

export interface PooledNetworkKernel {
  readonly rung: Rung;
  /** As the committee's: the number the network makes of a structure. */
  predict(atoms: SoapAtoms, centers: Int32Array): number;
}

const NONE: Float64Array = new Float64Array(0);
const NO_CENTERS = 'a structure without atoms has no pooled features';

/**
 * Pooled networks on SOAP features by the fastest program that works here: native, WebAssembly, TypeScript. The compiled kernels
 * compute in single precision. An instance is for one thread. Throws PotentialError for settings and layers that do not fit, and for
 * a backend asked for by name that cannot be used.
 */
export function openPooledCommitteeKernel(
  networks: readonly PooledNetwork[],
  settings: SoapSettings,
  backend: Backend = 'auto',
): PooledCommitteeKernel {
  const soap = soapOf(settings);
  for (const network of networks) checkPooledNetwork(network, soap.nfeatures);
  const wanted = backend === 'typescript' ? 'TypeScript is wanted' : describeNetworks(soap, networks);
  const opened = openTask(wanted, backend);
  if ('reasons' in opened) {
    const rung = { backend: 'typescript', passedOver: backend === 'typescript' ? [] : opened.reasons };
    return { rung, predict: (...given) => predictByTypescript(soap, networks, ...given) };
  }
  const place = new SpeciesOf(settings.species);
  return {
    rung: opened.rung,
    predict: (atoms, centers, weights = NONE) => {
      if (centers.length === 0) throw new PotentialError(NO_CENTERS);
      const values = new Float64Array(networks.length + (weights.length > 0 ? soap.nfeatures : 0));
      opened.run({ ...atomArrays(atoms, place), centers, numbers: weights, values }, atoms);
      return { members: values.subarray(0, networks.length), mean: values.subarray(networks.length) };
    },
  };
}

/** One network, as `openPooledCommitteeKernel` opens several. */
export function openPooledNetworkKernel(
  network: PooledNetwork,
  settings: SoapSettings,
  backend: Backend = 'auto',
): PooledNetworkKernel {
  const { rung, predict } = openPooledCommitteeKernel([network], settings, backend);
  return { rung, predict: (atoms, centers) => predict(atoms, centers).members[0] };
}

function predictByTypescript(
  soap: Soap,
  networks: readonly PooledNetwork[],
  atoms: SoapAtoms,
  centers: Int32Array,
  weights = NONE,
): CommitteePrediction {
  if (centers.length === 0) throw new PotentialError(NO_CENTERS);
  const features = featuresByTypescript(soap, atoms, centers);
  const heights = Float64Array.from(centers, (i) => atoms.positions[3 * i + 2]);
  const members = Float64Array.from(networks, (network) => evaluatePooledNetwork(network, features, heights));
  if (!members.every(Number.isFinite)) throw new PotentialError('the network gives no number for these atoms');
  return { members, mean: weights.length > 0 ? weightedMean(features, weights) : NONE };
}
