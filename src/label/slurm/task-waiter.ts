import { ProgramError } from '../../core/errors.ts';
import type { SlurmArray } from './array.ts';

/** One job of an array. */
export interface Task {
  readonly array: SlurmArray;
  readonly index: number;
}

interface Waiting {
  readonly task: Task;
  readonly resolve: (outcome: number | 'lost') => void;
  readonly reject: (error: unknown) => void;
}

/** Looks at the queue that may fail one after another before waiting ends: the controller may be restarted meanwhile. */
const PATIENCE = 30;

/** Waits for tasks of arrays, with one look at the queue for all of them. */
export class TaskWaiter {
  readonly #poll: number;
  readonly #waiting = new Set<Waiting>();
  readonly #cancelled: Promise<void>[] = [];
  #givenUp: Task[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  /** `poll`: seconds between two looks. */
  constructor(poll: number) {
    this.#poll = poll;
  }

  /** Exit code of a task, or `lost`. When aborted the task is taken out of the queue and the reason thrown. */
  async wait(task: Task, signal: AbortSignal): Promise<number | 'lost'> {
    if (signal.aborted) {
      this.#giveUp(task);
      throw signal.reason;
    }
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        task,
        resolve: (outcome) => end(() => resolve(outcome)),
        reject: (error) => end(() => reject(error)),
      };
      const stop = () => {
        this.#giveUp(task);
        entry.reject(signal.reason);
      };
      const end = (tell: () => void) => {
        this.#waiting.delete(entry);
        signal.removeEventListener('abort', stop);
        tell();
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.add(entry);
      this.#timer ??= setTimeout(() => void this.#look(), 0);
    });
  }

  /** Resolves when what was given up is out of the queue. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#cancelled);
  }

  async #look(): Promise<void> {
    try {
      for (const array of new Set([...this.#waiting].map(({ task }) => task.array))) await array.look();
      for (const { task, resolve } of [...this.#waiting]) {
        const outcome = await task.array.outcome(task.index);
        if (outcome !== undefined) resolve(outcome);
      }
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof ProgramError) || ++this.#failures >= PATIENCE)
        for (const { reject } of [...this.#waiting]) reject(error);
    }
    this.#timer = this.#waiting.size > 0 ? setTimeout(() => void this.#look(), 1000 * this.#poll) : undefined;
  }

  /** Tasks given up at the same time go with one command for each array. */
  #giveUp(task: Task): void {
    this.#givenUp.push(task);
    if (this.#givenUp.length > 1) return;
    const cancel = async () => {
      const tasks = this.#givenUp;
      this.#givenUp = [];
      for (const array of new Set(tasks.map((one) => one.array))) {
        const indices = tasks.filter((one) => one.array === array).map(({ index }) => index);
        await array.cancel(indices).catch(() => {}); // what runs on is found again by the next process
      }
    };
    this.#cancelled.push(new Promise((done) => setImmediate(() => void cancel().then(done))));
  }
}
