import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { formatSymmetryFunction } from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import { symbolOf } from '../core/elements.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Dataset } from './dataset.ts';
import { metricsAsJson } from './metrics.ts';
import type { Identity, TrainOptions, TrainResult } from './training-run.ts';

interface RunFacts {
  readonly options: TrainOptions;
  readonly identity: Identity;
  readonly dataset: Dataset;
  readonly result: TrainResult;
  readonly startedAt: Date;
  /** What computed. */
  readonly backend: string;
  readonly parameters: number;
}

/** What a reader of a report wants to know first: name and value. */
export function runFacts({
  options,
  dataset,
  result,
  startedAt,
  backend,
  parameters,
}: RunFacts): [string, string | number][] {
  const atoms = dataset.training.reduce((sum, { natoms }) => sum + natoms, 0);
  return [
    ['data', options.data],
    ['configuration', options.config ?? 'made from the data (train.yaml)'],
    ['seed', options.seed],
    ['structures for training / validation', `${dataset.training.length} / ${dataset.validation.length}`],
    ['atoms for training', atoms],
    ['symmetry functions', dataset.elements.map((e) => `${symbolOf(e.z)} ${e.symmetryFunctions.length}`).join(', ')],
    ['weights', parameters],
    ['epochs (kept)', `${result.epochs} (${result.keptEpoch}), ${result.stop}`],
    ['CPU time / s', result.cpuSeconds.toFixed(1)],
    ['wall time / s', ((Date.now() - startedAt.getTime()) / 1000).toFixed(1)],
    ['training throughput / atoms per CPU second', ((atoms * result.epochs) / result.cpuSeconds).toFixed(0)],
    ['computed by', backend],
    ['processor', `${cpus()[0]?.model ?? 'unknown'} (${cpus().length})`],
    ['versions', `nnp-bridge ${packageVersion()}, node ${process.versions.node}, ${process.platform} ${process.arch}`],
  ];
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/** Text of `run.json`: inputs with their hashes, versions, seed, data, timing, errors. */
export function runRecord({ options, identity, dataset, result, startedAt, backend, parameters }: RunFacts): string {
  const { training, validation, test } = result.errors;
  const record = {
    schema: 'nnp-bridge-run/1',
    command: 'train',
    versions: {
      'nnp-bridge': packageVersion(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
    },
    backend,
    hardware: cpus()[0]?.model ?? 'unknown',
    inputs: {
      data: { path: options.data, sha256: identity.data },
      config: { path: options.config ?? 'generated', sha256: identity.config },
    },
    seed: options.seed,
    dataset: {
      training: dataset.training.length,
      validation: dataset.validation.length,
      trainingAtoms: dataset.training.reduce((sum, { natoms }) => sum + natoms, 0),
      descriptorBytes: dataset.bytes,
      rmsForce_eV_per_A: dataset.forceUnit,
    },
    elements: dataset.elements.map(({ z, referenceEnergy, symmetryFunctions }) => ({
      element: symbolOf(z),
      referenceEnergy_eV: referenceEnergy,
      symmetryFunctions: symmetryFunctions.map((f) => formatSymmetryFunction(z, f)),
    })),
    parameters,
    started: startedAt.toISOString(),
    cpuSeconds: result.cpuSeconds,
    wallSeconds: (Date.now() - startedAt.getTime()) / 1000,
    stopped: result.stop,
    epochs: result.epochs,
    bestEpoch: result.bestEpoch,
    keptEpoch: result.keptEpoch,
    errors: {
      training: metricsAsJson(training),
      ...(validation && { validation: metricsAsJson(validation) }),
      ...(test && { test: { path: options.test, ...metricsAsJson(test) } }),
    },
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}
