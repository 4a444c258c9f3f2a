import { Worker } from 'node:worker_threads';
import type { Rung } from '../../../potentials/kernels/ladder.ts';
import { PotentialError, ProgramError } from '../../core/errors.ts';
import { type LabelJob, Labeller, type LabelSettings, type WireLabels } from './models.ts';

export type FromLabelWorker =
  | { readonly labels: WireLabels }
  | { readonly failure: string; readonly expected: boolean };

/** Labels wires on several threads; with one, in this thread. */
export class LabelPool {
  readonly size: number;
  /** The program that labels. */
  readonly rung: Rung;
  readonly #threads: LabelThread[];
  readonly #here: Labeller | undefined;

  constructor(settings: LabelSettings, size: number) {
    this.size = size;
    // Made here in any case: settings that cannot work are an error before anything is read.
    const labeller = new Labeller(settings);
    this.rung = labeller.rung;
    this.#here = size === 1 ? labeller : undefined;
    this.#threads = size === 1 ? [] : Array.from({ length: size }, () => new LabelThread(settings));
  }

  /** Labels of a wire. Throws what the model throws; ProgramError when the thread dies. */
  async label(job: LabelJob): Promise<WireLabels> {
    if (this.#here) {
      await new Promise(setImmediate); // signals get their turn
      return this.#here.label(job);
    }
    const free = this.#threads.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best));
    return free.label(job);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class LabelThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve(labels: WireLabels): void; reject(error: Error): void }[] = [];
  #dead: Error | undefined;

  constructor(settings: LabelSettings) {
    this.#worker = new Worker(workerModule(), { workerData: settings });
    this.#worker.on('message', (answer: FromLabelWorker) => {
      const next = this.#waiting.shift();
      if ('labels' in answer) return next?.resolve(answer.labels);
      next?.reject(answer.expected ? new PotentialError(answer.failure) : new Error(answer.failure));
    });
    this.#worker.on('error', (error) => this.#fail(new ProgramError(`a labelling thread failed: ${error.message}`)));
    this.#worker.on('exit', (code) => this.#fail(new ProgramError(`a labelling thread ended (${code})`)));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  label(job: LabelJob): Promise<WireLabels> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    this.#dead = new ProgramError('the labelling threads are closed');
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#dead);
  }
}

/** The compiled worker; from the sources, a module that gets TypeScript loaded in a thread first (Node 20 does not inherit loaders). */
function workerModule(): URL {
  const beside = new URL('./worker.ts', import.meta.url);
  if (!import.meta.url.endsWith('.ts')) return new URL(beside.href.replace(/ts$/, 'js'));
  const tsx = import.meta.resolve('tsx/esm/api');
  const text = `import { register } from '${tsx}'; register(); await import('${beside.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
