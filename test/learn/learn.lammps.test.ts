import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFrames } from '../../src/learn/explore/run-frames.ts';
import { learn } from '../../src/learn/learn.ts';
import { parseLearnConfig } from '../../src/learn/learn-config.ts';
import { describeLane } from '../lanes.ts';
import { SMALL_LOOP, SMALL_TRAINING, teacher } from './small-loop.ts';

const LAMMPS_LOOP = SMALL_LOOP.replace('engine: builtin', 'engine: lammps').replace(
  'every: 10}',
  'every: 10}\n    - {name: scripted, start: crystal, input: in.lmp, temperature: 600, steps: 60, every: 20, rounds: 1}',
);

const INPUT = `units metal
read_data \${start}
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * \${elements}
include \${watch}
velocity all create \${temperature} \${seed}
fix 1 all nve
run \${steps}
`;

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const execArgv = [...process.execArgv];

beforeAll(async () => {
  process.execArgv.push('--import', 'tsx');
  folder = await mkdtemp(join(tmpdir(), 'learn-lammps-'));
  await writeFile(at('train.yaml'), SMALL_TRAINING);
  await writeFile(at('in.lmp'), INPUT);
});
afterAll(async () => {
  process.execArgv = execArgv;
  await rm(folder, { recursive: true });
});

function run(name: string, text: string) {
  return learn({
    config: parseLearnConfig(text, at('learn.yaml')),
    folder: at(name),
    openLabeller: () => teacher(),
    signal: new AbortController().signal,
    onDiagnostic: () => {},
    onEvent: () => {},
    onRound: async () => {},
  });
}

describeLane('lammps', 'active learning with LAMMPS', () => {
  test('two rounds: LAMMPS runs with the committee, stops once it disagrees beyond hi, and candidates are learned', async () => {
    const { end, rounds, labelled } = await run('loop', LAMMPS_LOOP);
    expect(end).toBe('all rounds done');
    expect(labelled).toBeGreaterThan(8);
    expect(rounds[1].runs.map((record) => record.run)).toEqual(['crystal-300K-1', 'crystal-900K-1', 'scripted-600K-1']);
    expect(rounds[2].runs).toHaveLength(2);
    for (const { round, runs } of rounds)
      for (const record of runs) {
        const log = readFileSync(at('loop', `round-${round}`, 'explore', record.run, 'log.lammps'), 'utf8');
        expect(log).toContain('Loop time');
        const beyond = record.disagreements.filter((value) => !((value ?? Infinity) <= 0.6));
        expect(beyond.length).toBeLessThanOrEqual(1);
        expect(record.ended).toBe(beyond.length === 1 ? 'disagreement' : 'finished');
        if (record.ended === 'finished') expect(record.steps.at(-1)).toBe(60);
      }
  }, 400_000);

  test('the disagreement that LAMMPS wrote is that of the committee on the frame', async () => {
    const { loadCommittee } = await import('../../potentials/load.ts');
    const { evaluateCommittee } = await import('../../potentials/committee.ts');
    const { buildNeighborList } = await import('../../potentials/neighbors/neighbor-list.ts');
    const committee = await loadCommittee([1, 2].map((k) => at('loop', 'round-0', 'committee', String(k))));
    let frames = 0;
    for await (const { frame, disagreement } of runFrames(at('loop/round-1/explore/crystal-900K-1'), () => {})) {
      const list = buildNeighborList(frame, committee.cutoff);
      const most = Math.max(...evaluateCommittee(committee, list).disagreement.forces);
      expect(disagreement).toBeCloseTo(most, 9);
      frames++;
    }
    expect(frames).toBeGreaterThan(0);
  });

  test('a potential that breaks a run is no end of the loop, but an input script that breaks every run is', async () => {
    const one = LAMMPS_LOOP.replace('rounds: 2', 'rounds: 1');
    await writeFile(at('in.lmp'), INPUT.replace('fix 1 all nve', 'fix 1 all nonsense'));
    const { rounds } = await run('broken', one);
    const broken = rounds[1].runs.find((record) => record.run === 'scripted-600K-1');
    expect(broken).toMatchObject({ ended: 'failed', steps: [] });
    expect(broken?.message).toMatch(/LAMMPS ended with 1: ERROR: .*nonsense/);
    await expect(
      run('all-broken', one.replace('ensemble: nvt, temperature: [300, 900]', 'input: in.lmp, temperature: 300')),
    ).rejects.toThrow(/no exploration run gave a frame; the first: .*nonsense/);
  }, 400_000);

  test('an input script without the lines of the loop is refused before anything is labelled', async () => {
    await writeFile(at('in.lmp'), INPUT.replace('units metal', 'units real'));
    await expect(run('real', LAMMPS_LOOP)).rejects.toThrow(/in\.lmp: expected "units metal".*\[exploration input\]/);
    await writeFile(at('in.lmp'), INPUT.replace(/include .*watch.*\n/, ''));
    await expect(run('blind', LAMMPS_LOOP)).rejects.toThrow(/expected "include \$\{watch\}" after the pair lines/);
    expect(existsSync(at('blind'))).toBe(false);
  });
});
