import { SymmetryFunctions } from '../../../potentials/descriptors/symmetry-functions.ts';
import { type HdnnpModel, maxCutoff } from '../../../potentials/hdnnp-model.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import type { Frame } from '../../core/frame.ts';
import type { Describe } from './novelty.ts';

/**
 * Points in the space of a model's scaled symmetry functions (the inputs of its networks, so that 1 is about the range of the training
 * set): `structure` = the mean over the atoms of each element, `atoms` = one point per atom. Elements that the model does not know have none.
 * Throws PotentialError for broken structures.
 */
export function symmetryPoints(model: HdnnpModel, per: 'structure' | 'atoms'): Describe {
  const species = model.elements.map(({ z }) => z);
  const { cutoffType, cutoffAlpha } = model;
  const kinds = new Map(
    model.elements.map((element) => [
      element.z,
      { element, functions: new SymmetryFunctions(element.symmetryFunctions, { cutoffType, cutoffAlpha, species }) },
    ]),
  );
  const cutoff = maxCutoff(model);
  return (frame: Frame) => {
    const list = buildNeighborList(frame, cutoff);
    const points = new Map<number, Float64Array[]>();
    frame.numbers.forEach((z, i) => {
      const kind = kinds.get(z);
      if (!kind) return;
      const { element, functions } = kind;
      const g = new Float64Array(functions.count);
      functions.compute(list, i, g);
      for (let s = 0; s < g.length; s++) g[s] = element.scaleFactor[s] * g[s] + element.scaleOffset[s];
      const own = points.get(z);
      if (own) own.push(g);
      else points.set(z, [g]);
    });
    if (per === 'structure') for (const [z, own] of points) points.set(z, [mean(own)]);
    return points;
  };
}

function mean(points: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(points[0].length);
  for (const point of points) for (let s = 0; s < sum.length; s++) sum[s] += point[s] / points.length;
  return sum;
}
