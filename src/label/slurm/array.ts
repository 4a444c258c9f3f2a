import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { replaceFile } from '../../store/durable-file.ts';
import { tailOf } from '../run-program.ts';
import type { TemplateDescription } from '../template/description.ts';
import { EXIT_FILE, jobScript, SCRIPT, TASKS } from './job-script.ts';
import { jobNamed, slurmCommand, tasksInQueue } from './scheduler.ts';
import type { SlurmSettings } from './settings.ts';

/** In the folder of an array: the number that SLURM gave it. */
const JOB = 'job';
/** Looks at the queue that must miss a task without a result before it counts as lost: results may be seen late on network disks. */
const LOOKS = 3;

/** One array of jobs. Its folder says all about it, so that another process can go on with it. */
export class SlurmArray {
  readonly folder: string;
  /** Folders of the tasks, relative to `folder`. */
  readonly tasks: readonly string[];
  readonly #missed = new Map<number, number>();
  #job: string | undefined;
  #queue: ReadonlySet<number> = new Set();

  private constructor(folder: string, tasks: readonly string[], job: string | undefined) {
    this.folder = folder;
    this.tasks = tasks;
    this.#job = job;
  }

  /** Submits the tasks. Throws ProgramError with what `sbatch` says. */
  static async submit(
    folder: string,
    tasks: readonly string[],
    { template, settings }: { readonly template: TemplateDescription; readonly settings: SlurmSettings },
  ): Promise<SlurmArray> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, SCRIPT), jobScript(template, settings, basename(folder)));
    await replaceFile(join(folder, TASKS), `${tasks.join('\n')}\n`);
    const options = ['--parsable', `--array=0-${tasks.length - 1}`, ...settings.options];
    const said = await slurmCommand('sbatch', [...options, SCRIPT, folder], folder);
    const job = /^(\d+)/.exec(said.trim())?.[1];
    if (job === undefined) throw new Error(`sbatch --parsable did not give a job number but "${said.trim()}"`);
    const array = new SlurmArray(folder, tasks, job);
    await replaceFile(join(folder, JOB), `${job}\n`);
    return array;
  }

  /**
   * The array of an earlier process in this folder. One that was submitted although the process died before it could write down the
   * number is found by its name; undefined for one that never was.
   */
  static async reopen(folder: string): Promise<SlurmArray | undefined> {
    const tasks = (await readFile(join(folder, TASKS), 'utf8').catch(() => '')).split('\n').filter(Boolean);
    if (tasks.length === 0) return undefined;
    const written = (await readFile(join(folder, JOB), 'utf8').catch(() => '')).trim();
    const job = /^\d+$/.test(written) ? written : await jobNamed(basename(folder), folder);
    const array = new SlurmArray(folder, tasks, job);
    if (job !== undefined) await replaceFile(join(folder, JOB), `${job}\n`);
    else if (!(await array.#anyExit())) return undefined;
    return array;
  }

  /** Asks SLURM what it still has. */
  async look(): Promise<void> {
    this.#queue = this.#job === undefined ? new Set() : await tasksInQueue(this.#job, this.folder);
  }

  /** SLURM had the task when it was last looked at. */
  isQueued(task: number): boolean {
    return this.#queue.has(task);
  }

  /** Exit code of a task, `lost` when SLURM no longer has it and it left none, undefined while it waits or runs. */
  async outcome(task: number): Promise<number | 'lost' | undefined> {
    const text = await readFile(join(this.folder, this.tasks[task], EXIT_FILE), 'utf8').catch(() => undefined);
    if (text !== undefined) return Number.parseInt(text, 10);
    if (this.#queue.has(task)) {
      this.#missed.delete(task);
      return undefined;
    }
    const missed = (this.#missed.get(task) ?? 0) + 1;
    this.#missed.set(task, missed);
    return missed >= LOOKS ? 'lost' : undefined;
  }

  /** Takes tasks out of the queue, running or not. */
  async cancel(tasks: readonly number[]): Promise<void> {
    if (this.#job === undefined || tasks.length === 0) return;
    await slurmCommand(
      'scancel',
      tasks.map((task) => `${this.#job}_${task}`),
      this.folder,
    );
  }

  /** What `sacct` and SLURM's own output say of a lost task; empty where there is neither. */
  async history(task: number): Promise<string> {
    const args = ['--noheader', '--parsable2', `--jobs=${this.#job}_${task}`, '--format=State,ExitCode,NodeList'];
    const states = (await slurmCommand('sacct', args, this.folder).catch(() => '')).trim().split('\n')[0];
    return `${states}\n${await tailOf(join(this.folder, `slurm-${task}.txt`))}`.trim();
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #anyExit(): Promise<boolean> {
    for (const task of this.tasks)
      if ((await readFile(join(this.folder, task, EXIT_FILE), 'utf8').catch(() => undefined)) !== undefined)
        return true;
    return false;
  }
}
