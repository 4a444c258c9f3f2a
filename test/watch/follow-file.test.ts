import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { appendSlowly, dumpStep, QUICK, readNow, Watching, xyzStep } from './watching.ts';

const range = (n: number) => Array.from({ length: n }, (_, k) => k);

test('a dump that grows in pieces of 4096 bytes, cut inside numbers, gives each frame once and whole', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  const watching = Watching.file(path);
  const text = range(12)
    .map((k) => dumpStep(100 * k, 300))
    .join('');
  await appendSlowly(path, text, 4096);
  await watching.until(({ frames }) => frames.length >= 12);
  await sleep(400);
  expect(watching.steps).toEqual(range(12).map((k) => 100 * k));
  for (const { frame, step } of watching.frames) {
    expect(frame.natoms).toBe(300);
    expect(frame.positions[0]).toBeCloseTo((((step as number) * 37) % 1000) / 100, 6);
    expect(frame.positions[3 * 299 + 1]).toBe(149.5);
  }
});

test('a frame whose last number is cut waits for the rest of it', async () => {
  const path = join(temporaryFolder(), 'dump.run');
  const text = dumpStep(0);
  writeFileSync(path, text.slice(0, -4)); // "1.25" of "1.250000": a number too
  const watching = Watching.file(path);
  await sleep(800);
  expect(watching.frames).toEqual([]);
  appendFileSync(path, text.slice(-4));
  await watching.until(({ frames }) => frames.length === 1);
  expect(watching.frames[0].frame.positions[14]).toBe(1.25);
});

test('a last row without its line break is not complete, however long nothing is written', async () => {
  const path = join(temporaryFolder(), 'md.xyz');
  writeFileSync(path, xyzStep(0) + xyzStep(1).slice(0, -1));
  const watching = await readNow((idle) => Watching.file(path, idle));
  expect(watching.steps).toEqual([0]);
  expect(watching.codes).toContain('incomplete');
});

test('a frame is given when the next begins, without waiting for quiet', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  writeFileSync(path, dumpStep(0));
  const watching = Watching.file(path, { quietSeconds: 3600 });
  await sleep(300);
  expect(watching.frames.length).toBe(0);
  appendFileSync(path, 'ITEM: TIMESTEP\n');
  await watching.until(({ frames }) => frames.length === 1);
});

test('extxyz frames of changing sizes come one by one', async () => {
  const path = join(temporaryFolder(), 'traj.extxyz');
  const watching = Watching.file(path);
  await appendSlowly(
    path,
    range(30)
      .map((k) => xyzStep(k, 1 + (k % 7)))
      .join(''),
    100,
    1,
  );
  await watching.until(({ frames }) => frames.length >= 30);
  expect(watching.frames.map(({ frame }) => frame.natoms)).toEqual(range(30).map((k) => 1 + (k % 7)));
});

test('a cursor goes on where it was, without reading what is before', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  writeFileSync(
    path,
    `ITEM: UNITS\nelectron\n${range(20)
      .map((k) => dumpStep(k, 50))
      .join('')}`,
  );
  const first = await readNow((idle) => Watching.file(path, idle));
  expect(first.steps).toEqual(range(20));
  for (const at of [0, 6, 18]) {
    const again = await readNow((idle) => Watching.file(path, { ...idle, cursor: first.frames[at].cursor }));
    expect(again.steps).toEqual(range(20).slice(at + 1));
    expect(again.frames.map(({ frame }) => frame.origin?.frame)).toEqual(range(20).slice(at + 1));
    // The units stand before the cursor: z is 1.25 bohr.
    expect(again.frames[0].frame.positions[2]).toBeCloseTo(1.25 * 0.529177210903, 12);
  }
});

test('a damaged frame is told and left out, and reading goes on behind it', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  writeFileSync(path, dumpStep(0) + dumpStep(1).replace('1.250000', '1.2x0000') + dumpStep(2) + dumpStep(3));
  const watching = await readNow((idle) => Watching.file(path, idle));
  expect(watching.steps).toEqual([0, 2, 3]);
  const damage = watching.diagnostics.filter(({ code }) => code === 'damaged');
  expect(damage.length).toBe(1);
  expect(damage[0].message).toContain('1.2x0000');
});

test('zeros where a network file system has not yet written are waited for, not called damage', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  const [a, b, c] = [0, 1, 2].map((k) => dumpStep(k, 400));
  const hole = Buffer.from(a + b + c);
  hole.fill(0, a.length + 4000, a.length + 8096);
  writeFileSync(path, hole);
  const watching = Watching.file(path, { quietSeconds: 2 });
  await watching.until(({ frames }) => frames.length === 1);
  await sleep(300);
  writeFileSync(path, a + b + c);
  await watching.until(({ frames }) => frames.length === 3);
  expect(watching.steps).toEqual([0, 1, 2]);
  expect(watching.codes).not.toContain('damaged');
});

test('watching ends between two frames when it is told to', async () => {
  const path = join(temporaryFolder(), 'md.lammpstrj');
  writeFileSync(path, dumpStep(0) + dumpStep(1));
  const watching = Watching.file(path, QUICK);
  await watching.until(({ frames }) => frames.length === 2);
  await watching.stop();
});

test('a format name that is not known is refused at once', async () => {
  const watching = Watching.file('nowhere.xyz', { format: 'no-such-format' });
  await expect(watching.ended()).rejects.toThrow('no-such-format');
});
