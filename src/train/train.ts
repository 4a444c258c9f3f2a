import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { choosePotential } from '../../potentials/kernels/ladder.ts';
import type { Potential } from '../../potentials/potential.ts';
import { openFrames } from '../convert/open.ts';
import { MissingDataError, UsageError } from '../core/errors.ts';
import { isTensorflow, trainingBackend } from './backend.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { type ComparedSet, comparedSet } from './compared-set.ts';
import { parseConfig, type TrainConfig } from './config.ts';
import { checkData } from './data-checks.ts';
import { buildDataset, type Dataset } from './dataset.ts';
import { errorReportPage } from './error-report.ts';
import { generatedConfig } from './generated-config.ts';
import { type LabelledFrame, labelledFrames } from './labelled-frames.ts';
import { learningCurveCsv } from './learning-curve.ts';
import type { Networks } from './networks.ts';
import { newTrainer } from './new-trainer.ts';
import { RandomStream } from './random-stream.ts';
import { runFacts, runRecord } from './run-record.ts';
import { splitIndices } from './split.ts';
import { structuresCsv } from './structure-errors.ts';
import { trainedModel } from './trained-model.ts';
import type { StopReason, Trainer, TrainerRecord } from './trainer.ts';
import type { Identity, TrainOptions, TrainResult } from './training-run.ts';
import { writeTrained } from './write-trained.ts';

/** The structures alone may take this much before the configuration is known. */
const MEMORY_GB = 4;

/**
 * Trains a potential and writes it as an n2p2 directory with `potential.json`, `learning-curve.csv`, `run.json` and the
 * configuration. Everything random follows from the seed. Throws FormatError, MissingDataError, PotentialError, UsageError.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const checkpointPath = checkpointOf(options.output);
  await checkOutput(options, checkpointPath);
  if (options.test !== undefined) await access(options.test);
  const given = options.config === undefined ? undefined : await readFile(options.config, 'utf8');
  if (given !== undefined) parseConfig(given, options.config ?? '');
  const labelled = await collect(await openLabelled(options.data, options), MEMORY_GB);
  checkData(labelled, options.onDiagnostic);
  const configText = given ?? generatedConfig(labelled, isTensorflow(options.backend ?? {}) ? 'adam' : 'ekf');
  const config = parseConfig(configText, options.config ?? 'generated configuration');
  const identity: Identity = {
    data: await sha256OfData(options.data),
    config: createHash('sha256').update(configText).digest('hex'),
    seed: options.seed,
  };
  const saved = options.resume
    ? await readCheckpoint<{ identity: Identity; trainer: TrainerRecord }>(checkpointPath)
    : undefined;
  if (saved) checkIdentity(saved.record.identity, identity, checkpointPath);

  const startedAt = new Date();
  const backend = await trainingBackend(options.backend ?? {}, config.optimiser);
  options.onBackend?.(backend.description);
  const dataset = await describeData(labelled, options, config);
  const random = new RandomStream(options.seed + 2, saved?.record.trainer.draws);
  const epochs = options.epochs ?? config.epochs;
  const { trainer, networks } = newTrainer({ dataset, config, backend, epochs, seed: options.seed, random });
  if (saved) trainer.restore(saved.record.trainer, saved.arrays);

  const save = () =>
    writeCheckpoint(checkpointPath, { record: { identity, trainer: trainer.record() }, arrays: trainer.arrays() });
  const stop = await trainer.run({
    epochs,
    patience: config.patience,
    ...(options.signal && { signal: options.signal }),
    ...(options.timeLimit !== undefined && { timeLimit: options.timeLimit }),
    onUpdate: (done, total) => options.onProgress?.('training', done, total),
    onEpoch: async (row) => {
      options.onEpoch?.(row);
      await save();
    },
  });
  await save();

  return finish(options, stop, {
    ...{ config, configText, identity, dataset, networks, trainer, startedAt },
    backend: backend.description,
  });
}

interface Run {
  readonly config: TrainConfig;
  readonly configText: string;
  readonly identity: Identity;
  readonly dataset: Dataset;
  readonly networks: Networks;
  readonly trainer: Trainer;
  readonly startedAt: Date;
  readonly backend: string;
}

/** Takes the kept weights, writes the potential and measures it. */
async function finish(options: TrainOptions, stop: StopReason, run: Run): Promise<TrainResult> {
  const { trainer, networks, dataset, config } = run;
  const record = trainer.record();
  networks.weights.set(trainer.keptWeights);
  const model = trainedModel(dataset.elements, config, networks);
  const { potential } = choosePotential(model, 'trained');
  const sets = record.epoch > 0 ? await compareAll(potential, dataset, options) : [];
  const metricsOf = (name: string) => sets.find((set) => set.name === name)?.metrics;
  const validation = metricsOf('validation');
  const test = metricsOf('test');
  const result: TrainResult = {
    stop,
    epochs: record.epoch,
    bestEpoch: record.bestEpoch,
    keptEpoch: record.keptEpoch,
    cpuSeconds: record.cpuSeconds,
    checkpoint: checkpointOf(options.output),
    errors: {
      training: metricsOf('training') ?? trainer.errors(dataset.training),
      ...(validation && { validation }),
      ...(test && { test }),
    },
    written: record.epoch > 0,
  };
  if (!result.written) return result;
  const recordText = runRecord({ ...run, options, result, parameters: networks.weights.length });
  const report = errorReportPage({
    title: `Training of ${basename(resolve(options.output))}`,
    facts: runFacts({ ...run, options, result, parameters: networks.weights.length }),
    sets,
    curve: record.curve,
  });
  await writeTrained({
    model,
    directory: options.output,
    dataset,
    networks,
    manifest: config.source === undefined ? {} : { source: config.source },
    files: new Map([
      ['learning-curve.csv', learningCurveCsv(record.curve)],
      ['train.yaml', run.configText],
      ['run.json', recordText],
      ['structures.csv', structuresCsv(sets)],
      ['report.html', report],
    ]),
  });
  return result;
}

/** Errors over the parts of the data, and over the test file where there is one. */
async function compareAll(potential: Potential, dataset: Dataset, options: TrainOptions): Promise<ComparedSet[]> {
  const parts = { training: dataset.trainingFrames, validation: dataset.validationFrames, test: dataset.testFrames };
  const sets: ComparedSet[] = [];
  for (const [name, frames] of Object.entries(parts))
    if (frames.length > 0 && (name !== 'test' || options.test === undefined))
      sets.push(await comparedSet(name, potential, frames));
  if (options.test !== undefined)
    sets.push(await comparedSet('test', potential, await openLabelled(options.test, options)));
  return sets;
}

function describeData(
  labelled: readonly LabelledFrame[],
  options: TrainOptions,
  config: TrainConfig,
): Promise<Dataset> {
  const split = splitIndices(
    labelled.map(({ group }) => group),
    { rule: config.split, validation: config.validation, test: config.test },
    new RandomStream(options.seed),
  );
  return buildDataset(labelled, split, config, {
    sink: options.onDiagnostic,
    onProgress: (done, total) => options.onProgress?.('descriptors', done, total),
    signal: options.signal,
  });
}

async function openLabelled(path: string, { read, onDiagnostic }: TrainOptions): Promise<AsyncIterable<LabelledFrame>> {
  const { frames } = await openFrames(undefined, { ...read, path, onDiagnostic, strict: true });
  return labelledFrames(frames, path, onDiagnostic);
}

/** Positions and forces, 49 bytes an atom; descriptors will take many times that, so this is the first to say no. */
async function collect(frames: AsyncIterable<LabelledFrame>, memoryGB: number): Promise<LabelledFrame[]> {
  const kept: LabelledFrame[] = [];
  let bytes = 0;
  for await (const labelled of frames) {
    bytes += 49 * labelled.frame.natoms;
    if (bytes > memoryGB * 1e9)
      throw new UsageError(`the structures alone take more than memory_gb: ${memoryGB}; allow more, or train on fewer`);
    kept.push(labelled);
  }
  return kept;
}

function checkpointOf(output: string): string {
  return `${output.replace(/[\\/]+$/, '')}.checkpoint`;
}

/** Nothing that stands is overwritten without being told so, and nothing is found out only after training. */
async function checkOutput({ output, resume, overwrite }: TrainOptions, checkpoint: string): Promise<void> {
  const names: string[] = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`${output}: expected a directory or nothing (${error.code})`);
  });
  const saved = await stat(checkpoint).catch(() => undefined);
  if (resume && !saved) throw new UsageError(`--resume: there is no ${checkpoint}`);
  if (names.length > 0 && !names.includes('input.nn'))
    throw new UsageError(`${output} exists and holds no potential: choose another directory`);
  if (resume || overwrite) return;
  if (names.length > 0 || saved)
    throw new UsageError(
      `${names.length > 0 ? output : checkpoint} exists; continue it with --resume or replace it with --overwrite`,
    );
}

function checkIdentity(saved: Identity, now: Identity, path: string): void {
  for (const key of ['data', 'config', 'seed'] as const)
    if (saved[key] !== now[key])
      throw new MissingDataError(
        `${path} was made with another ${key === 'data' ? 'data file' : key === 'config' ? 'configuration' : 'seed'}`,
        'resume with the same, or start anew with --overwrite',
      );
}

/** Of a file, or of the files of a folder; of a store the shards, as what stands beside them is no data. */
async function sha256OfData(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await stat(path)).isDirectory() ? await filesIn(path) : [path])
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const shards = entries.filter(({ name }) => /^shard-\d+\.extxyz$/.test(name));
  const files = entries.some(({ name }) => name === 'manifest.json') && shards.length > 0 ? shards : entries;
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
