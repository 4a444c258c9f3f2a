import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { writeSetfl } from '../../../src/conductance/pull/pair-text.ts';
import { openFrames } from '../../../src/convert/open.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { describeLane, ROOT, SHARED } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const RAW = join(SHARED, 'datasets/nanowire/raw');
const CLI = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];

async function framesOf(path: string, element = 'K'): Promise<Frame[]> {
  const frames: Frame[] = [];
  const options = { path, strict: true, typeMap: [element, element, element], onDiagnostic: () => {} };
  for await (const frame of (await openFrames('lammps-dump', options)).frames) frames.push(frame);
  return frames;
}

describeLane('lammps', 'nanowire pull', () => {
  test('pulls potassium until it breaks, ends shortly after, and does nothing when called again', {
    timeout: 240_000,
  }, () => {
    const set = join(temporaryFolder(), 'set');
    const words = `nanowire pull --element K -O ${set} --orientations 111 --speeds 20 --length 20 --diameter 12 --equilibration 2 --frames 40`;
    const run = () =>
      spawnSync('node', [...CLI, ...words.split(' ')], { cwd: ROOT, encoding: 'utf8', timeout: 200_000 });
    const first = run();
    expect(first.stderr).toContain('broke,');
    expect(first.stdout).toContain('1 of 1 pulls are finished (0 before)');
    const { steps, broken } = JSON.parse(readFileSync(join(set, 'pull-0001/result.json'), 'utf8'));
    expect(broken).toBe(1);
    const dump = readFileSync(join(set, 'pull-0001/pull-0001.dump'), 'utf8');
    const dumped = [...dump.matchAll(/ITEM: TIMESTEP\n(\d+)/g)].map((found) => Number(found[1]));
    expect(dumped.at(-1)).toBe(steps);
    expect(dumped.length).toBeLessThan(41);
    expect(dump).toContain('ITEM: ATOMS id type element x y z');
    expect(run().stdout).toContain('1 of 1 pulls are finished (1 before)');
  });

  test('goes on after kill -9 with the pulls that were not finished', { timeout: 240_000 }, async () => {
    const set = join(temporaryFolder(), 'set');
    const words = `nanowire pull --element K -O ${set} --count 3 --orientations 100 --speeds 20 --length 20 --diameter 12 --equilibration 2 --frames 40`;
    const child = spawn('node', [...CLI, ...words.split(' ')], { cwd: ROOT, stdio: 'ignore' });
    const ended = once(child, 'exit');
    const second = join(set, 'pull-0002/log.lammps');
    for (let tries = 0; tries < 3000 && !existsSync(second); tries++) await wait(20);
    expect(existsSync(second)).toBe(true);
    child.kill('SIGKILL');
    await ended;
    const rest = spawnSync('node', [...CLI, ...words.split(' ')], { cwd: ROOT, encoding: 'utf8', timeout: 200_000 });
    expect(rest.stdout).toMatch(/3 of 3 pulls are finished \([12] before\)/);
    expect(readdirSync(set).filter((name) => name.includes('old'))).toEqual([]);
    for (const name of ['pull-0001', 'pull-0002', 'pull-0003'])
      expect((await framesOf(join(set, name, `${name}.dump`))).length).toBeGreaterThan(5);
  });
});

describeLane('lammps', 'nanowire pull with other potentials', () => {
  const pulled = (words: string) => {
    const set = join(temporaryFolder(), 'set');
    const all = `nanowire pull -O ${set} --diameter 8 --length 12 --speeds 50 --equilibration 0.2 ${words}`;
    const done = spawnSync('node', [...CLI, ...all.split(' ')], { cwd: ROOT, encoding: 'utf8', timeout: 280_000 });
    expect(done.stdout, done.stderr).toContain('1 of 1 pulls are finished');
    const path = join(set, 'pull-0001/pull-0001.dump');
    expect(readFileSync(path, 'utf8')).toContain('ITEM: ATOMS id type element x y z\n1 2 ');
    return framesOf(path, 'Cu');
  };

  test('an fcc metal is pulled with pair lines of the user', { timeout: 300_000 }, async () => {
    const pair = join(temporaryFolder(), 'pair.txt');
    // Copper as Lennard-Jones particles: P. M. Agrawal et al., Surf. Sci. 515, 21 (2002)
    writeFileSync(pair, 'pair_style lj/cut 6.5\npair_coeff * * 0.4094 2.338\n');
    const frames = await pulled(`--element Cu --grip 4 --elongation 2 --frames 5 --pair ${pair}`);
    expect(frames.length).toBeGreaterThanOrEqual(5);
    expect(frames[4].positions).not.toEqual(frames[0].positions);
  });

  test('a trained potential is evaluated by LAMMPS itself', { timeout: 300_000 }, async () => {
    const crystal = '--element Si --lattice fcc --lattice-constant 3.9 --grip 4 --temperatures 10';
    const potential = join(ROOT, 'examples/silicon/potential');
    const frames = await pulled(`${crystal} --elongation 0.2 --frames 4 --potential ${potential}`);
    expect(frames.length).toBeGreaterThanOrEqual(4);
  });
});

describeLane('lammps', 'the input script for pulls', () => {
  describeLane('corpus', 'with the wires of the nanowire data set', () => {
    test.each([
      ['s003', { temperature: 4.5, speed: 20, seed: 73, elongation: 41, frames: 200 }, 75],
      ['s008', { temperature: 77, speed: 10, seed: 78, elongation: 8.2001, frames: 40 }, 18],
    ] as const)('repeats %s to 3e-4 Å', { timeout: 240_000 }, async (name, variables, count) => {
      const folder = temporaryFolder();
      copyFileSync(join(RAW, `${name}.data`), join(folder, 'wire.data'));
      await writeSetfl('K', join(folder, 'K.eam.fs'));
      writeFileSync(join(folder, 'pair.lmp'), 'pair_style eam/fs\npair_coeff * * K.eam.fs K K K\n');
      const words = Object.entries(variables).flatMap(([key, value]) => ['-var', key, String(value)]);
      const script = join(ROOT, 'lammps-scripts/inputs/pull.lmp');
      const done = spawnSync('lmp', ['-in', script, '-screen', 'none', ...words], { cwd: folder, timeout: 200_000 });
      expect(done.status).toBe(0);
      const [ours, theirs] = await Promise.all([
        framesOf(join(folder, 'pull.dump')),
        framesOf(join(RAW, `${name}.dump.gz`)),
      ]);
      // Later frames: the wire of s003 has broken by then, s008 is warm; both amplify rounding.
      for (let k = 0; k < count; k++) {
        expect(ours[k].info['timestep']).toBe(theirs[k].info['timestep']);
        const largest = ours[k].positions.reduce(
          (most, x, i) => Math.max(most, Math.abs(x - theirs[k].positions[i])),
          0,
        );
        expect(largest).toBeLessThan(3e-4);
      }
    });
  });
});
