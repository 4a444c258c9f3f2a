import type { ReadOptions } from '../../formats/format.ts';
import { type LoadOptions, loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../convert/open.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { comparedSet } from './compared-set.ts';
import { errorReportPage } from './error-report.ts';
import { errorTable } from './error-table.ts';
import { labelledFrames } from './labelled-frames.ts';
import { metricsAsJson } from './metrics.ts';

export interface DatasetRequest {
  /** Directories of potentials. */
  readonly potentials: readonly string[];
  /** File of labelled structures in any format that is read. */
  readonly dataset: string;
  readonly format?: string;
  readonly json: boolean;
  /** HTML file to write as well. */
  readonly report?: string;
  readonly load: LoadOptions;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly print: (text: string) => Promise<void>;
}

/**
 * Prints the errors of potentials over a file of labelled structures: a table by group, or JSON (one object for one potential, a list
 * for several). Throws PotentialError naming the structure that cannot be evaluated.
 */
export async function compareOnDataset(request: DatasetRequest): Promise<void> {
  const { dataset, format, json, print, read, report } = request;
  const sets = [];
  for (const directory of request.potentials) {
    const potential = await loadPotential(directory, request.load);
    const { frames } = await openFrames(format, { ...read, path: dataset });
    sets.push(await comparedSet(directory, potential, labelledFrames(frames, dataset, read.onDiagnostic)));
  }
  if (report !== undefined) {
    const facts = request.potentials.map((directory, k) => [`potential ${k + 1}`, directory] as const);
    const page = errorReportPage({ title: 'Errors of potentials', facts: [['data', dataset], ...facts], sets });
    await writeBytes(report, once(page));
  }
  const results = sets.map(({ name, metrics }) => ({ potential: name, dataset, ...metricsAsJson(metrics) }));
  if (json) return print(`${JSON.stringify(results.length === 1 ? results[0] : results)}\n`);
  await print(errorTable(Object.fromEntries(sets.map(({ name, metrics }) => [name, metrics]))));
}

async function* once(text: string): AsyncGenerator<string, void> {
  yield text;
}
