import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingDataError } from '../core/errors.ts';
import { type Table, tableText } from '../report/page.ts';
import { lockOwner } from '../store/folder-lock.ts';
import { readManifest } from '../store/manifest.ts';
import { readJournal } from './journal.ts';
import { emptyOutcomes, framesSeen, OUTCOMES, type Outcomes } from './journal-outcomes.ts';
import { FAILED } from './pipeline-failures.ts';
import type { WatchState } from './pipeline-run.ts';

/** What a watcher did with one folder. */
interface FolderStatus {
  /** Folder with the journal. */
  readonly folder: string;
  /** As it was last, if it ever began. */
  readonly last: WatchState | undefined;
  readonly files: number;
  readonly seen: number;
  readonly outcomes: Outcomes;
  /** Frames kept in `failed/`. */
  readonly failedKept: number;
}

export interface StoreStatus {
  readonly store: string;
  /** Who writes now. */
  readonly writer: { readonly pid: number; readonly host: string; readonly since: string } | undefined;
  /** Frames in the store; of the shard that grows, as of the last time it was closed, unless a watcher tells. */
  readonly stored: number;
  readonly watched: readonly FolderStatus[];
}

/** How far the watchers of a store are, also while they run. Throws MissingDataError for a folder that is no store. */
export async function storeStatus(store: string): Promise<StoreStatus> {
  const manifest = await readManifest(store);
  if (!manifest) throw new MissingDataError(`${store}: expected a store, found none`, 'give the folder of watch -o');
  const owner = await lockOwner(store);
  const names = await readdir(join(store, 'watch')).catch(() => []);
  const watched = await Promise.all(names.sort().map((name) => folderStatus(join(store, 'watch', name))));
  const counted = manifest.shards.reduce((sum, { frames }) => sum + frames, 0);
  const told = watched.map(({ last }) => last?.stored ?? 0);
  return {
    store,
    writer: owner && !owner.gone ? { pid: owner.pid, host: owner.host, since: owner.since } : undefined,
    stored: Math.max(counted, ...told),
    watched: watched.filter(({ seen, last }) => seen > 0 || last),
  };
}

async function folderStatus(folder: string): Promise<FolderStatus> {
  const journal = await readJournal(folder);
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
  const kept = await readdir(join(folder, FAILED)).catch(() => []);
  const outcomes = journal?.outcomes ?? emptyOutcomes();
  return {
    folder,
    last: text === undefined ? undefined : (JSON.parse(text) as WatchState),
    files: journal?.cursors.size ?? 0,
    seen: framesSeen(outcomes),
    outcomes,
    failedKept: kept.filter((name) => name.endsWith('.log')).length,
  };
}

/** The same for people. */
export function statusText({ store, writer, stored, watched }: StoreStatus): string {
  const who = writer ? `in use by process ${writer.pid} on ${writer.host} since ${writer.since}` : 'nobody writes';
  const parts = [`${store}: ${stored} frames stored; ${who}`];
  for (const one of watched) parts.push(folderText(one, writer?.pid));
  return `${parts.join('\n\n')}\n`;
}

function folderText(
  { last, folder, files, seen, outcomes, failedKept }: FolderStatus,
  pid: number | undefined,
): string {
  const running = last?.state === 'running' && last.pid === pid;
  const state = last?.state === 'running' && !running ? 'interrupted: the same command goes on' : (last?.state ?? '');
  const title = `${last?.watched ?? folder}: ${state}${last?.error ? `: ${last.error.split('\n')[0]}` : ''}`;
  const rows: [string, string | number][] = [
    ['files', files],
    ['seen', seen],
    ...OUTCOMES.map((outcome): [string, number] => [outcome, outcomes.counts[outcome]]),
  ];
  if (running && last)
    rows.push(
      ['in work', last.inWork],
      ['frames/s', last.framesPerSecond.toFixed(1)],
      ['behind / MB', (last.bytesBehind / 1e6).toFixed(2)],
    );
  const tables = [tableText({ head: ['', 'frames'], rows })];
  const reasons = Object.entries(outcomes.reasons).sort((a, b) => b[1] - a[1]);
  if (reasons.length > 0) {
    const table: Table = { head: ['reason (figures as #)', 'frames'], rows: reasons };
    tables.push(tableText(table));
  }
  if (failedKept > 0) tables.push(`failed frames and what was said of them: ${join(folder, FAILED)}`);
  return [title, ...tables].join('\n\n');
}
