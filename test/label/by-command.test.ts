import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { LabelError, ProgramError } from '../../src/core/errors.ts';
import type { Labeller } from '../../src/label/labeller.ts';
import { openLabeller } from '../../src/label/open-labeller.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { dataFile, type FakeTemplate, fakeTemplate, threeAtoms } from './fake-program.ts';

vi.setConfig({ testTimeout: 120_000 }); // programs are started on a machine that may be busy

const never = new AbortController().signal;

async function labellerOf(words: FakeTemplate = {}) {
  const folder = temporaryFolder();
  const scratch = join(folder, 'scratch');
  const labeller = await openLabeller({ kind: 'template', folder: fakeTemplate(folder, words) }, { scratch, cores: 2 });
  return { labeller, scratch, folder };
}

const failure = (labeller: Labeller, frame = threeAtoms()) =>
  labeller.label(frame, never).then(
    () => {
      throw new Error('labelled');
    },
    (error: unknown) => error,
  );

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('a program by template', () => {
  test('labels a frame in its own order and leaves no scratch', async () => {
    const { labeller, scratch } = await labellerOf();
    const { labels } = await labeller.label(threeAtoms(), never);
    expect(labels.forces?.[0]).toBeCloseTo(1.5 - 0.5, 12);
    expect(labels.forces?.[8]).toBeCloseTo(3.5 / 3 - 2.5, 11);
    expect(labels.energy).toBeCloseTo(
      (labels.forces ?? new Float64Array()).reduce((s, f) => s + (f * f) / 2, 0),
      10,
    );
    expect(readdirSync(scratch)).toEqual([]);
    expect(labeller.concurrency).toBe(2);
    expect(labeller.provenance).toMatchObject({ labeller: 'springs', label_format: 'extxyz' });
    expect(labeller.provenance['label_template']).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['crashes', 'crash', /ended with exit code 3/, /segmentation fault at iteration 17/],
    ['is killed', 'killed', /ended by SIGKILL/, /working in mode killed/],
    ['ends well but left nothing', 'silent', /output\.xyz.*left no such file/, /working in mode silent/],
    ['answers but ends badly', 'unhappy', /ended with exit code 1/, /working/],
    ['leaves a cut output', 'cut', /expected/, /Lattice/],
    ['leaves something else', 'garbage', /expected/, /this is no extxyz/],
    ['answers for fewer atoms', 'count', /2 atoms, the structure 3/, /2/],
    ['answers for other elements', 'order', /atom 1 is Na in the output and K in the structure/, /./],
    ['answers for moved atoms', 'moved', /atom 2 stands 0\.05/, /./],
    ['answers for another cell', 'cell', /cell vector a has x = 9 Å in the output and 8 Å in the structure/, /./],
    ['gives a force that is no number', 'nan', /force on atom 2 is not finite/, /./],
    ['gives an energy that is no number', 'nan-energy', /energy/, /./],
    ['gives no energy', 'no-energy', /no energy/, /./],
    ['gives no forces', 'no-forces', /no forces/, /./],
    ['gives forces that push the whole structure', 'net', /sum up to 0\.167 eV\/Å per atom/, /./],
  ])('that %s is refused with the reason, the frame and the end of its output', async (_, mode, reason, tail) => {
    const { labeller, scratch } = await labellerOf({ mode });
    const error = await failure(labeller);
    expect(error).toBeInstanceOf(LabelError);
    expect((error as LabelError).message).toMatch(reason);
    expect((error as LabelError).message).toMatch(/^frames\.xyz:1: \(frame 0\): springs: /);
    expect((error as LabelError).tail).toMatch(tail);
    const [kept] = readdirSync(join(scratch, 'failed'));
    expect(readFileSync(join(scratch, 'failed', kept, 'stdout'), 'utf8')).toContain(`mode ${mode}`);
    expect(readdirSync(scratch)).toEqual(['failed']);
  });

  test('that hangs is killed at its timeout, with the processes it started', async () => {
    const log = join(temporaryFolder(), 'log');
    const short = await labellerOf({ mode: 'hang', log });
    const yaml = join(short.folder, 'template', 'labeller.yaml');
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('timeout: 60', 'timeout: 8'));
    const spec = { kind: 'template', folder: join(short.folder, 'template') } as const;
    const hanging = await openLabeller(spec, { scratch: short.scratch, cores: 1 });
    const error = await failure(hanging);
    expect((error as LabelError).message).toMatch(/no end after 8 s \(timeout\)/);
    const pids = readFileSync(`${log}.pids`, 'utf8').split(' ').map(Number);
    expect(pids.length).toBe(2);
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 20_000);
  });

  test('that is aborted ends with its processes and gives the reason of the abort', async () => {
    const log = join(temporaryFolder(), 'log');
    const { labeller, scratch } = await labellerOf({ mode: 'hang', log });
    const stop = new AbortController();
    const label = labeller.label(threeAtoms(), stop.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(existsSync(`${log}.pids`)).toBe(true), 60_000);
    stop.abort(new Error('enough'));
    expect(((await label) as Error).message).toBe('enough');
    const pids = readFileSync(`${log}.pids`, 'utf8').split(' ').map(Number);
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 20_000);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('that failed is tried again with other values, and the attempts are told', async () => {
    const { labeller } = await labellerOf({ mode: 'crash', more: 'retries: [{mode: silent}, {mode: good}]' });
    expect((await labeller.label(threeAtoms(), never)).info).toMatchObject({ label_attempts: 3 });
    const hopeless = await labellerOf({ mode: 'crash', more: 'retries: [{mode: silent}]' });
    const error = (await failure(hopeless.labeller)) as LabelError;
    expect(error.message).toMatch(/exit code 3; then .*left no such file/);
  });

  test('without a word about convergence is refused, unless the template accepts that', async () => {
    const { labeller } = await labellerOf({ convergence: '' });
    expect(((await failure(labeller)) as LabelError).message).toMatch(/does not say that the SCF converged/);
  });

  test('that did not converge is refused although energy and forces are there', async () => {
    const folder = temporaryFolder();
    const template = fakeTemplate(folder);
    const text = dataFile('espresso-output/silicon/frame.out').replace(
      /convergence has been.*/,
      'convergence NOT achieved',
    );
    writeFileSync(join(template, 'program.mjs'), `console.log(${JSON.stringify(text)})`);
    const yaml = join(template, 'labeller.yaml');
    const words = readFileSync(yaml, 'utf8').replace(/output: .*/, 'output: {file: stdout, format: espresso-output}');
    writeFileSync(yaml, words);
    const labeller = await openLabeller(
      { kind: 'template', folder: template },
      { scratch: join(folder, 's'), cores: 1 },
    );
    const silicon = {
      ...threeAtoms(),
      natoms: 2,
      numbers: Uint8Array.of(14, 14),
      cell: Float64Array.of(0, 2.715, 2.735, 2.7, 0, 2.715, 2.715, 2.75, 0),
      positions: Float64Array.of(0, 0, 0, 1.3, 1.38, 1.4),
    };
    expect(((await failure(labeller, silicon)) as LabelError).message).toMatch(/the SCF did not converge/);
    writeFileSync(
      join(template, 'program.mjs'),
      `console.log(${JSON.stringify(dataFile('espresso-output/silicon/frame.out'))})`,
    );
    const good = await openLabeller({ kind: 'template', folder: template }, { scratch: join(folder, 's'), cores: 1 });
    expect((await good.label(silicon, never)).info).toMatchObject({ label_program: 'PWSCF v.6.7MaX', scf_steps: 7 });
  });

  test('is not started for structures it is not for', async () => {
    const log = join(temporaryFolder(), 'log');
    const { labeller } = await labellerOf({ log });
    const frame = threeAtoms();
    for (const [changed, reason] of [
      [{ pbc: [true, true, false] as const }, /not periodic in all directions/],
      [{ cell: null }, /not periodic/],
      [{ numbers: Uint8Array.of(19, 0, 11) }, /unknown element/],
      [{ positions: frame.positions.map((x, k) => (k === 4 ? Number.NaN : x)) }, /not finite/],
    ] as const)
      expect(((await failure(labeller, { ...frame, ...changed })) as LabelError).message).toMatch(reason);
    expect(existsSync(log)).toBe(false);
  });

  test('that is not installed is an error of all frames', async () => {
    const folder = temporaryFolder();
    const template = fakeTemplate(folder);
    const yaml = join(template, 'labeller.yaml');
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/command: .*/, 'command: [no-such-program-of-dft]'));
    const opened = openLabeller({ kind: 'template', folder: template }, { scratch: join(folder, 's'), cores: 1 });
    await expect(opened).rejects.toThrow(ProgramError);
    await expect(opened).rejects.toThrow('no-such-program-of-dft is not installed');
  });

  test('gets its words as they are: nothing of them goes through a shell', async () => {
    const folder = temporaryFolder();
    const template = fakeTemplate(folder);
    writeFileSync(
      join(template, 'program.mjs'),
      "import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[3], process.argv[2]);",
    );
    const yaml = join(template, 'labeller.yaml');
    const seen = join(folder, 'seen');
    const command = `command: [${process.execPath}, program.mjs, "$(touch ${folder}/evil); x", ${seen}]`;
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/command: .*/, command));
    const labeller = await openLabeller(
      { kind: 'template', folder: template },
      { scratch: join(folder, 's'), cores: 1 },
    );
    await failure(labeller);
    expect(readFileSync(seen, 'utf8')).toBe(`$(touch ${folder}/evil); x`);
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });
});
