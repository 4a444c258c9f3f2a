// One thread of a LabelPool (pool.ts): labels the wires it is sent, in order.
import { parentPort, workerData } from 'node:worker_threads';
import { ProjectError } from '../../core/errors.ts';
import { type LabelJob, Labeller, type LabelSettings } from './models.ts';
import type { FromLabelWorker } from './pool.ts';

let labeller: Labeller | undefined;

parentPort?.on('message', (job: LabelJob) => {
  let answer: FromLabelWorker;
  try {
    labeller ??= new Labeller(workerData as LabelSettings);
    answer = { labels: labeller.label(job) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer = { failure: message, expected: error instanceof ProjectError };
  }
  parentPort?.postMessage(answer);
});
