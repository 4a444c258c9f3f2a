import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { MissingDataError, UsageError } from '../core/errors.ts';
import type { Labeller } from '../label/labeller.ts';
import { removeDrafts, replaceFile } from '../store/durable-file.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { openStore } from '../store/open-store.ts';
import { packageVersion } from '../train/run-record.ts';
import { type JournalState, WatchJournal } from './journal.ts';
import { type PipelineEvent, type PipelineOptions, runPipeline } from './pipeline.ts';
import { keepFailed } from './pipeline-failures.ts';
import { PipelineProgress, type WatchSnapshot } from './pipeline-progress.ts';
import type { Selector } from './selection/verdict.ts';
import { type WatchOptions, watchDirectory } from './watch-directory.ts';
import type { WatchedFrame } from './watched-frame.ts';

export interface WatchRequest {
  /** Folder that is watched. */
  readonly folder: string;
  /** Folder of the store, made when it is missing. */
  readonly store: string;
  readonly openLabeller: () => Promise<Labeller>;
  /** Gets what earlier runs did and stored; gives undefined when every frame is to be labelled. */
  readonly openSelector: (before: JournalState, store: FrameStore) => Promise<Selector | undefined>;
  readonly follow: Omit<WatchOptions, 'onDiagnostic' | 'signal' | 'onProgress' | 'cursors'>;
  readonly pipeline: PipelineOptions;
  /** What `run.json` says of how the run was made. */
  readonly record: Readonly<Record<string, unknown>>;
  readonly onDiagnostic: DiagnosticSink;
  readonly onEvent?: (event: PipelineEvent) => void;
  /** About twice a second. */
  readonly onSnapshot?: (snapshot: WatchSnapshot) => void;
}

/** Written beside the journal while a run goes on. */
export interface WatchState extends Omit<WatchSnapshot, 'outcomes'> {
  readonly watched: string;
  readonly state: 'running' | 'stopped' | 'ended' | 'failed';
  readonly pid: number;
  readonly updated: string;
  /** Why it failed. */
  readonly error?: string;
}

/** ms between two snapshots, and every how many of them the state goes to the disk. */
const INTERVAL = 500;
const STATE_EVERY = 4;

/** Folder, in that of a store, of what a watcher knows of a watched folder. */
export async function watchFolder(store: string, watched: string): Promise<string> {
  const path = await realpath(watched).catch(() => {
    throw new MissingDataError(`${watched}: expected a folder to watch, found none`, 'make it or give another one');
  });
  return join(
    store,
    'watch',
    `${basename(path) || 'root'}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`,
  );
}

/**
 * Watches a folder until it is stopped or idle: complete new frames are selected, labelled and stored. What was done is noted beside
 * the store after it is durable there, so that the same call goes on after a crash at any moment, labels nothing twice and loses
 * nothing. Throws what stops a run as a whole: StoreError, ProgramError, the errors of the labeller and of the files.
 */
export async function runWatch(request: WatchRequest): Promise<WatchSnapshot> {
  const { onDiagnostic, pipeline } = request;
  const folder = await watchFolder(request.store, request.folder);
  const store = await openStore(request.store, { onDiagnostic });
  const open: { close(): Promise<void> }[] = [store];
  try {
    await mkdir(folder, { recursive: true });
    await removeDrafts(folder);
    const journal = await WatchJournal.open(folder, onDiagnostic);
    open.push(journal);
    const selector = await request.openSelector(journal.state, store);
    const labeller = await request.openLabeller();
    open.push(labeller);
    const progress = new PipelineProgress(
      () => journal.state.outcomes,
      () => store.size,
    );
    const states = await StateWriter.begin(request, folder, progress);
    open.push(states);
    const watching = new AbortController();
    const endWatching = () => watching.abort();
    pipeline.stop.addEventListener('abort', endWatching, { once: true });
    if (pipeline.stop.aborted) endWatching();
    const frames = watchDirectory(request.folder, {
      ...request.follow,
      ignore: [...(request.follow.ignore ?? []), ...storeInside(request)],
      onDiagnostic,
      cursors: new Map(journal.state.cursors),
      signal: watching.signal,
      onProgress: (seen) => progress.looked(seen),
    });
    try {
      await runPipeline({
        ...pipeline,
        frames: counted(frames, progress),
        ...(selector && { selector }),
        labeller,
        store,
        commit: (cursor, outcomes) => journal.commit(cursor, outcomes),
        onEvent: async (event) => {
          if (event.outcome === 'failed') await keepFailed(folder, event);
          request.onEvent?.(event);
        },
      });
      states.ended(pipeline.stop.aborted ? 'stopped' : 'ended');
    } catch (error) {
      states.failed(error);
      throw error;
    } finally {
      pipeline.stop.removeEventListener('abort', endWatching);
      endWatching(); // a folder that nobody asks any more would be watched on
    }
    await closeAll(open);
    return progress.snapshot();
  } catch (error) {
    await closeAll(open).catch(() => {}); // the first error says more
    throw error;
  }
}

/** A store in the watched folder must not be watched. */
function storeInside({ folder, store }: WatchRequest): string[] {
  const path = relative(resolve(folder), resolve(store));
  if (path === '')
    throw new UsageError(`${folder}: expected another folder for the store than the one that is watched`);
  return path.startsWith('..') || isAbsolute(path) ? [] : [path];
}

async function* counted(frames: AsyncIterable<WatchedFrame>, progress: PipelineProgress) {
  for await (const watched of frames) {
    progress.took();
    yield watched;
  }
}

/** All of them, what was opened last first; then throws the first failure. */
async function closeAll(open: { close(): Promise<void> }[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of open.splice(0).reverse()) await one.close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Keeps `state.json` and `run.json`, for `status` and for whoever finds the store later. */
class StateWriter {
  readonly #request: WatchRequest;
  readonly #folder: string;
  readonly #progress: PipelineProgress;
  readonly #started = new Date().toISOString();
  readonly #timer: NodeJS.Timeout;
  #state: Pick<WatchState, 'state' | 'error'> = { state: 'running' };
  #writing: Promise<void> = Promise.resolve();
  #ticks = 0;

  private constructor(request: WatchRequest, folder: string, progress: PipelineProgress) {
    this.#request = request;
    this.#folder = folder;
    this.#progress = progress;
    this.#timer = setInterval(() => {
      const snapshot = progress.snapshot();
      request.onSnapshot?.(snapshot);
      if (++this.#ticks % STATE_EVERY === 0) this.#write(snapshot);
    }, INTERVAL);
  }

  static async begin(request: WatchRequest, folder: string, progress: PipelineProgress): Promise<StateWriter> {
    const writer = new StateWriter(request, folder, progress);
    await writer.#writeRecord();
    writer.#write(progress.snapshot());
    return writer;
  }

  ended(state: 'ended' | 'stopped'): void {
    this.#state = { state };
  }

  failed(error: unknown): void {
    this.#state = { state: 'failed', error: error instanceof Error ? error.message : String(error) };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#state.state === 'running') this.#state = { state: 'failed', error: 'ended early' };
    this.#write(this.#progress.snapshot());
    await this.#writing;
    await this.#writeRecord();
  }

  /** Only for whoever looks: what keeps it from the disk ends the run where frames are stored. */
  #write(snapshot: WatchSnapshot): void {
    const { outcomes: _, ...figures } = snapshot;
    const state: WatchState = {
      watched: this.#request.folder,
      ...this.#state,
      pid: process.pid,
      updated: new Date().toISOString(),
      ...figures,
    };
    this.#writing = this.#writing
      .then(() => replaceFile(join(this.#folder, 'state.json'), `${JSON.stringify(state, null, 2)}\n`))
      .catch(() => {});
  }

  async #writeRecord(): Promise<void> {
    const { seconds, outcomes, stored } = this.#progress.snapshot();
    const record = {
      schema: 'nnp-bridge-run/1',
      command: 'watch',
      versions: {
        'nnp-bridge': packageVersion(),
        node: process.versions.node,
        platform: `${process.platform} ${process.arch}`,
      },
      ...this.#request.record,
      started: this.#started,
      ...this.#state,
      seconds,
      outcomes,
      stored,
    };
    const text = JSON.stringify(record, null, 2);
    await replaceFile(join(this.#folder, 'run.json'), `${text}\n`);
  }
}
