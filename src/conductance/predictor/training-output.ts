import { cpus } from 'node:os';
import type { Chart } from '../../report/chart.ts';
import { reportPage, type Section } from '../../report/page.ts';
import { predictBaseline } from '../features/cross-section.ts';
import { csvText } from './csv-text.ts';
import { type Fitted, type FittedModel, TRAINING } from './fit-models.ts';
import { ensembleMean, type ModelScore, modelScoreTable, type NamedSets, spreadOf } from './model-scores.ts';

/** Everything a training has found. */
export interface TrainingOutcome {
  readonly fitted: Fitted;
  readonly sets: NamedSets;
  readonly scores: readonly ModelScore[];
  /** Inputs, settings, versions and times, for run.json and the report. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Text files beside the predictor. */
export function outputFiles(outcome: TrainingOutcome): Map<string, string> {
  return new Map([
    ['run.json', `${JSON.stringify(runRecord(outcome), null, 2)}\n`],
    ['scores.csv', scoresCsv(outcome.scores)],
    ['predictions.csv', predictionsCsv(outcome)],
    ['learning.csv', learningCsv(outcome.fitted.models)],
    ['report.html', report(outcome)],
  ]);
}

function runRecord({ facts, scores, fitted }: TrainingOutcome): object {
  return {
    schema: 'nnp-bridge-run/1',
    command: 'conductance train',
    ...facts,
    processor: cpus()[0]?.model ?? 'unknown',
    baseline: { formula: 'G/G0 = sum_k c_k x^k, x in atoms/angstrom', coefficients: fitted.baseline.coefficients },
    scores: scores.map(({ set, model, ensemble, members }) => ({ set, model, ...ensemble, members })),
  };
}

function scoresCsv(scores: readonly ModelScore[]): string {
  const head = [
    'set',
    'model',
    'frames',
    'r2',
    'mae_G0',
    'rmse_G0',
    'bias_G0',
    'members',
    'r2_mean',
    'r2_sd',
    'mae_mean_G0',
    'mae_sd_G0',
  ];
  const rows = scores.map(({ set, model, ensemble: e, members }) => {
    const [r2, mae] = [spreadOf(members.map((m) => m.r2)), spreadOf(members.map((m) => m.mae))];
    const single = members.length > 0 ? [r2.mean, r2.deviation, mae.mean, mae.deviation] : ['', '', '', ''];
    return [set, model, e.frames, e.r2, e.mae, e.rmse, e.bias, members.length, ...single];
  });
  return csvText([head, ...rows]);
}

function predictionsCsv({ fitted, sets }: TrainingOutcome): string {
  const { models, baseline } = fitted;
  const head = [
    'set',
    'trajectory',
    'frame',
    'label_G0',
    'cross_section_G0',
    ...models.flatMap((m) => [`${m.model}_G0`, `${m.model}_spread_G0`]),
  ];
  const rows = sets.flatMap(([set, snapshots]) =>
    snapshots.map((s, k) => [
      set,
      s.trajectory,
      s.index,
      s.conductance,
      predictBaseline(baseline, s.crossSection),
      ...models.flatMap(({ predictions }) => {
        const { mean, deviation } = spreadOf((predictions.get(set) ?? []).map((m) => m[k]));
        return [Math.max(0, mean), deviation];
      }),
    ]),
  );
  return csvText([head, ...rows]);
}

function learningCsv(models: readonly FittedModel[]): string {
  const rows = models.flatMap(({ model, curves }) =>
    curves.flatMap((epochs, member) => epochs.map((e) => [model, member + 1, e.epoch, e.loss, e.validation])),
  );
  return csvText([['model', 'network', 'epoch', 'loss', 'validation_mae_G0'], ...rows]);
}

function report({ fitted, sets, scores, facts }: TrainingOutcome): string {
  const rows = Object.entries(facts).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value),
  ]);
  const sections: Section[] = [
    {
      title: 'Scores',
      text: 'R² and errors of the mean of the networks; beside them mean ± standard deviation of single networks. The four-parameter cross-section baseline is what a network has to beat.',
      table: modelScoreTable(scores),
    },
    ...fitted.models.map((model) => ({
      title: model.model,
      charts: [
        ...sets.filter(([name, set]) => name !== TRAINING && set.length > 0).map((set) => parity(fitted, model, set)),
        learning(model),
      ],
    })),
    { title: 'Training', table: { head: ['', ''], rows } },
  ];
  return reportPage('Conductance predictor', sections);
}

function parity(fitted: Fitted, { model, predictions }: FittedModel, [name, snapshots]: NamedSets[number]): Chart {
  const found = ensembleMean(predictions.get(name) ?? []);
  const labels = snapshots.map((s) => s.conductance);
  const most = labels.reduce((a, g) => Math.max(a, g), 0);
  return {
    title: name,
    x: 'label / G0',
    y: 'predicted / G0',
    series: [
      {
        name: 'cross-section',
        scatter: true,
        points: snapshots.map((s, k) => [labels[k], predictBaseline(fitted.baseline, s.crossSection)] as const),
      },
      { name: model, scatter: true, points: found.map((g, k) => [labels[k], g] as const) },
      {
        name: 'equal',
        points: [
          [0, 0],
          [most, most],
        ],
        faint: true,
      },
    ],
  };
}

function learning({ model, curves }: FittedModel): Chart {
  return {
    title: `${model}: learning`,
    x: 'epoch',
    y: 'validation MAE / G0',
    series: curves.map((epochs, k) => ({
      name: `network ${k + 1}`,
      points: epochs.map((e) => [e.epoch, Number.isFinite(e.validation) ? e.validation : e.loss] as const),
    })),
  };
}
