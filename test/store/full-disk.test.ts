import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { StoreError } from '../../src/core/errors.ts';
import { goodFrames } from '../../src/store/shard-file.ts';
import { runWatch } from '../../src/watch/pipeline-run.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { goodLabel, labellerOf } from '../watch/pipeline-fixture.ts';
import { collect, labelledFrame, storeIn } from './frames.ts';

/** Bytes that the disk still takes; a write beyond them is cut short, as on a real one. */
let left = Number.POSITIVE_INFINITY;

vi.mock(import('../../src/store/durable-file.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    writeAt: async (file: FileHandle, bytes: Uint8Array, position: number) => {
      const fits = Math.min(left, bytes.length);
      left -= fits;
      await real.writeAt(file, bytes.subarray(0, fits), position);
      if (fits < bytes.length)
        throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
    },
  };
});

afterEach(() => {
  left = Number.POSITIVE_INFINITY;
});

test('on a full disk the frame is refused with a clear error, what is stored stays whole, and it goes on when there is room', async () => {
  const folder = temporaryFolder();
  const { store } = await storeIn(folder);
  await store.append(labelledFrame(1), {});
  const path = join(folder, 'shard-000001.extxyz');
  const size = statSync(path).size;
  for (const room of [0, 1, 300]) {
    left = room;
    await expect(store.append(labelledFrame(2), {})).rejects.toThrow(/the disk is full \(ENOSPC\).*free space/);
    expect(statSync(path).size).toBe(size);
    expect(store.size).toBe(1);
  }
  left = Number.POSITIVE_INFINITY;
  await store.append(labelledFrame(2), {});
  expect(await collect(store.frames())).toHaveLength(2);
  await store.close();
  const again = await storeIn(folder);
  expect(again.said).toEqual([]);
  await again.store.close();
});

test('frames that wait for the same write all hear of it', async () => {
  const { store } = await storeIn(temporaryFolder());
  left = 100;
  const done = await Promise.allSettled([1, 2, 3].map((seed) => store.append(labelledFrame(seed), {})));
  expect(done.every(({ status }) => status === 'rejected')).toBe(true);
  expect(store.size).toBe(0);
  await store.close();
});

/** A small tmpfs, where the user may mount one. */
function tmpfs(kilobytes: number): string | undefined {
  const folder = join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  const done = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (done.status !== 0) {
    console.warn(
      `no tmpfs can be mounted (${(done.stderr || String(done.error)).trim()}): only the pretended full disk is tested`,
    );
    return undefined;
  }
  onTestFinished(() => void spawnSync('/bin/umount', ['-l', folder]));
  return folder;
}

test('a watcher stops on a disk that is really full, and the same call goes on after there is room: nothing lost, nothing twice', async ({
  skip,
}) => {
  const disk = tmpfs(96) ?? skip();
  const [runs, store] = [temporaryFolder(), join(disk, 'store')];
  const frames = Array.from({ length: 200 }, (_, k) => labelledFrame(k + 1, 8));
  const text = frames.map(({ positions }, k) => {
    const rows = Array.from({ length: 8 }, (_, i) => `K ${positions.subarray(3 * i, 3 * i + 3).join(' ')}`);
    return `8\nLattice="10 0 0 0 10 0 0 0 10" Properties=species:S:1:pos:R:3 step=${k}\n${rows.join('\n')}\n`;
  });
  writeFileSync(join(runs, 'a.extxyz'), text.join(''));
  const watch = () =>
    runWatch({
      folder: runs,
      store,
      openLabeller: async () => labellerOf(async (frame) => goodLabel(frame)),
      openSelector: async () => undefined,
      follow: { idleSeconds: 0 },
      pipeline: {
        ...{ attempts: 1, failuresInRow: 3, timeout: 0 },
        stop: new AbortController().signal,
        kill: new AbortController().signal,
      },
      record: {},
      onDiagnostic: () => {},
    });
  const error = await watch().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).message).toMatch(/the disk is full/);
  expect(spawnSync('/bin/mount', ['-o', 'remount,size=10m', disk]).status).toBe(0);
  const end = await watch();
  expect(end.stored).toBe(200);
  const shard = join(store, 'shard-000001.extxyz');
  const stored = await collect(goodFrames(shard, { from: 0, to: statSync(shard).size }));
  const places = stored.map(({ frame }) => Number(frame.info['source_frame'])).sort((a, b) => a - b);
  expect(places).toEqual(frames.map((_, k) => k));
  rmSync(store, { recursive: true });
});
