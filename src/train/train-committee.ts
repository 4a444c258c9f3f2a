import { type ChildProcess, fork } from 'node:child_process';
import { access, mkdir, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadPotential } from '../../potentials/load.ts';
import { formatManifest, MANIFEST_NAME } from '../../potentials/trained/manifest.ts';
import { openFrames } from '../convert/open.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ProgramError, UsageError } from '../core/errors.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { type ComparedSet, comparedSet } from './compared-set.ts';
import { errorReportPage } from './error-report.ts';
import { labelledFrames } from './labelled-frames.ts';
import { type Metrics, metricsAsJson } from './metrics.ts';
import { structuresCsv } from './structure-errors.ts';
import type { EpochErrors, StopReason } from './trainer.ts';
import type { TrainOptions, TrainResult } from './training-run.ts';

type MemberOptions = Omit<TrainOptions, 'onDiagnostic' | 'onBackend' | 'onProgress' | 'onEpoch' | 'signal'>;
type MemberResult = Omit<TrainResult, 'errors'>;

export type ToMember = { kind: 'train'; options: MemberOptions } | { kind: 'stop' };
export type FromMember =
  | { kind: 'diagnostic'; diagnostic: Diagnostic }
  | { kind: 'progress'; phase: 'descriptors' | 'training'; done: number; total: number }
  | { kind: 'epoch'; row: EpochErrors }
  | { kind: 'done'; result: MemberResult }
  | { kind: 'stopped' }
  | { kind: 'failed'; message: string };

export interface CommitteeOptions extends Omit<TrainOptions, 'onEpoch'> {
  readonly members: number;
  /** Processes at a time; default: as many as there are processors. */
  readonly parallel?: number;
  readonly onEpoch?: (row: EpochErrors, member: number) => void;
}

export interface CommitteeResult {
  /** `interrupted` when not all members could be finished. */
  readonly stop: StopReason;
  readonly members: readonly MemberResult[];
  readonly cpuSeconds: number;
  /** Of the mean of the members: over all data, and over the test file where there is one. */
  readonly errors: Readonly<Record<string, Metrics>>;
  /** False when no committee was written because a member is not there yet. */
  readonly written: boolean;
}

/** Members differ in their seed by this: each uses some seeds after its own. */
const SEED_STEP = 10;

/**
 * Trains potentials that differ in seed (first weights, order, split) in processes side by side, and writes them as a committee: the
 * directories 1, 2, … and a `potential.json` that names them. An interrupted committee is continued with `resume`. Throws what `train`
 * throws, and ProgramError when a process dies.
 */
export async function trainCommittee(options: CommitteeOptions): Promise<CommitteeResult> {
  const { members: count, output } = options;
  const started = Date.now();
  await checkOutput(options);
  await mkdir(output, { recursive: true });
  const run = new MemberRun(options);
  const results = await run.all(options.parallel ?? availableParallelism());
  const members = results.filter((result) => result !== undefined);
  const cpuSeconds = members.reduce((sum, member) => sum + member.cpuSeconds, 0);
  const complete = members.length === count && members.every(({ written }) => written);
  if (!complete) return { stop: 'interrupted', members, cpuSeconds, errors: {}, written: false };
  const manifest = { format: 'committee', members: members.map((_, k) => String(k + 1)) };
  await write(join(output, MANIFEST_NAME), formatManifest(manifest));
  const sets = await compareAll(options);
  const errors = Object.fromEntries(sets.map(({ name, metrics }) => [name, metrics]));
  const wallSeconds = (Date.now() - started) / 1000;
  await writeRecords(options, { members, cpuSeconds, wallSeconds, sets });
  const stopped = members.find(({ stop }) => stop === 'interrupted' || stop === 'time limit');
  return { stop: stopped?.stop ?? 'finished', members, cpuSeconds, errors, written: true };
}

/** The processes of a committee. */
class MemberRun {
  readonly #options: CommitteeOptions;
  /** Updates done and to do, by member. */
  readonly #progress = new Map<number, { done: number; total: number }>();

  constructor(options: CommitteeOptions) {
    this.#options = options;
  }

  /** Results in the order of the members; undefined for one that was stopped before it had anything. */
  async all(parallel: number): Promise<(MemberResult | undefined)[]> {
    const results: (MemberResult | undefined)[] = new Array(this.#options.members).fill(undefined);
    const children = new Set<ChildProcess>();
    const stop = () => {
      for (const child of children) if (child.connected) child.send({ kind: 'stop' } satisfies ToMember);
    };
    this.#options.signal?.addEventListener('abort', stop);
    let next = 0;
    const work = async () => {
      while (next < results.length && !this.#options.signal?.aborted) {
        const member = next++;
        results[member] = await this.#one(member, children);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(parallel, results.length) }, work));
    } finally {
      this.#options.signal?.removeEventListener('abort', stop);
      for (const child of children) child.kill('SIGKILL');
    }
    return results;
  }

  async #one(member: number, children: Set<ChildProcess>): Promise<MemberResult | undefined> {
    const options = await memberOptions(this.#options, member);
    const child = fork(memberScript(), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.add(child);
    try {
      return await new Promise((resolve, reject) => {
        const name = `member ${member + 1} of the committee`;
        child.once('error', (error) => reject(new ProgramError(`${name} does not start: ${error.message}`)));
        child.once('exit', (code, signal) => reject(new ProgramError(`${name} ended with ${signal ?? code}`)));
        child.on('message', (message: FromMember) => {
          if (message.kind === 'done') resolve(message.result);
          else if (message.kind === 'stopped') resolve(undefined);
          else if (message.kind === 'failed') reject(new ProgramError(`${name}: ${message.message}`));
          else this.#heard(message, member);
        });
        child.send({ kind: 'train', options } satisfies ToMember);
      });
    } finally {
      children.delete(child);
    }
  }

  #heard(message: FromMember, member: number): void {
    const { onDiagnostic, onEpoch, onProgress, members } = this.#options;
    // What the data are like is the same for all.
    if (message.kind === 'diagnostic' && member === 0) onDiagnostic(message.diagnostic);
    if (message.kind === 'epoch') onEpoch?.(message.row, member + 1);
    if (message.kind !== 'progress' || message.phase !== 'training') return;
    this.#progress.set(member, message);
    let done = 0;
    for (const part of this.#progress.values()) done += part.done;
    onProgress?.('training', done, members * message.total);
  }
}

async function memberOptions(options: CommitteeOptions, member: number): Promise<MemberOptions> {
  const {
    members: _,
    parallel: __,
    onDiagnostic: ___,
    onBackend: _______,
    onProgress: ____,
    onEpoch: _____,
    signal: ______,
    ...plain
  } = options;
  const output = join(options.output, String(member + 1));
  const begun = options.resume && (await exists(`${output}.checkpoint`));
  return { ...plain, output, seed: options.seed + SEED_STEP * member, resume: begun === true };
}

function memberScript(): URL {
  const beside = new URL('./member-process.ts', import.meta.url);
  return import.meta.url.endsWith('.ts') ? beside : new URL(beside.href.replace(/ts$/, 'js')); // compiled
}

async function checkOutput({ output, resume, overwrite }: CommitteeOptions): Promise<void> {
  const names: string[] = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`${output}: expected a directory or nothing (${error.code})`);
  });
  const visible = names.filter((name) => !name.startsWith('.')); // others are files that were being written when it was killed
  if (visible.length === 0) return;
  const own = visible.some((name) => /^\d+(\.checkpoint)?$/.test(name));
  if (!own) throw new UsageError(`${output} exists and holds no committee: choose another directory`);
  if (!resume && !overwrite)
    throw new UsageError(`${output} exists; continue it with --resume or replace it with --overwrite`);
}

async function compareAll(options: CommitteeOptions): Promise<ComparedSet[]> {
  const { output, data, test, read, onDiagnostic } = options;
  const committee = await loadPotential(output, { onDiagnostic });
  const sets: ComparedSet[] = [];
  for (const [name, path] of [
    ['data', data],
    ['test', test],
  ] as const) {
    if (path === undefined) continue;
    // The members have reported about the data already.
    const quiet = name === 'data' ? () => {} : onDiagnostic;
    const { frames } = await openFrames(undefined, { ...read, path, onDiagnostic: quiet, strict: true });
    sets.push(await comparedSet(name, committee, labelledFrames(frames, path, quiet)));
  }
  return sets;
}

interface CommitteeFacts {
  readonly members: readonly MemberResult[];
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly sets: readonly ComparedSet[];
}

async function writeRecords(options: CommitteeOptions, facts: CommitteeFacts): Promise<void> {
  const { output, data, seed } = options;
  const { members, cpuSeconds, wallSeconds, sets } = facts;
  const record = {
    schema: 'nnp-bridge-run/1',
    command: 'train',
    inputs: { data: { path: data } },
    seed,
    members: members.map((member, k) => ({ directory: String(k + 1), seed: seed + SEED_STEP * k, ...member })),
    cpuSeconds,
    wallSeconds,
    errors: Object.fromEntries(sets.map(({ name, metrics }) => [name, metricsAsJson(metrics)])),
  };
  await write(join(output, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
  await write(join(output, 'structures.csv'), structuresCsv(sets));
  const rows = [
    ['data', data],
    ['members', members.length],
    ['epochs of the members', members.map(({ epochs }) => epochs).join(', ')],
    ['CPU time / s', cpuSeconds.toFixed(1)],
    ['wall time / s', wallSeconds.toFixed(1)],
  ] as const;
  await write(join(output, 'report.html'), errorReportPage({ title: 'Committee', facts: rows, sets }));
}

function write(path: string, text: string): Promise<void> {
  return writeBytes(
    path,
    (async function* () {
      yield text;
    })(),
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
