import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FORMATS } from '../../../formats/index.ts';
import { openFrames } from '../../../src/convert/open.ts';
import { FormatError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { describeLane } from '../../lanes.ts';

/** Four images: another composition in the third, no cell in the fourth. What ASE itself says about them is printed. */
const SCRIPT = `
import sys, json, numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.db import connect
from ase.io import Trajectory
rng = np.random.default_rng(1)
images = []
for k, symbols in enumerate(['Cu2O', 'Cu2O', 'NaCl', 'H2']):
    n = len(Atoms(symbols))
    a = Atoms(symbols, positions=rng.normal(size=(n, 3)), pbc=[k < 3, True and k < 3, False])
    if k < 3: a.cell = np.eye(3) * 5 + rng.normal(size=(3, 3)) * 0.3
    if k > 0: a.set_momenta(rng.normal(size=(n, 3)))
    if k == 1: a.set_tags([1, 2, 3])
    if k == 2: a.set_initial_magnetic_moments([0.5, -1]); a.set_initial_charges([1, -1]); a.set_masses([24.5, 36]); a.set_constraint(FixAtoms([0]))
    results = dict(energy=-1.25 * k - 1 / 3, forces=rng.normal(size=(n, 3)))
    if k == 1: results.update(free_energy=-7 / 3, magmom=2.0)
    if k < 3: results['stress'] = rng.normal(size=6) * 0.01
    a.calc = SinglePointCalculator(a, **results)
    a.info['note'] = 'image %d' % k
    images.append(a)
with Trajectory(sys.argv[1] + '/x.traj', 'w') as t:
    for a in images: t.write(a)
db = connect(sys.argv[1] + '/x.db')
for k, a in enumerate(images): db.write(a, number=k, quality='NaN-like' if k else 'fine')
print(json.dumps([dict(numbers=a.numbers.tolist(), positions=a.positions.ravel().tolist(), cell=np.array(a.cell).ravel().tolist(),
    pbc=a.pbc.tolist(), momenta=a.has('momenta'), velocities=a.get_velocities().ravel().tolist(), free=a.calc.results.get('free_energy'),
    energy=a.get_potential_energy(), forces=a.get_forces(apply_constraint=False).ravel().tolist(),
    stress=a.calc.results.get('stress', np.zeros(0)).tolist(), volume=abs(np.linalg.det(np.array(a.cell)))) for a in images]))
`;

interface Image {
  numbers: number[];
  positions: number[];
  cell: number[];
  pbc: boolean[];
  momenta: boolean;
  velocities: number[];
  free: number | null;
  energy: number;
  forces: number[];
  stress: number[];
  volume: number;
}

/** ps in ASE's unit of time, Å√(amu/eV): CODATA. */
const ASE_TIME = 0.01018050571077474;

describeLane('ase', 'files that ASE wrote', () => {
  let folder: string;
  let images: Image[];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nnp-ase-'));
    const run = spawnSync('/usr/bin/python3', ['-c', SCRIPT, folder], { encoding: 'utf8', timeout: 120_000 });
    if (run.status !== 0) throw new Error(run.stderr);
    images = JSON.parse(run.stdout);
  }, 150_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (name: string) => {
    const found: Frame[] = [];
    const options = { path: join(folder, name), strict: true, onDiagnostic: () => {} };
    const { format, frames } = await openFrames(undefined, options);
    for await (const frame of frames) found.push(frame);
    return { format: format.name, frames: found };
  };

  for (const [name, format] of [
    ['x.traj', 'ase-traj'],
    ['x.db', 'ase-db'],
  ])
    test(`${name} is read as ASE reads it`, async () => {
      const found = await read(name);
      expect(found.format).toBe(format);
      expect(found.frames.length).toBe(images.length);
      found.frames.forEach((frame, k) => {
        const image = images[k];
        expect([...frame.numbers]).toEqual(image.numbers);
        expect([...frame.positions]).toEqual(image.positions);
        expect(frame.pbc).toEqual(image.pbc);
        expect(frame.cell ? [...frame.cell] : Array(9).fill(0)).toEqual(image.cell);
        expect([...(frame.labels?.forces ?? [])]).toEqual(image.forces);
        expect(frame.labels?.energy).toBe(image.free ?? image.energy);
        expect(frame.labels?.energySigma0).toBe(image.free === null ? undefined : image.energy);
        expect(frame.velocities !== undefined).toBe(image.momenta);
        frame.velocities?.forEach((v, j) => {
          expect(v * ASE_TIME).toBeCloseTo(image.velocities[j], 6);
        });
        if (image.stress.length === 0) expect(frame.labels?.virial).toBeUndefined();
        const order = [0, 5, 4, 5, 1, 3, 4, 3, 2];
        frame.labels?.virial?.forEach((v, j) => {
          expect(v).toBeCloseTo(-image.volume * image.stress[order[j]], 10);
        });
      });
      expect(found.frames[1].arrays['tags'].data).toEqual(Int32Array.of(1, 2, 3));
      expect(found.frames[2].arrays['initial_magmoms'].data).toEqual(Float64Array.of(0.5, -1));
      expect(found.frames[2].charges).toEqual(Float64Array.of(1, -1));
      expect(found.frames[2].masses).toEqual(Float64Array.of(24.5, 36));
      expect(found.frames[2].info['constraints']).toContain('FixAtoms');
    });

  test('reading a database makes nothing beside it', async () => {
    await read('x.db');
    expect(readdirSync(folder).sort()).toEqual(['x.db', 'x.traj']);
  });

  test('a file cut or changed anywhere gives an error or fewer frames, never a crash or another number of atoms', async () => {
    const atoms = images.map(({ numbers }) => numbers.length);
    for (const name of ['x.traj', 'x.db']) {
      const whole = readFileSync(join(folder, name));
      for (let trial = 0; trial < 300; trial++) {
        const path = join(folder, `changed-${name}`);
        const bytes = Buffer.from(whole);
        const at = (trial * 7919) % bytes.length;
        if (trial % 3 > 0) bytes[at] ^= 1 << (trial % 8);
        writeFileSync(path, bytes);
        if (trial % 3 === 0) truncateSync(path, at);
        const format = FORMATS.find((f) => f.name === (name === 'x.traj' ? 'ase-traj' : 'ase-db'));
        try {
          const { frames } = await openFrames(format?.name, { path, strict: true, onDiagnostic: () => {} });
          for await (const frame of frames) if (name === 'x.traj') expect(atoms).toContain(frame.natoms);
        } catch (error) {
          expect(error, `${name} ${trial}`).toBeInstanceOf(FormatError);
        }
      }
    }
  });
});
