export { type Committee, type Disagreement, evaluateCommittee, type MemberResults } from './committee.ts';
export { Hdnnp } from './hdnnp.ts';
export {
  type Activation,
  type ElementModel,
  type HdnnpModel,
  type LayerModel,
  maxCutoff,
  type NetworkModel,
  type Scaling,
  type Statistics,
  type SymmetryFunction,
  scalingCoefficients,
} from './hdnnp-model.ts';
export { BACKENDS, type Backend } from './kernels/backends.ts';
export { kernelReport } from './kernels/ladder.ts';
export { type LoadOptions, loadCommittee, loadPotential, readModel } from './load.ts';
export type { Neighborhood } from './neighborhood.ts';
export type { AtomsAndCell } from './neighbors/atoms-and-cell.ts';
export { buildNeighborList, foldForces, type NeighborList } from './neighbors/neighbor-list.ts';
export { ReusableNeighborList } from './neighbors/reusable-neighbor-list.ts';
export { type Evaluation, type Extrapolation, newEvaluation, type Potential } from './potential.ts';
export { type ReadN2p2Options, readN2p2 } from './trained/n2p2/read.ts';
export { type WriteN2p2Options, writeN2p2 } from './trained/n2p2/write.ts';
