import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Series } from '../../report/chart.ts';
import { reportPage, type Table } from '../../report/page.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { loadTensorflow, rungText } from '../../tensorflow/tensorflow.ts';
import { csvText } from './csv-text.ts';
import { fitModels } from './fit-models.ts';
import { type ModelScore, modelScores, type NamedSets, spreadOf } from './model-scores.ts';
import { metalOfSnapshots, readSnapshots, type Snapshot } from './snapshots.ts';
import { splitSnapshots } from './split.ts';
import { shuffled } from './train-member.ts';
import { fitSettings, type TrainRequest, type TrainSummary, times } from './train-predictor.ts';

/** Parts of the training trajectories, and choices of the split. */
const PARTS = [0.25, 0.5, 1] as const;
const CHOICES = 3;

interface Point extends ModelScore {
  readonly choice: number;
  readonly trajectories: number;
  readonly frames: number;
}

/**
 * Scores over the number of training trajectories, each for several choices of training, validation and test: what more pulls would
 * bring, and how much the choice matters. Writes learning-curve.csv and learning-curve.html into the output folder. A run that is
 * stopped writes the points it has. Throws what `trainPredictor` throws.
 */
export async function trainLearningCurve(request: TrainRequest): Promise<TrainSummary> {
  const started = Date.now();
  const cpu = process.cpuUsage();
  const all = await readSnapshots({ ...request, files: request.training });
  const files: [string, readonly Snapshot[]][] = [];
  for (const file of request.tests)
    files.push([file, await readSnapshots({ ...request, files: [file] }, metalOfSnapshots(all))]);
  const engine = await loadTensorflow(request.rung);
  request.onEngine?.(rungText(engine));
  const settings = fitSettings(request);
  const points: Point[] = [];
  let interrupted = false;
  try {
    for (let choice = 0; choice < CHOICES && !interrupted; choice++)
      for (const part of PARTS) {
        const split = splitSnapshots(all, request.split, request.splitSeed + choice);
        const training = partOf(split.training, part, request.splitSeed + choice);
        const tests: NamedSets = split.test.length > 0 ? [['test', split.test], ...files] : files;
        const fitted = await fitModels(engine.tf, { training, validation: split.validation, tests }, settings);
        interrupted = fitted.interrupted;
        if (interrupted) break;
        const trajectories = new Set(training.map((s) => s.trajectory)).size;
        for (const score of modelScores(fitted, tests))
          points.push({ ...score, choice: choice + 1, trajectories, frames: training.length });
      }
  } catch (error) {
    if (!request.signal?.aborted || error !== request.signal.reason) throw error;
    interrupted = true;
  }
  const table = curveTable(points);
  await mkdir(request.output, { recursive: true });
  await writeText(join(request.output, 'learning-curve.csv'), csvText([table.head, ...table.rows]));
  await writeText(join(request.output, 'learning-curve.html'), page(points, table));
  return {
    ...times(started, cpu),
    interrupted,
    scores: points,
    table,
    written: join(request.output, 'learning-curve.html'),
    engine: rungText(engine),
    checkpoint: 'a learning curve starts again',
  };
}

/** Whole trajectories, drawn at random; at least one. */
function partOf(training: readonly Snapshot[], part: number, seed: number): readonly Snapshot[] {
  const names = [...new Set(training.map((s) => s.trajectory))];
  const order = Array.from(shuffled(names.length, seed), (k) => names[k]);
  const kept = new Set(order.slice(0, Math.max(1, Math.round(part * names.length))));
  return training.filter((s) => kept.has(s.trajectory));
}

function curveTable(points: readonly Point[]): Table {
  return {
    head: ['set', 'model', 'choice', 'trajectories', 'training frames', 'frames', 'R2', 'MAE / G0'],
    rows: points.map((p) => [
      p.set,
      p.model,
      p.choice,
      p.trajectories,
      p.frames,
      p.ensemble.frames,
      Number(p.ensemble.r2.toFixed(4)),
      Number(p.ensemble.mae.toFixed(4)),
    ]),
  };
}

function page(points: readonly Point[], table: Table): string {
  const sets = [...new Set(points.map((p) => p.set))];
  const models = [...new Set(points.map((p) => p.model))];
  const mean = (set: string, model: string): Series => {
    const own = points.filter((p) => p.set === set && p.model === model);
    const sizes = [...new Set(own.map((p) => p.trajectories))].sort((a, b) => a - b);
    return {
      name: model,
      points: sizes.map((n) => [n, spreadOf(own.filter((p) => p.trajectories === n).map((p) => p.ensemble.mae)).mean]),
    };
  };
  const charts = sets.map((set) => ({
    title: set,
    x: 'training trajectories',
    y: 'MAE / G0, mean over the choices',
    series: models.map((model) => mean(set, model)),
  }));
  return reportPage('Learning curve', [{ title: 'Errors over the number of pulls', charts, table }]);
}

function writeText(path: string, text: string): Promise<void> {
  return writeBytes(
    path,
    (async function* () {
      yield text;
    })(),
  );
}
