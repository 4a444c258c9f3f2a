import { availableParallelism } from 'node:os';
import { MissingDataError, UsageError } from '../../core/errors.ts';
import type { ModelName } from '../label/models.ts';
import { type MetalWords, metalOf } from '../metals.ts';
import { bondLength } from '../pull/job-folder.ts';
import { networkPredictor } from './network-predictor.ts';
import { labellingPredictor, type SnapshotPredictor } from './predictor.ts';

export interface PredictorWords {
  /** Folder of a trained predictor. */
  readonly predictor?: string;
  /** NEGF generator instead. */
  readonly label?: ModelName;
  readonly metal: Omit<MetalWords, 'element'> & { readonly element?: string };
  /** 0 = as many as there are processors. */
  readonly threads: number;
}

/** What gives the conductances. Throws UsageError without exactly one of predictor and label. */
export async function openPredictor(words: PredictorWords): Promise<SnapshotPredictor> {
  const { predictor, label, metal } = words;
  const threads = words.threads || availableParallelism();
  if ((predictor === undefined) === (label === undefined))
    throw new UsageError('give --predictor DIR (a trained network) or --label jellium|tb-s (NEGF)');
  if (predictor !== undefined) {
    const { element: _, ...lattice } = metal;
    return networkPredictor(predictor, lattice, threads);
  }
  if (metal.element === undefined)
    throw new MissingDataError('the metal of the wires is not known', 'give --element, e.g. --element K');
  const known = metalOf({ ...metal, element: metal.element });
  const models = label === undefined ? [] : [label];
  return labellingPredictor({ metal: known, models }, bondLength(known.lattice, known.a), threads);
}
