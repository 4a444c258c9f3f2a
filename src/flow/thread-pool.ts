import { Worker } from 'node:worker_threads';
import { PotentialError, ProgramError } from '../core/errors.ts';

/** What a thread answers to a job; `expected` failures are of the job, others are bugs. */
export type FromThread<Answer> = { readonly answer: Answer } | { readonly failure: string; readonly expected: boolean };

/** Threads of one module that take jobs, each in the order it is given them. */
export class ThreadPool<Job, Answer> {
  readonly size: number;
  readonly #threads: Thread<Job, Answer>[];

  /** Each thread runs `module` and finds `data` as its workerData. */
  constructor(module: URL, data: unknown, size: number) {
    this.size = size;
    this.#threads = Array.from({ length: size }, () => new Thread<Job, Answer>(module, data));
  }

  /** Throws PotentialError for an expected failure of the job, ProgramError when the thread dies. */
  run(job: Job): Promise<Answer> {
    const free = this.#threads.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best));
    return free.run(job);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class Thread<Job, Answer> {
  readonly #worker: Worker;
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  #dead: Error | undefined;

  constructor(module: URL, data: unknown) {
    this.#worker = new Worker(module, { workerData: data });
    this.#worker.on('message', (message: FromThread<Answer>) => {
      const next = this.#waiting.shift();
      if ('answer' in message) return next?.resolve(message.answer);
      next?.reject(message.expected ? new PotentialError(message.failure) : new Error(message.failure));
    });
    this.#worker.on('error', (error) => this.#fail(new ProgramError(`a thread failed: ${error.message}`)));
    this.#worker.on('exit', (code) => this.#fail(new ProgramError(`a thread ended (${code})`)));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  run(job: Job): Promise<Answer> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    this.#dead = new ProgramError('the threads are closed');
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#dead);
  }
}
