import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../src/core/errors.ts';
import { readManifest } from '../../src/store/manifest.ts';
import { frameId } from '../../src/store/shard-file.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { collect, labelledFrame, storeIn } from './frames.ts';

const FIRST = 'shard-000001.extxyz';

/** A closed store of frames 0 … count−1 in shards of about two frames. */
async function filledStore(count: number, shardBytes = 1200) {
  const folder = temporaryFolder();
  const { store } = await storeIn(folder, { shardBytes });
  for (let k = 0; k < count; k++) await store.append(labelledFrame(k), { source: 'run.dump', source_frame: k });
  await store.close();
  return folder;
}

describe('a store', () => {
  test('gives back every bit of positions, cell, energy and forces, with provenance and id', async () => {
    const folder = temporaryFolder();
    const { store } = await storeIn(folder);
    const frame = labelledFrame(1);
    const id = await store.append(frame, { source: 'run.dump', source_frame: 7, labeller: 'a "quoted" name, 2.0' });
    const [read] = await collect(store.frames());
    expect(read.positions).toEqual(frame.positions);
    expect(read.cell).toEqual(frame.cell);
    expect(read.labels?.energy).toBe(frame.labels?.energy);
    expect(read.labels?.forces).toEqual(frame.labels?.forces);
    for (let k = 0; k < 9; k++)
      expect(read.labels?.virial?.[k]).toBeCloseTo(frame.labels?.virial?.[k] ?? Number.NaN, 12);
    expect(read.info).toMatchObject({
      source: 'run.dump',
      source_frame: 7,
      labeller: 'a "quoted" name, 2.0',
      timestep: 1,
      frame_id: id,
    });
    expect(frameId(read)).toBe(id);
    await store.close();
  });

  test('stores a structure once, also when it comes twice at the same time or after reopening', async () => {
    const folder = temporaryFolder();
    const { store } = await storeIn(folder);
    const ids = await Promise.all([1, 2, 1, 3, 1].map((seed) => store.append(labelledFrame(seed), {})));
    expect(new Set(ids).size).toBe(3);
    await store.close();
    const again = (await storeIn(folder)).store;
    expect(again.size).toBe(3);
    expect(again.has(ids[0])).toBe(true);
    await again.append(labelledFrame(2), {});
    expect(await collect(again.frames())).toHaveLength(3);
    await again.close();
  });

  test('begins a new shard at the given size; order, counts and hashes are in the manifest', async () => {
    const folder = await filledStore(9);
    const manifest = await readManifest(folder);
    const shards = manifest?.shards ?? [];
    expect(shards.length).toBeGreaterThan(2);
    expect(shards.reduce((sum, { frames }) => sum + frames, 0)).toBe(9);
    for (const shard of shards) expect(statSync(join(folder, shard.name)).size).toBe(shard.bytes);
    expect(shards.slice(0, -1).every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256 ?? ''))).toBe(true);
    const { store } = await storeIn(folder);
    const steps = (await collect(store.frames())).map(({ info }) => info['timestep']);
    expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await store.close();
  });

  test('refuses what must not be learned from, and stays usable', async () => {
    const { store } = await storeIn(temporaryFolder());
    const frame = labelledFrame(1);
    const bad = [
      { ...frame, labels: { ...frame.labels, energy: Number.NaN } },
      { ...frame, labels: { ...frame.labels, forces: new Float64Array(3) } },
      { ...frame, labels: { ...frame.labels, converged: false } },
      { ...frame, positions: frame.positions.map((x, k) => (k === 4 ? Number.NaN : x)) },
    ];
    for (const wrong of bad) await expect(store.append(wrong, {})).rejects.toThrow(/is not stored/);
    await store.append(frame, {});
    expect(store.size).toBe(1);
    await store.close();
  });

  test('cuts a frame off that was being written at a crash, says so, and loses none before it', async () => {
    const whole = readFileSync(join(await filledStore(4, 1 << 20), FIRST));
    const kept = statSync(join(await filledStore(3, 1 << 20), FIRST)).size;
    const last = whole.length - kept;
    for (const cut of [1, 2, 17, last >> 1, last - 2, last - 1]) {
      const folder = await filledStore(3, 1 << 20);
      const path = join(folder, FIRST);
      appendFileSync(path, whole.subarray(kept, kept + cut));
      const { store, said } = await storeIn(folder);
      expect(said.map(({ code }) => code)).toEqual(['torn-frame']);
      expect(said[0].message).toContain('3 frames stay');
      expect(statSync(path).size).toBe(kept);
      await store.append(labelledFrame(3), { source: 'run.dump', source_frame: 3 });
      expect(await collect(store.frames())).toHaveLength(4);
      await store.close();
    }
  });

  test('takes a complete frame that was written but not acknowledged', async () => {
    const whole = readFileSync(join(await filledStore(4, 1 << 20), FIRST));
    const folder = await filledStore(3, 1 << 20);
    const path = join(folder, FIRST);
    writeFileSync(path, whole);
    const { store, said } = await storeIn(folder);
    expect(said).toEqual([]);
    expect(store.size).toBe(4);
    await store.close();
  });

  test('does not repair what no crash does: missing, shortened and changed frames are errors', async () => {
    const folder = await filledStore(3, 1 << 20);
    const path = join(folder, FIRST);
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 10);
    await expect(storeIn(folder)).rejects.toThrow(/expected at least 3 frames .* found 2 good ones/);
    rmSync(path);
    await expect(storeIn(folder)).rejects.toThrow(StoreError);
    const changed = Buffer.from(whole);
    const at = changed.indexOf('\nK ') + 3;
    changed[at] = changed[at] === 49 ? 50 : 49; // the first digit of a coordinate
    writeFileSync(path, changed);
    await expect(storeIn(folder)).rejects.toThrow(StoreError);
    writeFileSync(path, whole);
    const { store } = await storeIn(folder);
    await store.close();
  });

  test('notices a full shard that is not as the manifest says, and a damaged manifest', async () => {
    const folder = await filledStore(9);
    truncateSync(join(folder, FIRST), 100);
    await expect(storeIn(folder)).rejects.toThrow(/expected \d+ bytes, found 100; restore it/);
    writeFileSync(join(folder, 'manifest.json'), '{"schema": "nnp-bridge-store/9"}');
    await expect(storeIn(folder)).rejects.toThrow(/version nnp-bridge-store\/9/);
    rmSync(join(folder, 'manifest.json'));
    await expect(storeIn(folder)).rejects.toThrow(/manifest.json is missing/);
    const other = temporaryFolder();
    writeFileSync(join(other, 'thesis.txt'), 'mine');
    await expect(storeIn(other)).rejects.toThrow(/holds other files \(thesis.txt\)/);
    expect(readdirSync(other)).toEqual(['thesis.txt']);
  });

  test('removes the draft of a manifest that a killed process left', async () => {
    const folder = await filledStore(2);
    writeFileSync(join(folder, '.manifest.json.12345.tmp'), '{"schem');
    const { store } = await storeIn(folder);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(store.size).toBe(2);
    await store.close();
  });

  test('makes a missing list of ids of a full shard good from the shard', async () => {
    const folder = await filledStore(9);
    rmSync(join(folder, 'shard-000001.ids'));
    const { store } = await storeIn(folder);
    expect(store.size).toBe(9);
    await store.append(labelledFrame(0), {});
    expect(store.size).toBe(9);
    await store.close();
  });
});

describe('the lock of a store', () => {
  test('keeps a second writer out and is gone after close', async () => {
    const folder = temporaryFolder();
    const { store } = await storeIn(folder);
    await expect(storeIn(folder)).rejects.toThrow(new RegExp(`in use by process ${process.pid}`));
    await store.close();
    expect(existsSync(join(folder, 'lock.json'))).toBe(false);
    await (await storeIn(folder)).store.close();
  });

  test('of a dead process of this host is taken over; of a living one and of another host it is an error', async () => {
    const folder = temporaryFolder();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const lock = (owner: object) =>
      writeFileSync(
        join(folder, 'lock.json'),
        JSON.stringify({ pid, host: hostname(), began: '', since: '2026-01-01T00:00:00Z', ...owner }),
      );
    lock({});
    await (await storeIn(folder)).store.close();
    lock({ pid: process.ppid });
    await expect(storeIn(folder)).rejects.toThrow(/in use by process/);
    lock({ pid: process.ppid, began: '1' }); // a later process of the same pid, where /proc tells
    if (process.platform === 'linux') await (await storeIn(folder)).store.close();
    lock({ host: 'elsewhere' });
    await expect(storeIn(folder)).rejects.toThrow(/on host elsewhere.*or remove .*lock.json/);
    writeFileSync(join(folder, 'lock.json'), '');
    await expect(storeIn(folder)).rejects.toThrow(/expected the owner of a lock/);
  });
});
