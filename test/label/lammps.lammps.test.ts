import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { volume } from '../../src/core/cell.ts';
import type { Frame } from '../../src/core/frame.ts';
import { seededRandom } from '../../src/core/random.ts';
import { fromVoigt } from '../../src/core/tensor.ts';
import { LAMMPS_UNITS } from '../../src/core/units.ts';
import { lammpsBox, tensorTurnedBack, turnedBack } from '../../src/label/lammps-box.ts';
import { LocalEvaluator } from '../../src/serve/local-evaluator.ts';
import { nnpBridge } from '../lammps/command-fixture.ts';
import { describeLane } from '../lanes.ts';
import { lennardJones } from '../oracle/lennard-jones.ts';
import { temporaryFolder } from '../temporary-folder.ts';

vi.setConfig({ testTimeout: 90_000 }); // several programs are started one after another

const EAM = 'pair_style eam/alloy\npair_coeff * * /usr/share/lammps/potentials/CuNi.eam.alloy Cu Ni\n';
const LJ = 'pair_style lj/cut 6.0\npair_coeff * * 0.238 3.405\n';

/** A rattled block of fcc in a cell that is neither LAMMPS' orientation nor short of tilt; atoms lie outside, too. */
function structure(
  seed: number,
  options: { strain?: number; pbc?: string; swap?: boolean; leftHanded?: boolean } = {},
): string {
  const random = seededRandom(seed);
  const rotation = [0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6];
  const turned = (v: number[]) =>
    [0, 1, 2].map((k) => v[0] * rotation[k] + v[1] * rotation[3 + k] + v[2] * rotation[6 + k]);
  const e = 1 + (options.strain ?? 0);
  const cell = [
    [7.3 * e, 0.3, -0.2],
    [1.1, 7.2 / e, 0.4],
    [-0.8, 1.7, 7.5],
  ];
  const rows = [];
  for (let k = 0; k < 32; k++) {
    const corner = [k & 1, (k >> 1) & 1, (k >> 2) & 1];
    const basis = [
      [0, 0, 0],
      [0, 0.5, 0.5],
      [0.5, 0, 0.5],
      [0.5, 0.5, 0],
    ][k >> 3];
    const f = basis.map((x, d) => (x + corner[d]) / 2 + 0.01 * (random() - 0.5) + (k % 5 === 0 ? 2 : 0));
    const r = [0, 1, 2].map((d) => f[0] * cell[0][d] + f[1] * cell[1][d] + f[2] * cell[2][d]);
    rows.push(`${(k % 3 === 0) !== (options.swap ?? false) ? 'Cu' : 'Ni'} ${turned(r).join(' ')}`);
  }
  const lattice = cell.flatMap(turned).join(' ');
  return `32\nLattice="${lattice}" Properties=species:S:1:pos:R:3 pbc="${options.pbc ?? 'T T T'}" energy=17 tag=keep\n${rows.join('\n')}\n`;
}

/** What LAMMPS says by itself of one structure with run 0; forces and virial in the orientation of the frame. */
function runZero(frame: Frame, potential: string) {
  const folder = temporaryFolder();
  const { cell, positions, rotation } = lammpsBox(frame);
  const lines = Array.from(frame.numbers, (z, i) => {
    return `create_atoms ${z === 29 ? 1 : 2} single ${positions.subarray(3 * i, 3 * i + 3).join(' ')} units box`;
  });
  const half = [0, 4, 8].map((k) => cell[k] / 2);
  writeFileSync(
    join(folder, 'in.lmp'),
    `units metal\natom_style atomic\natom_modify map array sort 0 0\nboundary ${frame.pbc.map((p) => (p ? 'p' : 'f')).join(' ')}
box tilt large\nregion b prism ${half.map((x) => `${-x} ${x}`).join(' ')} ${cell[3]} ${cell[6]} ${cell[7]} units box
create_box 2 b\n${lines.join('\n')}\nmass * 60\n${potential}compute p all pressure NULL virial
thermo_style custom pe c_p[1] c_p[2] c_p[3] c_p[4] c_p[5] c_p[6] vol\nthermo_modify norm no format float %.17g
dump d all custom 1 forces id fx fy fz\ndump_modify d sort id format float %.17g\nrun 0\n`,
  );
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const run = spawnSync('lmp', ['-in', 'in.lmp'], { cwd: folder, encoding: 'utf8', env });
  expect(run.status, run.stdout).toBe(0);
  const values = (/PotEng.*\n(.*)/.exec(run.stdout) as RegExpExecArray)[1].trim().split(/\s+/).map(Number);
  const pressure = 1 / 1.6021765e6; // 1 / nktv2p of update.cpp
  const forces = readFileSync(join(folder, 'forces'), 'utf8').trim().split('\n').slice(9);
  const flat = Float64Array.from(forces.flatMap((line) => line.split(' ').slice(1).map(Number)));
  return {
    energy: values[0],
    forces: turnedBack(flat, rotation),
    virial: tensorTurnedBack(
      fromVoigt(
        values.slice(1, 7).map((p) => p * volume(cell) * pressure),
        'lammps',
      ),
      rotation,
    ),
  };
}

async function framesOf(path: string): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { path, onDiagnostic: () => {}, strict: true });
  const all = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

async function label(text: string, potential: string, words: string[] = []) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'frames.xyz'), text);
  writeFileSync(join(folder, 'potential.lmp'), potential);
  const all = ['label', 'frames.xyz', '-o', 'out.xyz', '--lammps', 'potential.lmp', '--types', 'Cu Ni', ...words];
  const done = await nnpBridge(all, '', folder).end;
  const out = join(folder, 'out.xyz');
  return {
    ...done,
    frames: existsSync(out) ? await framesOf(out) : [],
    given: await framesOf(join(folder, 'frames.xyz')),
    folder,
  };
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) => {
  expect(a.length).toBe(b.length);
  for (let k = 0; k < a.length; k++) expect(Math.abs(a[k] - b[k]), `component ${k}`).toBeLessThan(tolerance);
};

describeLane('lammps', 'nnp-bridge label with LAMMPS behind fix ipi', () => {
  test('gives the numbers of run 0 for frames of changing cells, order and composition, turned back', async () => {
    const text = [
      structure(1),
      structure(2, { strain: 0.04 }),
      structure(3, { swap: true }),
      structure(4, { pbc: 'F F F' }),
      structure(5, { pbc: 'T T F' }),
    ].join('');
    const { code, stderr, frames, given, folder } = await label(text, EAM);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^5 frames labelled$/m);
    expect(frames.length).toBe(5);
    for (const [k, frame] of frames.entries()) {
      const truth = runZero(given[k], EAM);
      expect(Math.abs(truth.energy)).toBeGreaterThan(10);
      expect(Math.abs((frame.labels?.energy ?? 0) - truth.energy)).toBeLessThan(1e-8);
      close(frame.labels?.forces ?? [], truth.forces, 1e-8);
      close(frame.labels?.virial ?? [], truth.virial, 1e-6);
      expect(Math.max(...truth.forces)).toBeGreaterThan(0.1);
      expect(frame.info['tag']).toBe('keep');
      expect(Array.from(frame.positions)).toEqual(Array.from(given[k].positions));
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('nnp-label'))).toEqual([]);
    expect(readdirSync('/tmp').filter((name) => name.startsWith('ipi_nnp-') && !name.includes('test'))).toEqual([]);
  });

  test('gives what lj/cut written by hand gives in the orientation of the frame, from units real, also in left-handed cells', async () => {
    const text = [
      structure(7),
      structure(8, { strain: 0.03, leftHanded: true }),
      structure(9, { pbc: 'F F F' }),
      structure(10, { pbc: 'F T F' }),
    ].join('');
    const { code, stderr, frames, given } = await label(text, LJ, ['--lammps-units', 'real']);
    expect(code, stderr).toBe(0);
    const potential = lennardJones(0.238 * LAMMPS_UNITS['real'].energy, 3.405, 6, [28, 29]);
    const oracle = new LocalEvaluator(potential, { modelId: 1, reduced: false });
    for (const [k, { labels }] of frames.entries()) {
      const truth = await oracle.evaluateStructure(given[k]);
      const large = Math.max(...truth.forces.map(Math.abs));
      expect(large).toBeGreaterThan(0.1);
      expect(Math.abs((labels?.energy ?? 0) / truth.energy - 1)).toBeLessThan(1e-10);
      close(labels?.forces ?? [], truth.forces, 1e-9 * large);
      close(labels?.virial ?? [], truth.virial, 1e-9 * Math.max(...truth.virial.map(Math.abs)));
    }
  });

  test('says what LAMMPS said, names the frame, and leaves no output', async () => {
    const wrong: [string, string, string[], RegExp, number][] = [
      [
        structure(1),
        'pair_style nonsense\n',
        [],
        /frames\.xyz:1.*LAMMPS \(lmp\) ended with 1: ERROR: Unrecognized pair style 'nonsense'/,
        5,
      ],
      [structure(1).replace(/^Ni/m, 'Ag'), EAM, [], /frames\.xyz:1.*Ag is none of the atom types \(Cu Ni\)/, 1],
      [structure(1), EAM, ['--lmp', '/no/lmp'], /LAMMPS \(\/no\/lmp\) cannot be started/, 5],
      [structure(1), EAM, ['--lmp', '/bin/sleep', '--timeout', '1'], /ended with 1|did not answer/, 5],
      [structure(1), `${EAM}shell sleep 20\n`, ['--timeout', '1'], /LAMMPS \(lmp\) did not answer for 1 s/, 5],
    ];
    for (const [text, potential, words, message, exit] of wrong) {
      const { code, stderr, folder } = await label(text, potential, words);
      expect(stderr).toMatch(message);
      expect(code).toBe(exit);
      expect(existsSync(join(folder, 'out.xyz'))).toBe(false);
    }
  });
});
