import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { train } from '../../src/train/train.ts';
import { type CommitteeOptions, trainCommittee } from '../../src/train/train-committee.ts';
import { CONFIG, labelledExtxyz, randomFrames } from './known-network.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const execArgv = [...process.execArgv];

beforeAll(async () => {
  // The member processes run TypeScript sources here.
  process.execArgv.push('--import', 'tsx');
  folder = await mkdtemp(join(tmpdir(), 'committee-'));
  await writeFile(at('data.extxyz'), labelledExtxyz(randomFrames(24, 5)));
  await writeFile(at('train.yaml'), CONFIG);
});
afterAll(async () => {
  process.execArgv = execArgv;
  await rm(folder, { recursive: true });
});

const run = (output: string, more: Partial<CommitteeOptions> = {}) =>
  trainCommittee({
    data: at('data.extxyz'),
    config: at('train.yaml'),
    output: at(output),
    seed: 3,
    members: 2,
    parallel: 2,
    read: {},
    onDiagnostic: () => {},
    ...more,
  });

test('a committee is the mean of potentials of different seeds, and is loaded from its directory as one', async () => {
  const result = await run('c', { test: at('data.extxyz') });
  expect(result).toMatchObject({ stop: 'finished', written: true, members: [{ epochs: 4 }, { epochs: 4 }] });
  expect((await readdir(at('c'))).sort()).toEqual([
    '1',
    '1.checkpoint',
    '2',
    '2.checkpoint',
    'potential.json',
    'report.html',
    'run.json',
    'structures.csv',
  ]);
  const [frame] = randomFrames(6, 44).slice(5);
  const [both, first, second] = await Promise.all(
    ['c', 'c/1', 'c/2'].map(async (name) => evaluateFrame(await loadPotential(at(name)), frame)),
  );
  expect(first.energy).not.toBe(second.energy);
  expect(both.energy).toBeCloseTo((first.energy + second.energy) / 2, 10);
  both.forces.forEach((f, k) => {
    expect(f).toBeCloseTo((first.forces[k] + second.forces[k]) / 2, 10);
  });
  const evaluator = await loadEvaluator({ directory: at('c') });
  expect(evaluator.species).toEqual([8, 14]);
}, 240_000);

test('a member is what train makes with its seed', async () => {
  await train({
    data: at('data.extxyz'),
    config: at('train.yaml'),
    output: at('alone'),
    seed: 13,
    read: {},
    onDiagnostic: () => {},
  });
  const weights = (name: string) => readFile(join(at(name), 'weights.014.data'), 'utf8');
  expect(await weights('c/2')).toBe(await weights('alone'));
}, 240_000);

test('an interrupted committee goes on where it was', async () => {
  const stopped = await run('d', { timeLimit: 1e-9 });
  expect(stopped).toMatchObject({ stop: 'interrupted', written: false });
  await expect(run('d')).rejects.toThrow(/exists; continue it with --resume/);
  expect(await run('d', { resume: true })).toMatchObject({ stop: 'finished', written: true });
  const weights = (name: string) => readFile(join(at(name), 'weights.014.data'), 'utf8');
  expect(await weights('d/1')).toBe(await weights('c/1'));
}, 240_000);

test('what a member cannot do is said with its name', async () => {
  await writeFile(at('bad.yaml'), CONFIG.replaceAll('- {type', '- {center: Si, type'));
  await expect(run('e', { config: at('bad.yaml') })).rejects.toThrow(
    /member \d of the committee: no symmetry functions for O/,
  );
}, 240_000);
