import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProgramError, UsageError } from '../../core/errors.ts';
import { launch } from '../../lammps/launch.ts';
import { writeText } from '../../scan/byte-sink.ts';
import { lockFolder } from '../../store/folder-lock.ts';
import { copyScript, FILES, makeJobFolder, type PullResult, pullResult } from './job-folder.ts';
import { type PullJob, type PullSettings, planPulls } from './plan.ts';

const SCHEMA = 'nnp-bridge-pulls/1';

export interface PullRequest {
  /** Folder of the set: a folder for each pull, and what they share. */
  readonly output: string;
  readonly settings: PullSettings;
  readonly count: number;
  /** Lines `pair_style` and `pair_coeff`, as LAMMPS reads them in the folder of a pull. */
  readonly pair: string;
}

export interface PullRun {
  /** LAMMPS executable. */
  readonly lammps: string;
  /** Pulls at a time. */
  readonly jobs: number;
  /** Seconds for one pull; 0 = any. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  onPull(job: PullJob, outcome: PullOutcome, done: number): void;
}

export type PullOutcome = (PullResult & { readonly seconds: number }) | { readonly failure: string };

export interface PullSummary {
  readonly total: number;
  /** Finished before this run. */
  readonly before: number;
  readonly finished: number;
  readonly failed: readonly string[];
}

/**
 * Writes what all pulls of a set share and its list of jobs; gives the pulls and those that are not finished. Throws UsageError for a
 * folder that holds pulls of other settings; more pulls of the same settings may be asked for later.
 */
export async function prepareSet({ output, settings, count, pair }: PullRequest): Promise<{
  readonly jobs: readonly PullJob[];
  readonly open: readonly PullJob[];
}> {
  await mkdir(output, { recursive: true });
  const path = join(output, FILES.jobs);
  const found = await readFile(path, 'utf8').catch(() => undefined);
  let total = count;
  if (found !== undefined) {
    const other = differenceOf(path, found, settings, pair);
    if (other)
      throw new UsageError(`${path}: its pulls have ${other}; give the same options, or another folder with -O`);
    total = Math.max(count, (JSON.parse(found) as { jobs: unknown[] }).jobs.length);
  }
  const jobs = planPulls(settings, total);
  await writeText(path, `${JSON.stringify({ schema: SCHEMA, settings, pair, jobs }, null, 1)}\n`);
  await writeText(join(output, FILES.pair), pair);
  await copyScript(output);
  const open: PullJob[] = [];
  for (const job of jobs) if (!(await pullResult(output, job))) open.push(job);
  return { jobs, open };
}

/** What differs between an earlier set and what is asked for, in words. */
function differenceOf(path: string, text: string, settings: PullSettings, pair: string): string | undefined {
  let before: { schema?: unknown; settings?: Record<string, unknown>; pair?: unknown; jobs?: unknown };
  try {
    before = JSON.parse(text);
  } catch {
    throw new UsageError(`${path}: not a list of pulls; give another folder with -O`);
  }
  if (before.schema !== SCHEMA || !Array.isArray(before.jobs)) return 'another form';
  if (before.pair !== pair) return 'another potential';
  for (const [name, value] of Object.entries(settings))
    if (JSON.stringify(value) !== JSON.stringify(before.settings?.[name]))
      return `${name} ${JSON.stringify(before.settings?.[name])}, not ${JSON.stringify(value)}`;
  return undefined;
}

/**
 * Runs the pulls of a set that are not finished, several at a time. A pull that fails is reported and does not stop the others; after
 * any interruption (kill -9, power) the same call goes on with those that are missing. Throws StoreError when another process works
 * on the folder.
 */
export async function runPulls(request: PullRequest, run: PullRun): Promise<PullSummary> {
  await mkdir(request.output, { recursive: true });
  const lock = await lockFolder(request.output);
  try {
    const { jobs, open } = await prepareSet(request);
    const before = jobs.length - open.length;
    const counts = { finished: 0 };
    const failed: string[] = [];
    const queue = [...open];
    const work = async () => {
      for (let job = queue.shift(); job && !run.signal.aborted; job = queue.shift()) {
        const outcome = await pull(request, job, run);
        if (run.signal.aborted) return;
        if ('failure' in outcome) failed.push(job.name);
        else counts.finished++;
        run.onPull(job, outcome, before + counts.finished);
      }
    };
    await Promise.all(Array.from({ length: Math.min(run.jobs, open.length) }, work));
    return { total: jobs.length, before, finished: counts.finished, failed };
  } finally {
    await lock.release();
  }
}

async function pull({ output, settings }: PullRequest, job: PullJob, run: PullRun): Promise<PullOutcome> {
  const folder = await makeJobFolder(output, settings, job);
  const started = performance.now();
  let said = '';
  const words = [run.lammps, '-in', FILES.input, '-log', FILES.log, '-screen', 'none'];
  try {
    const code = await launch(words, {
      cwd: folder,
      timeout: run.timeout,
      kill: run.signal,
      onOutput: (text) => {
        said = (said + text).slice(-2000);
      },
    });
    const result = await pullResult(output, job);
    if (code === 0 && result) return { ...result, seconds: (performance.now() - started) / 1000 };
    return { failure: `LAMMPS ended with ${code}: ${await lastError(folder, said)}` };
  } catch (error) {
    if (error instanceof ProgramError) return { failure: error.message };
    throw error;
  }
}

/** The last error in the log of LAMMPS, or the end of what it said. */
async function lastError(folder: string, said: string): Promise<string> {
  const log = await readFile(join(folder, FILES.log), 'utf8').catch(() => '');
  const error = /^ERROR.*$/m.exec(log)?.[0] ?? /^ERROR.*$/m.exec(said)?.[0] ?? said.trim().split('\n').at(-1) ?? '';
  return `${error} (${join(folder, FILES.log)})`;
}
