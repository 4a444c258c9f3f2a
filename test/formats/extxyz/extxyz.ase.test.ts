import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extxyz } from '../../../formats/extxyz/extxyz.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { AMU_A2_PS2 } from '../../../src/core/units.ts';
import { readBytes } from '../../../src/scan/byte-source.ts';
import { describeLane } from '../../lanes.ts';
import { writeText } from './frames.ts';

/** Random frames by ASE: written as extxyz, and as JSON as the truth. */
const MAKE = `
import sys, json
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
rng = np.random.default_rng(3)
frames, truth = [], []
for k in range(6):
    n = int(rng.integers(1, 9))
    a = Atoms(numbers=rng.integers(1, 100, n), positions=rng.normal(size=(n, 3)).round(8) * 5, cell=np.eye(3) * 9 + rng.normal(size=(3, 3)), pbc=rng.integers(0, 2, 3).astype(bool))
    a.set_momenta(rng.normal(size=(n, 3)).round(8))
    a.info.update(step=k, weight=float(rng.normal()), name='frame %d' % k)
    stress = rng.normal(size=6)
    a.calc = SinglePointCalculator(a, energy=float(rng.normal()), free_energy=float(rng.normal()), forces=rng.normal(size=(n, 3)).round(8), stress=stress)
    frames.append(a)
    truth.append(dict(numbers=a.numbers.tolist(), positions=a.positions.ravel().tolist(), cell=a.cell.array.ravel().tolist(), pbc=a.pbc.tolist(),
        energy=a.calc.results['energy'], free_energy=a.calc.results['free_energy'], forces=a.calc.results['forces'].ravel().tolist(),
        virial=(-a.get_volume() * a.get_stress(voigt=False)).ravel().tolist(), kinetic=a.get_kinetic_energy(), info=dict(step=k, weight=a.info['weight'], name=a.info['name'])))
write(sys.argv[1], frames, format='extxyz')
print(json.dumps(truth))
`;

/** What ASE finds in an extxyz file. */
const READ = `
import sys, json
from ase.io import read
out = []
for a in read(sys.argv[1], ':', format='extxyz'):
    r = a.calc.results if a.calc else {}
    out.append(dict(numbers=a.numbers.tolist(), positions=a.positions.ravel().tolist(), cell=a.cell.array.ravel().tolist(), pbc=a.pbc.tolist(),
        energy=r.get('energy'), free_energy=r.get('free_energy'), forces=r['forces'].ravel().tolist() if 'forces' in r else None,
        virial=(-a.get_volume() * a.get_stress(voigt=False)).ravel().tolist() if 'stress' in r else None, kinetic=a.get_kinetic_energy(),
        info={k: v.item() if hasattr(v, 'item') else v for k, v in a.info.items() if k in ('step', 'weight', 'name')}))
print(json.dumps(out))
`;

interface Truth {
  readonly numbers: number[];
  readonly positions: number[];
  readonly cell: number[];
  readonly pbc: boolean[];
  readonly energy: number;
  readonly free_energy: number;
  readonly forces: number[];
  readonly virial: number[];
  readonly kinetic: number;
  readonly info: Record<string, unknown>;
}

function python(script: string, file: string): Truth[] {
  const run = spawnSync('/usr/bin/python3', ['-c', script, file], { encoding: 'utf8', timeout: 60_000 });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

function expectClose(found: ArrayLike<number> | undefined, wanted: readonly number[], tolerance: number): void {
  expect(found?.length).toBe(wanted.length);
  wanted.forEach((w, k) => {
    expect(Math.abs((found?.[k] ?? Number.NaN) - w)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(w)));
  });
}

function kineticEnergy({ velocities, masses }: Frame, massAt: (k: number) => number): number {
  let sum = 0;
  for (const [k, v] of (velocities ?? new Float64Array(0)).entries())
    sum += 0.5 * (masses?.[Math.floor(k / 3)] ?? massAt(k)) * v * v * AMU_A2_PS2;
  return sum;
}

describeLane('ase', 'extxyz between ASE and the bridge', () => {
  let folder: string;
  let truth: Truth[];
  let frames: Frame[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nnp-extxyz-'));
    const path = join(folder, 'ase.xyz');
    truth = python(MAKE, path);
    frames = [];
    for await (const frame of extxyz.read(readBytes(path), { path, strict: true, onDiagnostic: () => {} }))
      frames.push(frame);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('what ASE writes is read with the same numbers, signs and kinds of energy', async () => {
    const { massOf } = await import('../../../src/core/elements.ts');
    expect(frames.length).toBe(truth.length);
    frames.forEach((frame, k) => {
      const t = truth[k];
      expect(Array.from(frame.numbers)).toEqual(t.numbers);
      expect(frame.pbc).toEqual(t.pbc);
      expectClose(frame.positions, t.positions, 6e-9);
      expectClose(frame.cell ?? undefined, t.cell, 1e-15);
      expectClose(frame.labels?.forces, t.forces, 6e-9);
      expectClose(frame.labels?.virial, t.virial, 1e-12);
      expect(frame.labels).toMatchObject({ energy: t.free_energy, energySigma0: t.energy });
      expect(frame.info).toMatchObject(t.info);
      const mass = (i: number) => massOf(frame.numbers[Math.floor(i / 3)]);
      expect(kineticEnergy(frame, mass)).toBeCloseTo(t.kinetic, 4);
    });
  });
  test('what we write of them is read by ASE with the same numbers, exactly', async () => {
    const path = join(folder, 'ours.xyz');
    writeFileSync(path, (await writeText(frames)).text);
    const found = python(READ, path);
    expect(found.length).toBe(frames.length);
    found.forEach((f, k) => {
      const { labels, cell, positions, numbers, pbc, info } = frames[k];
      expect(f).toMatchObject({ numbers: Array.from(numbers), positions: Array.from(positions), pbc });
      expect(f).toMatchObject({
        energy: labels?.energySigma0,
        free_energy: labels?.energy,
        cell: Array.from(cell ?? []),
      });
      expect(f.forces).toEqual(Array.from(labels?.forces ?? []));
      expectClose(f.virial, Array.from(labels?.virial ?? []), 1e-12);
      expect(f.info).toEqual({ step: info['step'], weight: info['weight'], name: info['name'] });
    });
  });
  test('frames of another origin get columns and keys that ASE understands', async () => {
    const bare = frames.map(({ labels, velocities, natoms, cell, pbc, numbers, positions }) => {
      const core = { natoms, cell, pbc, numbers, positions, arrays: {}, info: {} };
      return { ...core, ...(labels && { labels }), ...(velocities && { velocities }) };
    });
    const path = join(folder, 'bare.xyz');
    writeFileSync(path, (await writeText(bare)).text);
    python(READ, path).forEach((f, k) => {
      const { labels, positions } = frames[k];
      expect(f).toMatchObject({
        energy: labels?.energySigma0,
        free_energy: labels?.energy,
        positions: Array.from(positions),
      });
      expectClose(f.virial, Array.from(labels?.virial ?? []), 1e-12);
      expect(f.kinetic).toBeCloseTo(truth[k].kinetic, 4);
    });
  });
});
