import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { LabelError, ProgramError } from '../../../src/core/errors.ts';
import { openLabeller } from '../../../src/label/open-labeller.ts';
import { ROOT } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { type FakeTemplate, fakeTemplate, threeAtoms } from '../fake-program.ts';
import { fakeSlurm } from './fake-slurm.ts';

vi.setConfig({ testTimeout: 180_000 });

const SLURM = 'slurm: {gather: 0.1, poll: 0.1, options: [--partition=short]}';
const never = new AbortController().signal;

function cluster(words: FakeTemplate = {}) {
  const folder = temporaryFolder();
  const { path, state } = fakeSlurm(folder);
  vi.stubEnv('PATH', `${path}:${process.env['PATH']}`);
  const template = fakeTemplate(folder, { log: join(folder, 'runs'), more: SLURM, ...words });
  const asked = () =>
    existsSync(join(state, 'log')) ? readFileSync(join(state, 'log'), 'utf8').trim().split('\n') : [];
  const runs = () =>
    existsSync(join(folder, 'runs')) ? readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n') : [];
  const scratch = join(folder, 'scratch');
  const open = () => openLabeller({ kind: 'template', folder: template }, { scratch, cores: 1 });
  return { folder, state, template, scratch, asked, runs, open };
}

describe('labels through SLURM', () => {
  test('of frames asked for together are one array; everything collected, nothing is left', async () => {
    const { open, asked, scratch } = cluster();
    const labeller = await open();
    const labels = await Promise.all([0, 1, 2, 3].map((k) => labeller.label(threeAtoms(k), never)));
    const energies = labels.map(({ labels: { energy } }) => energy);
    expect(new Set(energies).size).toBe(4);
    expect(asked()).toEqual([expect.stringMatching(/^sbatch --parsable --array=0-3 --partition=short array\.sh /)]);
    await labeller.close();
    expect(readdirSync(scratch)).toEqual([]);
    expect(labeller.concurrency).toBe(100);
  });

  test('that fail are tried again with other values, and refused with the end of their output', async () => {
    const { open, asked } = cluster({ mode: 'crash', more: `${SLURM}\nretries: [{mode: nan}]` });
    const labeller = await open();
    const error = await labeller.label(threeAtoms(), never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LabelError);
    expect((error as LabelError).message).toMatch(/exit code 3; then .*force on atom 2 is not finite/);
    expect((error as LabelError).tail).toMatch(/working in mode nan/);
    expect(asked().length).toBe(2);
    await labeller.close();
  });

  test('whose job vanished without a result are lost, with what accounting knows', async () => {
    const { open, state, runs } = cluster({ mode: 'hang' });
    const labeller = await open();
    const label = labeller.label(threeAtoms(), never).catch((e: unknown) => e);
    await vi.waitFor(() => expect(runs().length).toBe(1), 60_000);
    process.kill(-Number(readFileSync(join(state, '101.0.pid'), 'utf8')), 'SIGKILL');
    expect(((await label) as LabelError).message).toMatch(/SLURM no longer has the job/);
    expect(((await label) as LabelError).tail).toContain('NODE_FAIL');
    await labeller.close();
  });

  test('wait through a queue that does not answer for a while; a refusal of sbatch concerns all frames', async () => {
    const { open, state, runs } = cluster({ seconds: 0.5 });
    const labeller = await open();
    writeFileSync(join(state, 'full'), '');
    const refused = labeller.label(threeAtoms(7), never);
    await expect(refused).rejects.toThrow(ProgramError);
    await expect(refused).rejects.toThrow(/QOSMaxSubmitJobPerUserLimit/);
    rmSync(join(state, 'full'));
    const label = labeller.label(threeAtoms(), never);
    await vi.waitFor(() => expect(runs().length).toBe(1), 60_000);
    writeFileSync(join(state, 'down'), '');
    await new Promise((later) => setTimeout(later, 500));
    rmSync(join(state, 'down'));
    expect((await label).labels.energy).toBeGreaterThan(0);
    await labeller.close();
  });

  test('that are given up are taken out of the queue with one command', async () => {
    const { open, asked, runs, scratch } = cluster({ mode: 'hang' });
    const labeller = await open();
    const stop = new AbortController();
    const labels = [0, 1].map((k) => labeller.label(threeAtoms(k), stop.signal).catch((e: unknown) => e));
    await vi.waitFor(() => expect(runs().length).toBe(2), 60_000);
    stop.abort(new Error('enough'));
    expect(((await labels[0]) as Error).message).toBe('enough');
    await labeller.close();
    expect(asked().slice(1)).toEqual(['scancel 101_0 101_1']);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('survive kill -9: the running array is collected by the next process and not submitted again', async () => {
    const { folder, template, asked, runs, scratch, open } = cluster({ seconds: 4 });
    const script = join(folder, 'first.mts');
    const url = (path: string) => JSON.stringify(join(ROOT, path));
    writeFileSync(
      script,
      `import { openLabeller } from ${url('src/label/open-labeller.ts')};
import { threeAtoms } from ${url('test/label/fake-program.ts')};
const labeller = await openLabeller({ kind: 'template', folder: ${JSON.stringify(template)} }, { scratch: ${JSON.stringify(scratch)}, cores: 1 });
await Promise.all([0, 1, 2].map((k) => labeller.label(threeAtoms(k), new AbortController().signal)));
`,
    );
    const child = spawn(process.execPath, ['--import', join(ROOT, 'node_modules/tsx/dist/loader.mjs'), script], {
      stdio: 'ignore',
    });
    await vi.waitFor(() => expect(runs().length).toBe(3), 90_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const labeller = await open();
    const labels = await Promise.all([2, 1, 0].map((k) => labeller.label(threeAtoms(k), never)));
    expect(new Set(labels.map(({ labels: { energy } }) => energy)).size).toBe(3);
    expect(asked().filter((line) => line.startsWith('sbatch')).length).toBe(1);
    expect(runs().length).toBe(3);
    await labeller.close();
    expect(readdirSync(scratch)).toEqual([]);
  });
});
