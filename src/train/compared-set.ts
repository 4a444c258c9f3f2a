import type { Potential } from '../../potentials/potential.ts';
import type { SourceLocation } from '../core/errors.ts';
import { evaluateDataset } from './evaluate-dataset.ts';
import type { LabelledFrame } from './labelled-frames.ts';
import type { Comparison, Metrics } from './metrics.ts';

/** A comparison that knows its structure. */
export interface ComparedStructure extends Comparison {
  readonly origin: SourceLocation;
}

/** What a potential says about a set of structures, and how far off it is. */
export interface ComparedSet {
  /** `training`, `test` or the name of a file. */
  readonly name: string;
  readonly metrics: Metrics;
  readonly structures: readonly ComparedStructure[];
}

/** Evaluates all structures and keeps the predictions. Throws PotentialError naming the structure that cannot be evaluated. */
export async function comparedSet(
  name: string,
  potential: Potential,
  frames: AsyncIterable<LabelledFrame> | Iterable<LabelledFrame>,
): Promise<ComparedSet> {
  const structures: ComparedStructure[] = [];
  const metrics = await evaluateDataset(potential, frames, (comparison, { origin }) => {
    structures.push({ ...comparison, origin });
  });
  return { name, metrics, structures };
}
