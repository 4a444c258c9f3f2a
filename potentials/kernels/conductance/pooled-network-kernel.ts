import { PotentialError } from '../../../src/core/errors.ts';
import { Soap, type SoapSettings } from '../../descriptors/soap.ts';
import type { PooledNetwork } from '../../networks/pooled-network.ts';
import { checkPooledNetwork, evaluatePooledNetwork } from '../../networks/pooled-network-evaluate.ts';
import type { Backend } from '../backends.ts';
import type { Rung } from '../ladder.ts';
import { describeNetwork } from './describe-network.ts';
import { atomArrays, featuresByTypescript, openTask, type SoapAtoms, SpeciesOf } from './soap-kernel.ts';

export interface PooledNetworkKernel {
  readonly rung: Rung;
  /**
   * The number the network makes of a structure; `centers` are the atoms whose features are pooled, all others are only neighbors.
   * Throws PotentialError for a structure without centers, a foreign species, a coordinate that is not finite, coincident atoms,
   * and a network that gives no finite number.
   */
  predict(atoms: SoapAtoms, centers: Int32Array): number;
}

/**
 * A pooled network on SOAP features by the fastest program that works here: native, WebAssembly, TypeScript. The compiled kernels
 * compute in single precision. An instance is for one thread. Throws PotentialError for settings and layers that do not fit, and for
 * a backend asked for by name that cannot be used.
 */
export function openPooledNetworkKernel(
  network: PooledNetwork,
  settings: SoapSettings,
  backend: Backend = 'auto',
): PooledNetworkKernel {
  const soap = new Soap(settings);
  checkPooledNetwork(network, soap.nfeatures);
  const opened = openTask(backend === 'typescript' ? 'TypeScript is wanted' : describeNetwork(soap, network), backend);
  if ('reasons' in opened)
    return {
      rung: { backend: 'typescript', passedOver: opened.reasons },
      predict: (atoms, centers) => {
        const heights = Float64Array.from(centers, (i) => atoms.positions[3 * i + 2]);
        const result = evaluatePooledNetwork(network, featuresByTypescript(soap, atoms, centers), heights);
        if (Number.isFinite(result)) return result;
        throw new PotentialError('the network gives no number for these atoms');
      },
    };
  const place = new SpeciesOf(settings.species);
  const values = new Float64Array(1);
  return {
    rung: opened.rung,
    predict: (atoms, centers) => {
      if (centers.length === 0) throw new PotentialError('a structure without atoms has no pooled features');
      opened.run({ ...atomArrays(atoms, place), centers, values }, atoms);
      return values[0];
    },
  };
}
