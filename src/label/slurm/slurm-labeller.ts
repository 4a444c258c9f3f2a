import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { structureHash } from '../../convert/content-hash.ts';
import { LabelError, ProgramError } from '../../core/errors.ts';
import type { Frame, InfoValue } from '../../core/frame.ts';
import { collect, keepTail, prepare, structureFault, templateProvenance } from '../by-command.ts';
import type { Labelled, Labeller } from '../labeller.ts';
import { place } from '../lammps-box.ts';
import type { ProgramEnd } from '../run-program.ts';
import type { TemplateDescription } from '../template/description.ts';
import type { Words } from '../template/render.ts';
import { SlurmArray } from './array.ts';
import { slurmCommand } from './scheduler.ts';
import type { SlurmSettings } from './settings.ts';
import { type Task, TaskWaiter } from './task-waiter.ts';

/** Folders of arrays in the scratch folder. */
const ARRAY = /^nnp-[0-9a-f]{16}$/;

interface Wanted {
  readonly frame: Frame;
  readonly name: string;
  readonly values: Words;
  readonly submitted: (task: Task) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * An outside program by template in the queue of SLURM: frames that are asked for at about the same time become one array of jobs. The
 * arrays of an earlier process that left its scratch folder behind are taken up again: what they finished is collected, what they still
 * compute is waited for, and nothing is submitted twice.
 */
export class SlurmLabeller implements Labeller {
  readonly provenance: Readonly<Record<string, InfoValue>>;
  readonly concurrency: number;
  readonly #template: TemplateDescription;
  readonly #settings: SlurmSettings;
  readonly #scratch: string;
  readonly #waiter: TaskWaiter;
  readonly #arrays: SlurmArray[] = [];
  /** Tasks by name: those of earlier processes, and the ones of this one. */
  readonly #tasks = new Map<string, Task>();
  readonly #done = new Set<Task>();
  #batch: Wanted[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(template: TemplateDescription, settings: SlurmSettings, scratch: string) {
    this.#template = template;
    this.#settings = settings;
    this.#scratch = scratch;
    this.#waiter = new TaskWaiter(settings.poll);
    this.concurrency = template.concurrency ?? settings.arraySize;
    this.provenance = templateProvenance(template);
  }

  /** Throws ProgramError when SLURM does not answer. */
  static async open(template: TemplateDescription, settings: SlurmSettings, scratch: string): Promise<SlurmLabeller> {
    await mkdir(scratch, { recursive: true });
    await slurmCommand('squeue', ['--version'], scratch);
    const labeller = new SlurmLabeller(template, settings, scratch);
    await labeller.#takeUp();
    return labeller;
  }

  async label(frame: Frame, signal: AbortSignal): Promise<Labelled> {
    signal.throwIfAborted();
    const fault = structureFault(frame, this.#template);
    if (fault) throw new LabelError(`${place(frame)}${this.#template.name}: ${fault}`);
    const attempts = [{}, ...this.#template.retries];
    const reasons: string[] = [];
    for (const [k, values] of attempts.entries()) {
      const task = await this.#task(frame, k, values);
      try {
        return await this.#result(frame, task, signal);
      } catch (error) {
        if (!(error instanceof LabelError)) throw error;
        reasons.push(error.message);
        if (k === attempts.length - 1)
          throw new LabelError(`${place(frame)}${this.#template.name}: ${reasons.join('; then ')}`, error.tail);
      }
    }
    throw new Error('no attempt was made');
  }

  /** Cancels what was given up, and removes the arrays of which everything has been collected. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#waiter.close();
    for (const array of this.#arrays) {
      const own = [...this.#tasks.values()].filter((task) => task.array === array);
      if (own.every((task) => this.#done.has(task))) await array.remove();
    }
  }

  async #takeUp(): Promise<void> {
    for (const name of (await readdir(this.#scratch)).filter((entry) => ARRAY.test(entry))) {
      const array = await SlurmArray.reopen(join(this.#scratch, name));
      if (!array) {
        await rm(join(this.#scratch, name), { recursive: true, force: true }); // never submitted
        continue;
      }
      await array.look();
      this.#arrays.push(array);
      for (const [index, task] of array.tasks.entries())
        if ((await array.outcome(index)) !== undefined || array.isQueued(index))
          this.#tasks.set(task, { array, index });
    }
  }

  async #task(frame: Frame, attempt: number, values: Words): Promise<Task> {
    const key = createHash('sha256').update(structureHash(frame)).update(this.#template.hash).digest('hex');
    const name = `task-${key.slice(0, 32)}-${attempt}`;
    const known = this.#tasks.get(name);
    if (known) return known;
    return new Promise((submitted, failed) => {
      this.#batch.push({ frame, name, values, submitted, failed });
      clearTimeout(this.#timer);
      if (this.#batch.length >= this.#settings.arraySize) void this.#submit();
      else this.#timer = setTimeout(() => void this.#submit(), 1000 * this.#settings.gather);
    });
  }

  async #submit(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length === 0) return;
    const folder = join(this.#scratch, `nnp-${randomBytes(8).toString('hex')}`);
    const names = [...new Set(batch.map(({ name }) => name))];
    try {
      for (const name of names) {
        const { frame, values } = batch.find((wanted) => wanted.name === name) as Wanted;
        await mkdir(join(folder, name), { recursive: true });
        await prepare(this.#template, frame, join(folder, name), values);
      }
      const array = await SlurmArray.submit(folder, names, { template: this.#template, settings: this.#settings });
      this.#arrays.push(array);
      for (const [index, name] of names.entries()) this.#tasks.set(name, { array, index });
      for (const { name, submitted } of batch) submitted(this.#tasks.get(name) as Task);
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  async #result(frame: Frame, task: Task, signal: AbortSignal): Promise<Labelled> {
    const { array, index } = task;
    const outcome = await this.#waiter.wait(task, signal).catch((error: unknown) => {
      if (signal.aborted) this.#done.add(task); // taken out of the queue
      throw error;
    });
    const folder = join(array.folder, array.tasks[index]);
    try {
      if (outcome === 'lost')
        throw new LabelError('SLURM no longer has the job and it left no result', await array.history(index));
      return await collect(this.#template, frame, folder, endOf(outcome));
    } catch (error) {
      if (error instanceof LabelError) {
        this.#tasks.delete(array.tasks[index]); // asked for again, it is tried again
        await keepTail(folder, join(this.#scratch, 'failed')).catch(() => {});
      }
      throw error instanceof ProgramError ? new LabelError(error.message) : error;
    } finally {
      this.#done.add(task);
    }
  }
}

/** What `timeout` of the job script gave. */
function endOf(code: number): ProgramEnd {
  if (code === 124) return { kind: 'timeout' };
  return code > 128 && code < 160 ? { kind: 'signal', signal: `signal ${code - 128}` } : { kind: 'exit', code };
}
