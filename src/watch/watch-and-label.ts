import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors.ts';
import { type LabellerSpec, openLabeller } from '../label/open-labeller.ts';
import { openLivePage } from '../report/live-page.ts';
import type { FrameStore } from '../store/frame-store.ts';
import type { JournalState } from './journal.ts';
import type { PipelineOptions } from './pipeline.ts';
import { snapshotText } from './pipeline-progress.ts';
import { runWatch, type WatchRequest, watchFolder } from './pipeline-run.ts';
import { openSelector } from './selection/open-selector.ts';
import { StatusPage } from './status-page.ts';

/** Which frames are labelled; all, when nothing is said. */
interface SelectionWords {
  /** Directories of a committee or of its members. */
  readonly committee: readonly string[];
  /** eV/Å. */
  readonly lo: number;
  readonly hi: number;
  readonly every?: number;
  readonly novelty?: number;
  readonly perFile?: number;
  readonly budget?: number;
}

export interface WatchAndLabel
  extends Pick<WatchRequest, 'folder' | 'store' | 'follow' | 'onDiagnostic' | 'onSnapshot'>,
    PipelineOptions {
  readonly labeller: LabellerSpec;
  readonly room: { readonly cores?: number; readonly scratch?: string };
  readonly selection: SelectionWords;
  /** Port of the live page; empty: any. */
  readonly live?: string;
  readonly say: (text: string) => void;
}

/** Watches a folder with the labeller and the selection of the words; gives what it came to as a line of text. Errors as `runWatch`. */
export async function watchAndLabel(request: WatchAndLabel): Promise<string> {
  const { folder, store, labeller, room, selection, live, say, onSnapshot } = request;
  const { attempts, failuresInRow, timeout, stop, kill } = request;
  const port = live === undefined || live === '' ? 0 : Number(live);
  if (!(Number.isInteger(port) && port >= 0 && port < 65536))
    throw new UsageError(`--live: expected a port, found "${live}"`);
  const state = await watchFolder(store, folder);
  const page = live === undefined ? undefined : await openLivePage({ title: `watch ${folder}`, port, viewer: true });
  const shown = page && new StatusPage(page);
  if (page) say(`live page: ${page.url}`);
  try {
    const last = await runWatch({
      folder,
      store,
      openLabeller: async () => {
        const scratch = room.scratch ?? join(state, 'scratch');
        if (room.scratch === undefined) await removeRuns(scratch);
        return openLabeller(labeller, { cores: room.cores ?? availableParallelism(), scratch });
      },
      openSelector: (before, frames) => selectorOf(request, state, before, frames),
      follow: request.follow,
      pipeline: { attempts, failuresInRow, timeout, stop, kill },
      record: { inputs: { folder, labeller }, selection },
      onDiagnostic: request.onDiagnostic,
      onEvent: (event) => shown?.event(event),
      onSnapshot: (snapshot) => {
        onSnapshot?.(snapshot);
        shown?.snapshot(snapshot);
      },
    });
    shown?.snapshot(last);
    return snapshotText(last);
  } finally {
    await page?.close();
  }
}

/** What a watcher that was killed left of runs in its own scratch folder. Whoever holds the lock of the store is alone there. */
async function removeRuns(scratch: string): Promise<void> {
  const names = await readdir(scratch).catch(() => []);
  for (const name of names.filter((one) => one.startsWith('run-')))
    await rm(join(scratch, name), { recursive: true, force: true });
}

/** Undefined when all frames are wanted. What is stored counts for novelty and caps, what was labelled for the budget. */
async function selectorOf(request: WatchAndLabel, state: string, before: JournalState, store: FrameStore) {
  const { selection: words, labeller, folder } = request;
  const { committee, lo, hi, every, novelty, perFile, budget } = words;
  if (committee.length === 0 && [every, novelty, perFile, budget].every((word) => word === undefined)) return undefined;
  const labelling = labeller.kind === 'potential' ? [labeller.source.directory] : [];
  const left = budget === undefined ? undefined : Math.max(0, budget - before.outcomes.counts.labelled);
  const selector = await openSelector({
    potentials: committee.length > 0 ? committee : labelling,
    ...(committee.length > 0 && {
      committee: { levels: { force: { lo, hi } } },
      deviations: { folder: join(state, 'model_devi'), watched: folder },
    }),
    ...(novelty !== undefined && { novelty: { distance: novelty } }),
    ...(every !== undefined && { every }),
    ...(perFile !== undefined && { perFile }),
    ...(left !== undefined && { budget: left }),
  });
  if (novelty !== undefined || perFile !== undefined)
    for await (const frame of store.frames()) {
      const { source } = frame.info;
      selector.remember(frame, typeof source === 'string' ? join(folder, source) : undefined);
    }
  return selector;
}
