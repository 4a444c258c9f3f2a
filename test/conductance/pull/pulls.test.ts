import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pullResult } from '../../../src/conductance/pull/job-folder.ts';
import { givenPair } from '../../../src/conductance/pull/pair-text.ts';
import { type PullSettings, planPulls } from '../../../src/conductance/pull/plan.ts';
import { type PullOutcome, prepareSet, runPulls } from '../../../src/conductance/pull/pull-files.ts';
import { writeArray } from '../../../src/conductance/pull/slurm.ts';
import { lockFolder } from '../../../src/store/folder-lock.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const SETTINGS: PullSettings = {
  element: 'K',
  lattice: 'bcc',
  a: 5.2205,
  orientations: ['100', '110', '111'],
  temperatures: [4.5, 77],
  speeds: [10, 20],
  seed: 1,
  diameter: 8,
  length: 20,
  grip: 10,
  elongation: 20,
  frames: 50,
  timestep: 0.005,
  equilibration: 1,
  damp: 1,
  stop: true,
};

const PAIR = 'pair_style eam/fs\npair_coeff * * ../K.eam.fs K K K\n';

/** A program in the place of LAMMPS: leaves a mark, and the result that LAMMPS would write. */
function fakeLammps(folder: string, body = ''): string {
  const path = join(folder, 'lmp.sh');
  const result = `echo '{"steps":400,"broken":1}' > result.json`;
  writeFileSync(path, `#!/bin/sh\npwd >> '${folder}/calls'\necho 'LAMMPS' > log.lammps\n${body}\n${result}\n`);
  chmodSync(path, 0o755);
  return path;
}

const calls = (folder: string) =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length : 0;

const request = (output: string, count = 3) => ({ output, settings: SETTINGS, count, pair: PAIR });

function runWith(lammps: string, onPull: (name: string, outcome: PullOutcome) => void = () => {}) {
  const signal = new AbortController().signal;
  return {
    lammps,
    jobs: 2,
    timeout: 60,
    signal,
    onPull: (job: { name: string }, o: PullOutcome) => onPull(job.name, o),
  };
}

describe('the plan of pulls', () => {
  test('has every combination once before any comes again', () => {
    const jobs = planPulls(SETTINGS, 30);
    const key = (k: number) => `${jobs[k].orientation} ${jobs[k].temperature} ${jobs[k].speed}`;
    expect(new Set(Array.from({ length: 12 }, (_, k) => key(k))).size).toBe(12);
    expect(new Set(Array.from({ length: 12 }, (_, k) => key(12 + k))).size).toBe(12);
  });

  test('grows without changing the pulls it had, and is another for another seed', () => {
    expect(planPulls(SETTINGS, 30).slice(0, 7)).toEqual(planPulls(SETTINGS, 7));
    expect(planPulls({ ...SETTINGS, seed: 2 }, 7)).not.toEqual(planPulls(SETTINGS, 7));
  });

  test('gives each pull a seed of its own that LAMMPS takes, and a center within 0.35 lattice constants', () => {
    const jobs = planPulls(SETTINGS, 200);
    expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(200);
    for (const { seed, center } of jobs) {
      expect(Number.isInteger(seed) && seed > 0 && seed < 900_000_000).toBe(true);
      expect(Math.max(...center.map(Math.abs))).toBeLessThanOrEqual(0.35 * SETTINGS.a);
    }
  });
});

describe('a set of pulls', () => {
  test('is run once: what is finished is passed over, more may be added', async () => {
    const folder = temporaryFolder();
    const [set, lammps] = [join(folder, 'set'), fakeLammps(folder)];
    expect(await runPulls(request(set), runWith(lammps))).toEqual({ total: 3, before: 0, finished: 3, failed: [] });
    expect(await runPulls(request(set), runWith(lammps))).toEqual({ total: 3, before: 3, finished: 0, failed: [] });
    expect(calls(folder)).toBe(3);
    expect(await runPulls(request(set, 4), runWith(lammps))).toMatchObject({ total: 4, before: 3, finished: 1 });
    expect(existsSync(join(set, 'lock.json'))).toBe(false);
  });

  test('goes on after a pull that failed, names the error of LAMMPS, and tries it again later', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    const failing = fakeLammps(
      folder,
      'case $PWD in *0002) echo "ERROR: Lost atoms: 3 (src/thermo.cpp:481)" > log.lammps; exit 1;; esac',
    );
    const outcomes: Record<string, PullOutcome> = {};
    const summary = await runPulls(
      request(set),
      runWith(failing, (name, outcome) => {
        outcomes[name] = outcome;
      }),
    );
    expect(summary).toMatchObject({ finished: 2, failed: ['pull-0002'] });
    expect(outcomes['pull-0002']).toMatchObject({ failure: expect.stringContaining('ERROR: Lost atoms') });
    expect(await runPulls(request(set), runWith(fakeLammps(folder)))).toMatchObject({ before: 2, finished: 1 });
  });

  test('counts a pull whose result is cut off as not finished', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    await runPulls(request(set), runWith(fakeLammps(folder)));
    writeFileSync(join(set, 'pull-0001/result.json'), '{"steps":4');
    const { jobs, open } = await prepareSet(request(set));
    expect(open.map(({ name }) => name)).toEqual(['pull-0001']);
    expect(await pullResult(set, jobs[1])).toEqual({ steps: 400, broken: true });
  });

  test('refuses settings that are not those of its pulls', async () => {
    const set = join(temporaryFolder(), 'set');
    await prepareSet(request(set));
    const other = { ...request(set), settings: { ...SETTINGS, diameter: 9 } };
    await expect(prepareSet(other)).rejects.toThrow('diameter 8, not 9');
    await expect(prepareSet({ ...request(set), pair: 'pair_style lj/cut 8\n' })).rejects.toThrow('another potential');
  });

  test('a folder made anew keeps nothing of an earlier, killed run', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    await runPulls(request(set, 1), runWith(fakeLammps(folder, 'echo old > pull-0001.dump')));
    rmSync(join(set, 'pull-0001/result.json'));
    await runPulls(request(set, 1), runWith(fakeLammps(folder)));
    expect(existsSync(join(set, 'pull-0001/pull-0001.dump'))).toBe(false);
  });

  test('belongs to one process at a time', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    await prepareSet(request(set));
    const lock = await lockFolder(set);
    await expect(runPulls(request(set), runWith(fakeLammps(folder)))).rejects.toThrow('in use by process');
    await lock.release();
  });

  test('stops at an interruption and leaves the rest open', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    const stop = new AbortController();
    const run = { ...runWith(fakeLammps(folder), () => stop.abort()), jobs: 1, signal: stop.signal };
    await runPulls(request(set), run);
    expect((await prepareSet(request(set))).open).toHaveLength(2);
  });
});

describe('the array script for Slurm', () => {
  test('runs each open pull in its folder and passes over one that is finished', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    const lammps = fakeLammps(folder);
    await runPulls(request(set, 1), runWith(lammps));
    const script = await writeArray(request(set, 4), { lammps, atOnce: 2, words: ['--partition=short'] });
    expect(script).toMatchObject({ open: 3, total: 4 });
    const text = readFileSync(script.path, 'utf8');
    expect(text).toContain('#SBATCH --array=2-4%2\n');
    expect(text).toContain('#SBATCH --partition=short\n');
    for (const task of ['1', '3', '3']) {
      const done = spawnSync('sh', [script.path], { env: { ...process.env, SLURM_ARRAY_TASK_ID: task } });
      expect(done.status).toBe(0);
    }
    expect(calls(folder)).toBe(2);
    expect((await prepareSet(request(set, 4))).open.map(({ name }) => name)).toEqual(['pull-0002', 'pull-0004']);
  });

  test('reports a pull whose LAMMPS failed', async () => {
    const folder = temporaryFolder();
    const set = join(folder, 'set');
    const options = { lammps: fakeLammps(folder, 'exit 1'), atOnce: 0, words: [] };
    const { path } = await writeArray(request(set, 1), options);
    const done = spawnSync('sh', [path], { env: { ...process.env, SLURM_ARRAY_TASK_ID: '1' } });
    expect(done.status).toBe(1);
  });
});

describe('pair lines of the user', () => {
  test('find files that lie beside them, whatever folder LAMMPS runs in', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'Au.eam'), '');
    writeFileSync(join(folder, 'pair.txt'), 'pair_style eam/alloy\npair_coeff * * Au.eam Au Au Au\n');
    expect(await givenPair(join(folder, 'pair.txt'))).toContain(`* * ${join(folder, 'Au.eam')} Au Au Au`);
  });

  test('are asked for when the file has none', async () => {
    const path = join(temporaryFolder(), 'pair.txt');
    await expect(givenPair(path)).rejects.toThrow('no such file');
    writeFileSync(path, 'units metal\n');
    await expect(givenPair(path)).rejects.toThrow('pair_style');
  });
});
