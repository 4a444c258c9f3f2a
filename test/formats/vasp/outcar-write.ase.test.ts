import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcar } from '../../../formats/vasp/outcar.ts';
import { poscar } from '../../../formats/vasp/poscar.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { toVoigt } from '../../../src/core/tensor.ts';
import { KBAR } from '../../../src/core/units.ts';
import { describeLane, ROOT } from '../../lanes.ts';
import { readOne, readText, writeText } from './read-text.ts';

const ASE = `
import json, sys
from ase.io import read
frames = read(sys.argv[1], index=':', format=sys.argv[2])
json.dump([dict(symbols=f.get_chemical_symbols(), cell=f.cell.tolist(), positions=f.positions.tolist(),
  velocities=f.get_velocities().tolist() if 'momenta' in f.arrays else None,
  fixed=[c.todict()['kwargs'] for c in f.constraints] and True,
  **(dict(energy=f.get_potential_energy(), free=f.get_potential_energy(force_consistent=True),
    forces=f.get_forces(apply_constraint=False).tolist(), stress=f.get_stress().tolist()) if f.calc else {})) for f in frames], sys.stdout)
`;
const PYMATGEN = `
import json, sys, warnings
warnings.simplefilter('ignore')
from pymatgen.io.vasp import Outcar
o = Outcar(sys.argv[1])
o.read_pattern({'kB': r'in kB\\s+' + r'\\s+'.join([r'([\\.\\-\\d]+)'] * 6)}, postprocess=float)
rows = o.read_table_pattern(r'\\sPOSITION\\s+TOTAL-FORCE \\(eV/Angst\\)\\n\\s-+', r'\\s+' + r'\\s+'.join([r'([+-]?\\d+\\.\\d+)'] * 6),
  r'\\s--+', postprocess=float, last_one_only=True)
json.dump(dict(energy=o.final_energy, free=o.final_fr_energy, without=o.final_energy_wo_entrp, kB=o.data['kB'][-1], rows=rows), sys.stdout)
`;

function python(script: string, ...args: string[]) {
  const run = spawnSync('/usr/bin/python3', ['-c', script, ...args], { encoding: 'utf8', timeout: 60_000 });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

const data = (path: string) => readFileSync(join(ROOT, 'test/data', path), 'latin1');
const flat = (rows: number[][]) => rows.flat();

function expectClose(found: readonly number[], wanted: ArrayLike<number> | undefined, digits = 12): void {
  expect(found.length).toBe(wanted?.length);
  found.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted?.[k] ?? Number.NaN, digits);
  });
}

let folder: string;
let frames: Frame[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nnp-vasp-'));
  frames = [...(await readText(outcar, data('vasp-outcar/two-steps/OUTCAR'))).frames];
  const { labels, ...rest } = frames[0];
  const forces = Float64Array.from([1 / 3, -1e-9, 12345.678901, -2 / 3, 0, 1e5 / 7]);
  frames[0] = { ...rest, labels: { ...labels, forces }, positions: Float64Array.from([1 / 3, -1 / 7, 0, 1, 2, 3]) };
  writeFileSync(join(folder, 'OUTCAR'), await writeText(outcar, frames));
});
afterAll(() => rmSync(folder, { recursive: true }));

describeLane('ase', 'ASE reads what we write', () => {
  test('an OUTCAR gives the same energies, forces, stress, positions and elements', () => {
    const read = python(ASE, join(folder, 'OUTCAR'), 'vasp-out');
    expect(read.length).toBe(2);
    frames.forEach(({ labels, positions, cell }, k) => {
      const found = read[k];
      expect(found.symbols).toEqual(['Fe', 'O']);
      expect([found.energy, found.free]).toEqual([labels?.energySigma0, labels?.energy]);
      expect(flat(found.forces)).toEqual([...(labels?.forces ?? [])]);
      expect(flat(found.positions)).toEqual([...positions]);
      expect(flat(found.cell)).toEqual([...(cell ?? [])]);
      const [volume, virial] = [64 * (k === 0 ? 1 : 4.1 / 4), labels?.virial ?? []];
      const stress = toVoigt(virial, 'ase').map((w) => -w / volume);
      found.stress.forEach((s: number, j: number) => {
        expect(Math.abs(s - stress[j])).toBeLessThan(2e-8 * Math.abs(stress[j]) + 1e-15);
      });
    });
  });

  test('a POSCAR gives the same cell, positions, velocities and constraints', async () => {
    const text = data('vasp-poscar/contcar-md/CONTCAR').replace(/\n +1\n +2\.0[\s\S]*/, '\n');
    const frame = await readOne(poscar, text);
    const path = join(folder, 'POSCAR');
    const flags = { columns: 3, data: Uint8Array.of(1, 1, 1, 0, 0, 0), logical: true } as const;
    const { lattice_velocities: _, ...info } = frame.info;
    writeFileSync(path, await writeText(poscar, [{ ...frame, info, arrays: { selective_dynamics: flags } }]));
    const [found] = python(ASE, path, 'vasp');
    expect(found.symbols).toEqual(['Ar', 'Ar']);
    expect(flat(found.cell)).toEqual([...(frame.cell ?? [])]);
    expectClose(flat(found.positions), frame.positions);
    expect(found.fixed).toBe(true);
  });
});

describeLane('pymatgen', 'pymatgen reads what we write', () => {
  test('an OUTCAR gives the same energies, forces and stress of the last step', () => {
    const read = python(PYMATGEN, join(folder, 'OUTCAR'));
    const { labels, positions, info } = frames[1];
    expect([read.energy, read.free, read.without]).toEqual([
      labels?.energySigma0,
      labels?.energy,
      info['energy_without_entropy'],
    ]);
    expect(read.rows).toEqual(
      [0, 3].map((k) => [...positions.slice(k, k + 3), ...(labels?.forces?.slice(k, k + 3) ?? [])]),
    );
    const kbar = toVoigt(labels?.virial ?? [], 'vasp').map((w) => w / (64 * (4.1 / 4)) / KBAR);
    expectClose(read.kB, kbar, 10);
  });
});
