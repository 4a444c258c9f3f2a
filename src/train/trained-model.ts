import {
  type HdnnpModel,
  type Scaling,
  type Statistics,
  type SymmetryFunction,
  scalingCoefficients,
} from '../../potentials/hdnnp-model.ts';
import { networkModel } from './network-pass.ts';
import type { Networks } from './networks.ts';

/** Network inputs are (G − mean)/σ of the training set. */
export const SCALING: Scaling = { kind: 'sigma', min: 0, max: 1 };

/** What the data decide before training: elements and what their descriptors look like. */
export interface ElementSetup {
  readonly z: number;
  /** eV per atom. */
  readonly referenceEnergy: number;
  /** In n2p2's order. */
  readonly symmetryFunctions: readonly SymmetryFunction[];
  readonly statistics: Required<Statistics>;
}

/** The potential with the present weights of the networks, one per element. */
export function trainedModel(
  elements: readonly ElementSetup[],
  cutoff: Pick<HdnnpModel, 'cutoffType' | 'cutoffAlpha'>,
  networks: Networks,
): HdnnpModel {
  return {
    cutoffType: cutoff.cutoffType,
    cutoffAlpha: cutoff.cutoffAlpha,
    energyFactor: 1,
    scaling: SCALING,
    elements: elements.map(({ z, referenceEnergy, symmetryFunctions, statistics }, e) => ({
      z,
      energyOffset: referenceEnergy,
      symmetryFunctions,
      ...scalingCoefficients(SCALING, statistics),
      statistics,
      network: networkModel(networks.shapes[e], networks.weights),
    })),
  };
}
