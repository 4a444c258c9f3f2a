import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SOAP_DEFAULTS, type SoapSettings } from '../../../potentials/descriptors/soap.ts';
import { PotentialError, UsageError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import type { Table } from '../../report/page.ts';
import type { Rung } from '../../tensorflow/rungs.ts';
import { loadTensorflow, rungText } from '../../tensorflow/tensorflow.ts';
import { TrainingCheckpoint } from './checkpoint.ts';
import { type FitRequest, type Fitted, fitModels } from './fit-models.ts';
import { type ModelScore, modelScores, modelScoreTable, namedSets } from './model-scores.ts';
import { Predictor } from './predictor.ts';
import { checkPredictorTarget, packedPredictor, writePredictor } from './predictor-file.ts';
import { type PredictorModel, RECIPES, type Recipe } from './recipes.ts';
import { metalOfSnapshots, readSnapshots, type Snapshot, type SnapshotRequest } from './snapshots.ts';
import { type Split, splitSnapshots } from './split.ts';
import type { SplitRule } from './split-rule.ts';
import { outputFiles } from './training-output.ts';

export interface TrainRequest extends Omit<SnapshotRequest, 'files'> {
  /** Files of labelled frames. */
  readonly training: readonly string[];
  /** Files of labelled frames that are only predicted and scored. */
  readonly tests: readonly string[];
  readonly output: string;
  readonly split: SplitRule;
  readonly splitSeed: number;
  /** The first is the predictor that is written; the others are compared with it. */
  readonly models: readonly PredictorModel[];
  /** Changes of the recipe, of every model. */
  readonly changes: Partial<Recipe>;
  readonly soap?: Partial<Omit<SoapSettings, 'species'>>;
  readonly seeds: number;
  readonly seed: number;
  /** Engine of TensorFlow.js; otherwise the best that works. */
  readonly rung?: Rung;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: FitRequest['onProgress'];
  readonly onMember?: FitRequest['onMember'];
  /** Told once which engine trains. */
  onEngine?(text: string): void;
}

export interface TrainSummary {
  readonly interrupted: boolean;
  readonly scores: readonly ModelScore[];
  /** The scores as they are shown. */
  readonly table: Table;
  /** What was written, in words. */
  readonly written: string;
  readonly engine: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** States of the networks of an interrupted training. */
  readonly checkpoint: string;
}

/**
 * Trains predictors of the conductance of wires on labelled frames, scores them beside the cross-section baseline and writes the
 * directory. Interrupted, it keeps the state of its networks beside the output, from which `resume` goes on. Throws MissingDataError
 * for frames without labels or wires, UsageError for an output that is something else, ProgramError without TensorFlow.js.
 */
export async function trainPredictor(request: TrainRequest): Promise<TrainSummary> {
  const { output, signal } = request;
  const started = Date.now();
  const cpu = process.cpuUsage();
  await checkOutput(request);
  const { split, sets } = await readSets(request);
  const engine = await loadTensorflow(request.rung);
  const engineText = rungText(engine);
  request.onEngine?.(engineText);
  const settings = fitSettings(request);
  const folder = `${output}.checkpoint`;
  const checkpoint = await TrainingCheckpoint.open(folder, identityOf(request, split, settings), request.resume);
  const [training, validation] = [split.training, split.validation];
  const tests = sets.filter(([, set]) => set !== training && set !== validation);
  let fitted: Fitted;
  try {
    fitted = await fitModels(engine.tf, { training, validation, tests }, settings, checkpoint);
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    return { ...times(started, cpu), ...summaryOf([], engineText, output), interrupted: true };
  }
  const scores = modelScores(fitted, sets);
  const summary = { ...times(started, cpu), ...summaryOf(scores, engineText, output), interrupted: fitted.interrupted };
  if (fitted.interrupted) return summary;
  if (fitted.models.length === 0) {
    await checkpoint.remove();
    return { ...summary, written: 'nothing was written' };
  }
  const difference = checkedFold(fitted, sets[0][1].length > 0 ? sets[0] : sets[sets.length - 1]);
  const facts = {
    ...factsOf(request, split, settings),
    engine: engineText,
    features: fitted.features,
    foldDifference: difference,
    wallSeconds: summary.seconds,
    cpuSeconds: summary.cpuSeconds,
  };
  const [main, ...others] = fitted.models;
  const files = new Map<string, string | Uint8Array>(outputFiles({ fitted, sets, scores, facts }));
  for (const { model, data } of others)
    for (const [name, content] of packedPredictor(data, facts)) files.set(`models/${model}/${name}`, content);
  await writePredictor(output, main.data, facts, files);
  await checkpoint.remove();
  return summary;
}

function summaryOf(scores: readonly ModelScore[], engine: string, output: string) {
  const written = `predictor: ${output}; report: ${join(output, 'report.html')}`;
  return { scores, table: modelScoreTable(scores), written, engine, checkpoint: `${output}.checkpoint` };
}

export function times(started: number, from: NodeJS.CpuUsage) {
  const { user, system } = process.cpuUsage(from);
  return { seconds: (Date.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function checkOutput({ output, overwrite }: Pick<TrainRequest, 'output' | 'overwrite'>): Promise<void> {
  await checkPredictorTarget(output);
  const exists = await access(output).then(
    () => true,
    () => false,
  );
  if (exists && !overwrite) throw new UsageError(`${output} exists: replace it with --overwrite, or choose another`);
}

/** Snapshots of the training files, divided, and of the test files. */
async function readSets(request: TrainRequest) {
  const all = await readSnapshots({ ...request, files: request.training });
  const split = splitSnapshots(all, request.split, request.splitSeed);
  const tests: [string, readonly Snapshot[]][] = split.test.length > 0 ? [['test', split.test]] : [];
  for (const file of request.tests)
    tests.push([file, await readSnapshots({ ...request, files: [file] }, metalOfSnapshots(all))]);
  return { split, sets: namedSets(tests, split.training, split.validation) };
}

export function fitSettings(request: TrainRequest): FitRequest {
  const { models, changes, soap, seeds, seed, signal, onProgress, onMember } = request;
  const recipes = Object.fromEntries(
    Object.entries(RECIPES).map(([model, recipe]) => [model, { ...recipe, ...changes }]),
  ) as Record<PredictorModel, Recipe>;
  return {
    models,
    recipes,
    soap: { ...SOAP_DEFAULTS, ...soap },
    seeds,
    seed,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onMember && { onMember }),
  };
}

/** A checkpoint fits when snapshots, labels and settings are the same. */
function identityOf(request: TrainRequest, split: Split, { recipes, soap }: FitRequest): string {
  const list = (set: readonly Snapshot[]) => set.map((s) => [s.trajectory, s.index, s.conductance, s.crossSection]);
  return JSON.stringify([recipes, soap, request.seed, list(split.training), list(split.validation)]);
}

function factsOf(request: TrainRequest, split: Split, { recipes, soap, models }: FitRequest) {
  const names = (set: readonly Snapshot[]) => [...new Set(set.map((s) => s.trajectory))];
  const version = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version as string;
  return {
    versions: { 'nnp-bridge': version, node: process.versions.node },
    data: request.training,
    tests: request.tests,
    label: request.key ?? 'first known key',
    snapshots: { training: split.training.length, validation: split.validation.length, test: split.test.length },
    trajectories: { training: names(split.training), validation: names(split.validation), test: names(split.test) },
    split: { ...request.split, seed: request.splitSeed },
    seeds: Array.from({ length: request.seeds }, (_, k) => request.seed + k),
    soap_A: soap,
    recipes: Object.fromEntries(models.map((model) => [model, recipes[model]])),
  };
}

/** Snapshots on which the folded network is compared with the trained one, and how far they may differ (relative to 1 + G). */
const COMPARED = 10;
const FOLD_TOLERANCE = 1e-4;

/** Largest difference between TensorFlow.js and the predictor that is written. Throws PotentialError when it is not rounding. */
function checkedFold(fitted: Fitted, [name, snapshots]: readonly [string, readonly Snapshot[]]): number {
  let worst = 0;
  for (const { data, predictions } of fitted.models) {
    const predictor = new Predictor(data);
    const step = Math.max(1, Math.floor(snapshots.length / COMPARED));
    for (let k = 0; k < snapshots.length; k += step)
      predictor.members(snapshots[k].wire).forEach((g, m) => {
        const trained = predictions.get(name)?.[m][k] ?? Number.NaN;
        const difference = Math.abs(g - trained) / (1 + Math.abs(trained));
        if (!(difference <= FOLD_TOLERANCE))
          throw new PotentialError(`${data.model}: the folded network gives ${g} G0, the trained one ${trained}`);
        worst = Math.max(worst, difference);
      });
  }
  return worst;
}
