import { availableParallelism } from 'node:os';
import { writeExtxyz } from '../../../formats/extxyz/write.ts';
import type { ReadOptions } from '../../../formats/format.ts';
import type { Backend } from '../../../potentials/kernels/backends.ts';
import type { Rung } from '../../../potentials/kernels/ladder.ts';
import { openFrames } from '../../convert/open.ts';
import { symbolOf } from '../../core/elements.ts';
import { formatLocation, MissingDataError, PotentialError, UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { WireFinder, type WireRule } from '../geometry/find-wire.ts';
import { type MetalWords, metalOf } from '../metals.ts';
import { jobKey, LabelJournal } from './journal.ts';
import {
  Elongation,
  TrajectoryCounter,
  type TrajectoryFrame,
  traceHead,
  traceRow,
  withLabels,
} from './labelled-frame.ts';
import { LeadReference } from './lead-reference.ts';
import type { LabelSettings, ModelName, WireLabels } from './models.ts';
import { LabelPool } from './pool.ts';

export interface LabelRequest {
  readonly inputs: readonly string[];
  readonly format?: string;
  /** extxyz, or a table of traces where the name ends in .csv; .gz compresses, `-` is stdout. */
  readonly output: string;
  readonly models: readonly ModelName[];
  /** The element may be left out where the frames have it. */
  readonly metal: Omit<MetalWords, 'element'> & { readonly element?: string };
  readonly smearing?: number;
  readonly wire: Omit<WireRule, 'z'>;
  /** 0 = as many as there are processors. */
  readonly threads: number;
  /** Default: the fastest that works. */
  readonly backend?: Backend;
  readonly resume: boolean;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly signal: AbortSignal;
  /** `total` is not known for stdin. */
  onProgress(done: number, total: number | undefined): void;
}

export interface LabelSummary {
  readonly frames: number;
  /** Taken from the interrupted run. */
  readonly resumed: number;
  readonly seconds: number;
  readonly threads: number;
  /** The program that labelled. */
  readonly rung: Rung;
  /** Where the labels of an interrupted run are. */
  readonly journal?: string;
}

/**
 * Labels the frames of all inputs with their conductance and writes them. The output appears whole or not at all; until then, and
 * when the run is interrupted or fails, finished labels are in a journal beside it, from which `resume` goes on. Throws the errors of
 * readers, MissingDataError for frames that are no wire, UsageError for an output that is also an input.
 */
export async function labelFiles(request: LabelRequest): Promise<LabelSummary> {
  const { inputs, output, models } = request;
  if (inputs.includes(output)) throw new UsageError(`${output} is an input: give another output`);
  const started = performance.now();
  const total = await countFrames(request);
  const settings = await labelSettings(request);
  const threads = Math.max(1, Math.min(request.threads || availableParallelism(), total ?? Number.POSITIVE_INFINITY));
  const journalPath = output === '-' ? undefined : `${output}.labels.jsonl`;
  const { backend: _, ...identified } = settings;
  const identity = JSON.stringify(identified);
  const journal = journalPath ? await LabelJournal.open(journalPath, identity, request.resume) : undefined;
  // After everything that can fail: threads that nobody closes would keep the process alive.
  const pool = new LabelPool(settings, threads);
  const counts = { frames: 0, resumed: 0 };
  const labelled = labelledFrames(request, { pool, settings, journal, total, counts });
  const summary = () => ({ ...counts, seconds: (performance.now() - started) / 1000, threads, rung: pool.rung });
  try {
    await writeBytes(output, isTable(output) ? traces(labelled, models) : writeExtxyz(frames(labelled), request.read));
  } catch (error) {
    await labelled.return();
    await journal?.close();
    if (!(error instanceof Interrupted)) {
      if (journal && counts.frames > 0)
        request.read.onDiagnostic({
          severity: 'info',
          code: 'labels-kept',
          message: `${journal.path} holds the labels made so far: --resume goes on with them`,
        });
      throw error;
    }
    return { ...summary(), ...(journal && { journal: journal.path }) };
  } finally {
    await pool.close();
  }
  await journal?.remove();
  return summary();
}

/** Ends the writing of an output that will not be complete. */
class Interrupted extends Error {}

interface Labelled {
  readonly placed: TrajectoryFrame;
  readonly elongation: number;
  readonly labels: WireLabels;
}

interface Work {
  readonly pool: LabelPool;
  readonly settings: LabelSettings;
  readonly journal: LabelJournal | undefined;
  readonly total: number | undefined;
  readonly counts: { frames: number; resumed: number };
}

/** In the order of the inputs; a few frames per thread are under way at a time. */
async function* labelledFrames(request: LabelRequest, work: Work): AsyncGenerator<Labelled, void> {
  const { pool, total, counts } = work;
  const under: Promise<Labelled>[] = [];
  const finish = async () => {
    const done = await (under.shift() as Promise<Labelled>);
    request.onProgress(++counts.frames, total);
    return done;
  };
  try {
    for await (const item of startedLabels(request, work)) {
      const begun = item();
      begun.catch(() => {}); // a failure is thrown when its turn comes
      under.push(begun);
      if (under.length > 2 * pool.size) yield await finish();
      if (request.signal.aborted) break;
    }
    while (under.length > 0) yield await finish();
  } finally {
    await Promise.allSettled(under);
  }
  if (request.signal.aborted) throw new Interrupted();
  if (counts.frames === 0)
    throw new MissingDataError(
      `${request.inputs.map((path) => formatLocation({ path })).join(', ')}: no frame`,
      'nothing was written',
    );
}

/** Each frame as a labelling that is not yet begun. */
async function* startedLabels(request: LabelRequest, { pool, settings, journal, counts }: Work) {
  const finder = new WireFinder({ ...request.wire, z: settings.metal.z });
  const reference = new LeadReference();
  const counter = new TrajectoryCounter();
  const elongations = new Elongation();
  for await (const { frame, path } of inputFrames(request)) {
    const placed = counter.place(frame, path);
    const wire = finder.find(frame, placed.trajectory);
    const elongation = elongations.of(placed, wire);
    const job = reference.job(wire);
    yield async (): Promise<Labelled> => {
      const key = jobKey(job);
      const known = journal?.find(key);
      if (known) counts.resumed++;
      const labels = known ?? (await placedErrors(frame, pool.label(job)));
      if (!known) await journal?.add(key, labels);
      return { placed, elongation, labels };
    };
  }
}

/** Errors of the models say which frame they are about. */
async function placedErrors<T>({ origin }: Frame, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (origin && (error instanceof PotentialError || error instanceof MissingDataError))
      throw new PotentialError(`${formatLocation(origin)}: ${error.message}`);
    throw error;
  }
}

async function* inputFrames({
  inputs,
  format,
  read,
}: LabelRequest): AsyncGenerator<{ frame: Frame; path: string }, void> {
  for (const path of inputs) {
    const { frames: found } = await openFrames(format, { ...read, path });
    for await (const frame of found) yield { frame, path };
  }
}

/** Reads everything once, for a progress that knows its end; stdin can be read only once. */
async function countFrames(request: LabelRequest): Promise<number | undefined> {
  if (request.inputs.includes('-')) return undefined;
  let count = 0;
  for await (const _ of inputFrames({ ...request, read: { ...request.read, onDiagnostic: () => {} } })) count++;
  return count;
}

/** The metal from the words, or from the first frame. Throws MissingDataError where neither says it. */
async function labelSettings(request: LabelRequest): Promise<LabelSettings> {
  const { models, smearing, backend } = request;
  const element = request.metal.element ?? (await elementOfFirstFrame(request));
  return {
    metal: metalOf({ ...request.metal, element }),
    models,
    ...(smearing !== undefined && { smearing }),
    ...(backend && { backend }),
  };
}

async function elementOfFirstFrame(request: LabelRequest): Promise<string> {
  const hint = 'give --element, e.g. --element K';
  if (request.inputs.includes('-')) throw new MissingDataError('the metal of frames on stdin is not known', hint);
  const quiet = { ...request, read: { ...request.read, onDiagnostic: () => {} } };
  for await (const { frame, path } of inputFrames(quiet)) {
    const z = frame.numbers.find((number) => number > 0);
    if (z !== undefined) return symbolOf(z);
    throw new MissingDataError(`${formatLocation({ path })}: the frames do not name their element`, hint);
  }
  throw new MissingDataError(`${request.inputs.join(', ')}: no frame`, 'nothing was written');
}

async function* frames(labelled: AsyncIterable<Labelled>): AsyncGenerator<Frame, void> {
  for await (const { placed, elongation, labels } of labelled) yield withLabels(placed, elongation, labels);
}

async function* traces(labelled: AsyncIterable<Labelled>, models: readonly ModelName[]): AsyncGenerator<string, void> {
  yield traceHead(models);
  for await (const { placed, elongation, labels } of labelled) yield traceRow(placed, elongation, labels);
}

function isTable(output: string): boolean {
  return /\.csv(\.gz)?$/i.test(output);
}
