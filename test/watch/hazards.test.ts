import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Cursor } from '../../src/watch/watched-frame.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { dumpStep, readNow, Watching, xyzStep } from './watching.ts';

const MAKE_PIPE = 'mkfifo';
const steps = (from: number, to: number, shift = 0) =>
  Array.from({ length: to - from }, (_, k) => dumpStep(from + k, 5, shift)).join('');
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k);

test('a file that is first seen with 0 bytes is read when it has some', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'step.0.dump');
  writeFileSync(path, '');
  const watching = Watching.folder(folder);
  await sleep(500);
  expect(watching.diagnostics).toEqual([]);
  writeFileSync(path, dumpStep(0));
  await watching.until(({ frames }) => frames.length === 1);
});

test('a file that another takes the place of is read again from its beginning', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 3));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 3);
  writeFileSync(join(folder, '.new'), steps(10, 13));
  renameSync(join(folder, '.new'), path);
  await watching.until(({ frames }) => frames.length === 6);
  expect(watching.steps).toEqual([0, 1, 2, 10, 11, 12]);
  expect(watching.codes).toContain('rewritten');
});

test('a longer copy that takes the place of a file goes on where the file was', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 3));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 3);
  writeFileSync(join(folder, '.new'), steps(0, 5));
  renameSync(join(folder, '.new'), path);
  await watching.until(({ frames }) => frames.length === 5);
  expect(watching.steps).toEqual(numbers(0, 5));
  expect(watching.codes).not.toContain('rewritten');
});

test('a log that is rotated goes on under its new name, and the new file begins at its beginning', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 3) + dumpStep(3).slice(0, 60));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 3);
  renameSync(path, join(folder, 'md.dump.1'));
  appendFileSync(join(folder, 'md.dump.1'), dumpStep(3).slice(60));
  writeFileSync(path, steps(4, 6));
  await watching.until(({ frames }) => frames.length === 6);
  expect([...watching.steps].sort()).toEqual(numbers(0, 6));
  const [third] = watching.frames.filter(({ step }) => step === 3);
  expect(third.cursor).toMatchObject({ path: 'md.dump.1', frames: 4 });
});

test('a file that shrinks is read again from its beginning; what was given is not given again', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 5));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 5);
  truncateSync(path, steps(0, 2).length);
  await watching.until(({ codes }) => codes.includes('rewritten'));
  appendFileSync(path, steps(2, 4, 0.5) + dumpStep(9));
  await watching.until(({ frames }) => frames.length === 8);
  expect(watching.steps).toEqual([0, 1, 2, 3, 4, 2, 3, 9]);
});

test('a file of the same inode that was written anew beyond its old length is read again from its beginning', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  // The first 4096 bytes and the lengths of all frames are the same: only what comes before the cursor tells.
  const begin = dumpStep(0, 200);
  writeFileSync(path, begin + steps(1, 4));
  const watching = Watching.folder(folder, { polling: true, sweepSeconds: 0.5 });
  await watching.until(({ frames }) => frames.length === 4);
  await sleep(200);
  writeFileSync(path, begin + steps(1, 9, 0.25));
  await watching.until(({ frames }) => frames.length === 12);
  expect(watching.steps).toEqual([...numbers(0, 4), ...numbers(1, 9)]);
});

test('steps that a restart writes again come once if they are the same and again if they are not', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 4));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 4);
  appendFileSync(path, steps(2, 3) + steps(3, 6, 0.125));
  await watching.until(({ frames }) => frames.length === 7);
  expect(watching.steps).toEqual([0, 1, 2, 3, 3, 4, 5]);
});

test('half a frame of a killed run, on which a restart goes on in the same line, costs that frame only', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 2) + dumpStep(2).slice(0, -37));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 2);
  appendFileSync(path, steps(1, 5));
  await watching.until(({ frames }) => frames.length === 5);
  expect(watching.steps).toEqual(numbers(0, 5));
  expect(watching.codes).toContain('damaged');
});

test('times of files in the past or in the future change nothing', async () => {
  const folder = temporaryFolder();
  const times = [new Date(0), new Date('1980-01-01'), new Date('2100-01-01')];
  times.forEach((time, k) => {
    const path = join(folder, `run${k}.dump`);
    writeFileSync(path, steps(0, 2));
    utimesSync(path, time, time);
  });
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 6);
  times.forEach((time, k) => {
    const path = join(folder, `run${k}.dump`);
    appendFileSync(path, dumpStep(2));
    utimesSync(path, time, time); // the same as before: only the size tells
  });
  await watching.until(({ frames }) => frames.length === 9);
});

test('files that cannot be read are told and tried again, and the others go on', async () => {
  const folder = temporaryFolder();
  symlinkSync('circle.dump', join(folder, 'circle.dump'));
  symlinkSync('nowhere', join(folder, 'dangling.dump'));
  execFileSync(MAKE_PIPE, [join(folder, 'pipe.dump')]);
  mkdirSync(join(folder, 'folder.dump'));
  writeFileSync(join(folder, 'good.dump'), steps(0, 3));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 3);
  await watching.until(({ diagnostics }) => diagnostics.filter(({ code }) => code === 'unreadable').length === 2);
  const told = watching.diagnostics.map(({ code, at }) => `${code} ${at?.path.slice(folder.length + 1)}`).sort();
  expect(told).toEqual(
    expect.arrayContaining(['not-a-file pipe.dump', 'unreadable circle.dump', 'unreadable dangling.dump']),
  );
  writeFileSync(join(folder, 'nowhere'), steps(5, 6));
  rmSync(join(folder, 'circle.dump'));
  writeFileSync(join(folder, 'circle.dump'), steps(6, 7));
  await watching.until(({ frames }) => frames.length === 5);
});

test('a file with two names is read once', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.dump'), steps(0, 2));
  symlinkSync('a.dump', join(folder, 'latest.dump'));
  linkSync(join(folder, 'a.dump'), join(folder, 'b.dump'));
  const watching = await readNow((idle) => Watching.folder(folder, idle));
  expect(watching.steps).toEqual([0, 1]);
  expect(watching.codes.filter((code) => code === 'same-file').length).toBe(2);
});

test('a file that vanishes and comes back goes on where it was', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump');
  writeFileSync(path, steps(0, 3));
  const watching = Watching.folder(folder);
  await watching.until(({ frames }) => frames.length === 3);
  unlinkSync(path);
  await sleep(500);
  writeFileSync(path, steps(0, 4));
  await watching.until(({ frames }) => frames.length === 4);
  await sleep(300);
  expect(watching.steps).toEqual(numbers(0, 4));
});

test('a run that was renamed while nobody watched goes on by its inode', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'md.dump'), steps(0, 3));
  const { cursors } = await readNow((idle) => Watching.folder(folder, idle));
  renameSync(join(folder, 'md.dump'), join(folder, 'old.dump'));
  appendFileSync(join(folder, 'old.dump'), steps(3, 5));
  writeFileSync(join(folder, 'md.dump'), steps(7, 9));
  const again = await readNow((idle) => Watching.folder(folder, { ...idle, cursors }));
  expect([...again.steps].sort()).toEqual([3, 4, 7, 8]);
});

test('a file whose inode was that of another one before goes on by its name', async () => {
  const folder = temporaryFolder();
  for (const [k, name] of ['a.dump', 'b.dump'].entries()) writeFileSync(join(folder, name), steps(10 * k, 10 * k + 3));
  const { cursors } = await readNow((idle) => Watching.folder(folder, idle));
  const [a, b] = [cursors.get('a.dump') as Cursor, cursors.get('b.dump') as Cursor];
  appendFileSync(join(folder, 'a.dump'), steps(3, 5));
  const swapped = new Map([
    ['a.dump', { ...a, inode: 'gone' }],
    ['c.dump', { ...b, path: 'c.dump', inode: a.inode }],
    ['b.dump', b],
  ]);
  const again = await readNow((idle) => Watching.folder(folder, { ...idle, cursors: swapped }));
  expect(again.steps).toEqual([3, 4]);
});

test('a file that a cursor knows but that was rewritten since is read from its beginning', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'md.xyz'), xyzStep(0) + xyzStep(1));
  const { cursors } = await readNow((idle) => Watching.folder(folder, idle));
  writeFileSync(join(folder, 'md.xyz'), xyzStep(5) + xyzStep(6) + xyzStep(7));
  const again = await readNow((idle) => Watching.folder(folder, { ...idle, cursors }));
  expect(again.steps).toEqual([5, 6, 7]);
  expect(again.codes).toContain('rewritten');
});
