import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Labeller } from '../label/labeller.ts';
import { openLabeller, readLabellerSpec } from '../label/open-labeller.ts';
import { packageVersion } from '../train/run-record.ts';
import { type LearnEvent, type LearnOutcome, learn } from './learn.ts';
import { parseLearnConfig } from './learn-config.ts';
import { writeReport } from './report/write-report.ts';
import { writeRecord } from './stage.ts';

export interface LearnRequest {
  /** YAML file. */
  readonly config: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onDiagnostic: DiagnosticSink;
  readonly onEvent: (event: LearnEvent) => void;
}

/** Runs or continues the loop of a configuration file; writes the report of all rounds after each, and `run.json` at the end. */
export async function runLearn(request: LearnRequest): Promise<LearnOutcome> {
  const { config: path, folder, ...rest } = request;
  const text = await readFile(path, 'utf8');
  const config = parseLearnConfig(text, path);
  const spec = await readLabellerSpec(config.labeller, dirname(path));
  const started = new Date();
  const title = `Active learning of ${basename(resolve(path), extname(path))}`;
  let labeller: Labeller | undefined;
  const outcome = await learn({
    ...rest,
    config,
    folder,
    openLabeller: async () => {
      labeller = await openLabeller(spec, { scratch: resolve(folder, 'scratch'), cores: config.cores });
      return labeller;
    },
    onRound: (rounds, store) =>
      writeReport({ folder, title, config, rounds, store, onDiagnostic: request.onDiagnostic }),
  });
  await writeRecord(join(folder, 'run.json'), {
    schema: 'nnp-bridge-run/1',
    command: 'learn',
    versions: {
      'nnp-bridge': packageVersion(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
    },
    inputs: { config: { path, sha256: createHash('sha256').update(text).digest('hex') } },
    seed: config.seed,
    started: started.toISOString(),
    ...(labeller && { labeller: labeller.provenance }),
    end: outcome.end,
    labelled: outcome.labelled,
    committee: outcome.committee ?? null,
    rounds: outcome.rounds.map(({ round, select, label, train }) => ({
      round,
      ...select,
      labelled: label.ids.length,
      notLabelled: label.failures.length,
      ...train,
    })),
  });
  return outcome;
}
