import type { Table } from '../../report/page.ts';
import { predictBaseline } from '../features/cross-section.ts';
import { type Scores, scoresOf } from '../scores.ts';
import { type Fitted, TRAINING, VALIDATION } from './fit-models.ts';
import type { Snapshot } from './snapshots.ts';

/** Mean and standard deviation over the networks of an ensemble. */
interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

export interface ModelScore {
  readonly set: string;
  /** `cross-section` is the four-parameter baseline. */
  readonly model: string;
  /** Of the mean of the networks. */
  readonly ensemble: Scores;
  /** Of the single networks. */
  readonly members: readonly Scores[];
}

export type NamedSets = readonly (readonly [name: string, snapshots: readonly Snapshot[]])[];

/** Scores of the baseline and of every model on every set that has snapshots. */
export function modelScores(fitted: Fitted, sets: NamedSets): ModelScore[] {
  return sets.flatMap(([set, snapshots]) => {
    if (snapshots.length === 0) return [];
    const labels = snapshots.map((s) => s.conductance);
    const base = snapshots.map((s) => predictBaseline(fitted.baseline, s.crossSection));
    const rows: ModelScore[] = [{ set, model: 'cross-section', ensemble: scoresOf(base, labels), members: [] }];
    for (const { model, predictions } of fitted.models) {
      const members = predictions.get(set) ?? [];
      rows.push({
        set,
        model,
        ensemble: scoresOf(ensembleMean(members), labels),
        members: members.map((m) => scoresOf(Array.from(m), labels)),
      });
    }
    return rows;
  });
}

/** Mean of the members of each snapshot, not below zero. */
export function ensembleMean(members: readonly Float64Array[]): number[] {
  const [first] = members;
  return Array.from(first, (_, k) => Math.max(0, members.reduce((sum, m) => sum + m[k], 0) / members.length));
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(square / (values.length - 1)) : 0 };
}

export function modelScoreTable(scores: readonly ModelScore[]): Table {
  const shown = (values: readonly number[]) => {
    if (values.length === 0) return '';
    const { mean, deviation } = spreadOf(values);
    return `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
  };
  return {
    head: [
      'set',
      'model',
      'frames',
      'R²',
      'MAE / G0',
      'bias / G0',
      'R² of single networks',
      'MAE of single networks / G0',
    ],
    rows: scores.map(({ set, model, ensemble: e, members }) => [
      set,
      model,
      e.frames,
      ...[e.r2, e.mae, e.bias].map((v) => (Math.abs(v) < 1000 ? v.toFixed(3) : v.toExponential(1))),
      shown(members.map((m) => m.r2)),
      shown(members.map((m) => m.mae)),
    ]),
  };
}

/** Sets in the order of the table: tests first matter, training last. */
export function namedSets(tests: NamedSets, training: readonly Snapshot[], validation: readonly Snapshot[]): NamedSets {
  return [...tests, [VALIDATION, validation], [TRAINING, training]];
}
