export type { ElementModel, HdnnpModel, LayerModel, NetworkModel, SymmetryFunction } from './hdnnp-model.ts';
export type { Neighborhood } from './neighborhood.ts';
export { type Evaluation, type Extrapolation, newEvaluation, type Potential } from './potential.ts';
