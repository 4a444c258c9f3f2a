import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import type { Frame } from '../../src/core/frame.ts';
import { watchDirectory } from '../../src/watch/watch-directory.ts';
import { differences } from '../contracts/read.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { appendSlowly, dumpStep, QUICK, readNow, Watching, xyzStep } from './watching.ts';

const numbers = (n: number) => Array.from({ length: n }, (_, k) => k);
const onDiagnostic = () => {};

async function framesIn(path: string): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { path, strict: false, onDiagnostic });
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

test('each of 2000 files, one a step, gives its frame once', async () => {
  const folder = temporaryFolder();
  const watching = Watching.folder(folder);
  for (const k of numbers(2000)) {
    writeFileSync(join(folder, `melt.${k}.dump`), dumpStep(k));
    if (k % 100 === 0) await sleep(1);
  }
  await watching.until(({ frames }) => frames.length >= 2000);
  await sleep(500);
  expect(watching.steps.length).toBe(2000);
  expect(new Set(watching.steps).size).toBe(2000);
  expect(watching.diagnostics.filter(({ code }) => code !== 'assumed-units')).toEqual([]);
});

test('a slow consumer is waited for: one frame at a time, nothing read ahead, nothing lost', async () => {
  const folder = temporaryFolder();
  const [fast, other] = [join(folder, 'a.dump'), join(folder, 'b.dump')];
  const seen: number[] = [];
  let behind = 0;
  const options = { ...QUICK, onDiagnostic, idleSeconds: 1 };
  writeFileSync(other, dumpStep(1_000_000));
  const writing = appendSlowly(
    fast,
    numbers(200)
      .map((k) => dumpStep(k, 20))
      .join(''),
    8192,
    1,
  );
  const frames = watchDirectory(folder, { ...options, onProgress: (p) => (behind = Math.max(behind, p.bytesBehind)) });
  for await (const { step } of frames) {
    seen.push(step as number);
    if (seen.length < 40) await sleep(20);
  }
  await writing;
  expect(seen.sort((a, b) => a - b)).toEqual([...numbers(200), 1_000_000]);
  // While the consumer slept, the file grew: that waited in the file, not in memory.
  expect(behind).toBeGreaterThan(20_000);
});

test('files take turns: a short one is not kept waiting by a long one', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'a.dump'),
    numbers(9000)
      .map((k) => dumpStep(k, 100))
      .join(''),
  );
  writeFileSync(
    join(folder, 'b.dump'),
    numbers(3)
      .map((k) => dumpStep(k))
      .join(''),
  );
  const order: string[] = [];
  for await (const { cursor } of watchDirectory(folder, { ...QUICK, onDiagnostic, idleSeconds: 0 }))
    order.push(cursor.path);
  expect(order.length).toBe(9003);
  expect(order.indexOf('b.dump')).toBeLessThan(order.lastIndexOf('a.dump'));
});

test('without patterns the usual names of growing trajectories are followed, in subfolders too', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'run1', 'deep'), { recursive: true });
  mkdirSync(join(folder, '.store'));
  writeFileSync(join(folder, 'a.lammpstrj'), dumpStep(1));
  writeFileSync(join(folder, 'run1', 'dump.2'), dumpStep(2));
  writeFileSync(join(folder, 'run1', 'deep', 'c.xyz'), xyzStep(3));
  writeFileSync(join(folder, 'notes.txt'), 'not frames\n');
  writeFileSync(join(folder, 'log.lammps'), 'LAMMPS\n');
  writeFileSync(join(folder, '.store', 'd.xyz'), xyzStep(4));
  writeFileSync(join(folder, '.hidden.xyz'), xyzStep(5));
  const watching = await readNow((idle) => Watching.folder(folder, idle));
  expect([...watching.steps].sort()).toEqual([1, 2, 3]);
  expect([...watching.cursors.keys()].sort()).toEqual(['a.lammpstrj', 'run1/deep/c.xyz', 'run1/dump.2']);
});

test('patterns, ignored folders and depth choose the files', async () => {
  const folder = temporaryFolder();
  for (const sub of ['x', 'y']) mkdirSync(join(folder, sub));
  writeFileSync(join(folder, 'traj.7'), xyzStep(7));
  writeFileSync(join(folder, 'x', 'traj.8'), xyzStep(8));
  writeFileSync(join(folder, 'y', 'traj.9'), xyzStep(9));
  writeFileSync(join(folder, 'other.xyz'), xyzStep(10));
  const stepsWith = async (options: object) => {
    const { steps } = await readNow((idle) => Watching.folder(folder, { ...idle, ...options }));
    return [...steps].sort();
  };
  expect(await stepsWith({ patterns: ['traj.*'] })).toEqual([7, 8, 9]);
  expect(await stepsWith({ patterns: ['traj.*'], ignore: ['y'] })).toEqual([7, 8]);
  expect(await stepsWith({ patterns: ['traj.*'], depth: 0 })).toEqual([7]);
  expect(await stepsWith({ patterns: ['x/*', '*.xyz'] })).toEqual([10, 8]);
});

test('the parts of a % set are put together when all of them are there', async () => {
  const folder = temporaryFolder();
  const part = (step: number, p: number) => {
    const text = dumpStep(step, 3).replace(/^(\d+) 1 /gm, (_, id) => `${Number(id) + 3 * p} 1 `);
    writeFileSync(join(folder, `melt.${p}.${step}.dump`), text);
  };
  for (const p of [0, 1, 2, 3]) part(0, p);
  const watching = Watching.folder(folder, { patterns: ['melt.%.*.dump'] });
  await watching.until(({ frames }) => frames.length === 1);
  for (const p of [0, 2, 3]) part(100, p);
  await sleep(600);
  expect(watching.frames.length).toBe(1);
  part(100, 1);
  for (const p of [0, 1, 2]) part(200, p);
  await watching.until(({ codes, frames }) => frames.length === 2 && codes.includes('incomplete'));
  expect(watching.steps).toEqual([0, 100]);
  expect(watching.frames.map(({ frame }) => frame.natoms)).toEqual([12, 12]);
  expect(watching.frames[1].cursor.path).toBe('melt.%.100.dump');
  const cursors = new Map(watching.frames.map(({ cursor }) => [cursor.path, cursor]));
  await watching.stop();
  part(200, 3);
  const again = await readNow((idle) => Watching.folder(folder, { ...idle, patterns: ['melt.%.*.dump'], cursors }));
  expect(again.steps).toEqual([200]);
});

test('a compressed file is read when its stream has ended, and not before', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'md.dump.gz');
  const packed = gzipSync(
    numbers(50)
      .map((k) => dumpStep(k, 40))
      .join(''),
  );
  writeFileSync(path, packed.subarray(0, packed.length - 20));
  const watching = Watching.folder(folder);
  await sleep(700);
  expect(watching.frames).toEqual([]);
  appendFileSync(path, packed.subarray(packed.length - 20));
  await watching.until(({ frames }) => frames.length === 50);
  // A further member, as `gzip >> file` makes: what was there is passed over.
  appendFileSync(path, gzipSync(dumpStep(50) + dumpStep(51)));
  await watching.until(({ frames }) => frames.length === 52);
  expect(watching.steps).toEqual(numbers(52));
});

test('of a compressed file with a wrong checksum nothing is believed', async () => {
  const folder = temporaryFolder();
  const packed = gzipSync(dumpStep(0) + dumpStep(1));
  packed[packed.length - 6] ^= 1;
  writeFileSync(join(folder, 'md.dump.gz'), packed);
  const watching = await readNow((idle) => Watching.folder(folder, idle));
  expect(watching.frames).toEqual([]);
  expect(watching.codes).toContain('damaged');
});

for (const [name, file] of [
  ['OUTCAR', 'vasp-outcar/two-steps/OUTCAR'],
  ['OUTCAR', 'vasp-outcar/machine-learned/OUTCAR'],
  ['XDATCAR', 'vasp-xdatcar/header-repeated/XDATCAR'],
  ['XDATCAR', 'vasp-xdatcar/header-once/XDATCAR'],
] as const)
  test(`${file}: of a job that runs, complete ionic steps come as they are written`, async () => {
    const source = join(ROOT, 'test', 'data', file);
    const whole = await framesIn(source);
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'job'));
    const watching = Watching.folder(folder);
    const text = readFileSync(source, 'latin1');
    await appendSlowly(join(folder, 'job', name), text, Math.ceil(text.length / 80), 8);
    await watching.until(({ frames }) => frames.length >= whole.length);
    await sleep(300);
    expect(watching.frames.length).toBe(whole.length);
    for (const [k, { frame }] of watching.frames.entries()) expect(differences(frame, whole[k])).toEqual([]);
    // Going on behind the first step needs the header.
    const cursors = new Map([[`job/${name}`, watching.frames[0].cursor]]);
    const again = await readNow((idle) => Watching.folder(folder, { ...idle, cursors }));
    for (const [k, { frame }] of again.frames.entries())
      expect(differences(frame, whole[whole.length - again.frames.length + k])).toEqual([]);
    if (watching.frames[0].cursor.frames === 1) expect(again.frames.length).toBe(whole.length - 1);
  });

test('beside an OUTCAR the XDATCAR of the same steps is left out', async () => {
  const folder = temporaryFolder();
  for (const [kind, name] of [
    ['vasp-outcar/two-steps', 'OUTCAR'],
    ['vasp-xdatcar/header-once', 'XDATCAR'],
  ])
    writeFileSync(join(folder, name), readFileSync(join(ROOT, 'test', 'data', kind, name)));
  const watching = await readNow((idle) => Watching.folder(folder, idle));
  expect(new Set(watching.frames.map(({ cursor }) => cursor.path))).toEqual(new Set(['OUTCAR']));
});

test('a file of one structure is read when it is quiet, and again when it is written anew', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'CONTCAR');
  const poscar = (x: number) => `K\n1.0\n5 0 0\n0 5 0\n0 0 5\nK\n1\nDirect\n${x} 0.5 0.5\n`;
  writeFileSync(path, poscar(0.25));
  const watching = Watching.folder(folder, { patterns: ['CONTCAR'] });
  await watching.until(({ frames }) => frames.length === 1);
  writeFileSync(path, poscar(0.75));
  await watching.until(({ frames }) => frames.length === 2);
  expect(watching.frames.map(({ frame }) => frame.positions[0])).toEqual([1.25, 3.75]);
});

test('a file whose content does not fit its name is told once it is quiet, and others go on', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'sizes.dump'), 'a table of sizes\n1 2 3\n');
  writeFileSync(join(folder, 'settings.yaml'), 'lo: 0.1\n');
  writeFileSync(join(folder, 'a.dump'), dumpStep(1));
  const watching = await readNow((idle) => Watching.folder(folder, idle));
  expect(watching.steps).toEqual([1]);
  expect(watching.codes.filter((code) => code !== 'assumed-units')).toEqual(['unknown-format']);
});

test('a folder that is not there is refused at once', async () => {
  await expect(watchDirectory('/nowhere/at/all', { onDiagnostic }).next()).rejects.toThrow(
    'expected a folder to watch',
  );
});
