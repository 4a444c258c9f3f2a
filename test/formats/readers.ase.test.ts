import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extxyz } from '../../formats/extxyz/extxyz.ts';
import type { Format } from '../../formats/format.ts';
import { lammpsData } from '../../formats/lammps/data.ts';
import { lammpsDumpBinary } from '../../formats/lammps/dump-binary.ts';
import { lammpsDump } from '../../formats/lammps/dump-text.ts';
import { poscar } from '../../formats/vasp/poscar.ts';
import type { Frame } from '../../src/core/frame.ts';
import { describeLane } from '../lanes.ts';
import { writeAll } from './lammps/reading.ts';

/** A tilted box of lower-triangular form, so that no program has to turn it; every atom inside. */
const CELL = Float64Array.of(10, 0, 0, 1.5, 9, 0, -0.75, 1.25, 11);
const frames: readonly Frame[] = [0, 1].map((k) => ({
  natoms: 4,
  cell: CELL,
  pbc: [true, true, true],
  numbers: Uint8Array.of(14, 8, 8, 14),
  positions: Float64Array.of(1 + k / 3, 1, 1, 2.125, 3, 1 / 3, 5, 5, 5 - k / 7, 7, 8, 9.5),
  velocities: Float64Array.of(0.5, -0.25, 1 / 3, 0, 0, 0, -1, 2, 3, 0.125, 0, -0.5),
  labels: { energy: -20.5 - k, forces: Float64Array.of(0.1, 0.2, -0.3, 0, 1 / 7, 0, -0.1, -0.2, 0.3, 0, -1 / 7, 0) },
  arrays: { id: { columns: 1, data: Int32Array.of(1, 2, 3, 4) } },
  info: { timestep: 10 * k },
}));

/** Prints `[{cell, positions, symbols | types, forces?, energy?}, …]`. */
const ASE = `
import ase.io
def read(kind, path):
    columns = ['id', 'type', 'element', 'x', 'y', 'z', 'vx', 'vy', 'vz', 'fx', 'fy', 'fz']
    options = dict(
        poscar=dict(format='vasp'), extxyz=dict(format='extxyz', index=':'), dump=dict(format='lammps-dump-text', index=':'),
        binary=dict(format='lammps-dump-binary', index=':', colnames=columns[:2] + columns[3:]),
        data=dict(format='lammps-data', style='atomic', units='metal', Z_of_type={1: 14, 2: 8}))[kind]
    found = ase.io.read(path, **options)
    for a in found if isinstance(found, list) else [found]:
        has = a.calc is not None
        yield dict(cell=a.cell.tolist(), positions=a.positions.tolist(), symbols=a.get_chemical_symbols(),
            **(dict(forces=a.get_forces().tolist()) if has and 'forces' in a.calc.results else {}),
            **(dict(energy=a.get_potential_energy()) if has and 'energy' in a.calc.results else {}))
`;
const PYMATGEN = `
def read(kind, path):
    if kind == 'poscar':
        from pymatgen.io.vasp import Poscar
        s = Poscar.from_file(path, check_for_POTCAR=False).structure
        yield dict(cell=s.lattice.matrix.tolist(), positions=s.cart_coords.tolist(), symbols=[str(x.specie) for x in s])
    elif kind == 'data':
        from pymatgen.io.lammps.data import LammpsData
        s = LammpsData.from_file(path, atom_style='atomic').structure
        yield dict(cell=s.lattice.matrix.tolist(), positions=s.cart_coords.tolist(), symbols=[str(x.specie) for x in s])
    else:
        from pymatgen.io.lammps.outputs import parse_lammps_dumps
        for d in parse_lammps_dumps(path):
            rows = d.data.sort_values('id')
            yield dict(cell=d.box.to_lattice().matrix.tolist(), positions=rows[['x', 'y', 'z']].values.tolist(),
                symbols=rows['element'].tolist(), forces=rows[['fx', 'fy', 'fz']].values.tolist())
`;
const MDANALYSIS = `
import MDAnalysis
from MDAnalysis.lib.mdamath import triclinic_vectors
def read(kind, path):
    if kind == 'dump':
        u = MDAnalysis.Universe(path, format='LAMMPSDUMP', topology_format='LAMMPSDUMP')
    elif kind == 'data':
        u = MDAnalysis.Universe(path, format='DATA', topology_format='DATA', atom_style='id type x y z')
    else:
        u = MDAnalysis.Universe(path, format='XYZ', topology_format='XYZ')
    for ts in u.trajectory:
        yield dict(positions=ts.positions.tolist(), **({} if ts.dimensions is None or kind == 'extxyz' else dict(lengths=ts.dimensions.tolist())),
            **(dict(symbols=u.atoms.names.tolist()) if kind == 'extxyz' else dict(types=u.atoms.types.tolist())))
`;

interface Found {
  readonly cell?: number[][];
  readonly lengths?: number[];
  readonly positions: number[][];
  readonly symbols?: string[];
  readonly types?: string[];
  readonly forces?: number[][];
  readonly energy?: number;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnp-readers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FORMATS: Readonly<Record<string, Format>> = {
  poscar,
  extxyz,
  dump: lammpsDump,
  binary: lammpsDumpBinary,
  data: lammpsData,
};

async function read(program: string, kind: string): Promise<Found[]> {
  const format = FORMATS[kind];
  const some = format.carries.frames === 'one' ? frames.slice(0, 1) : frames;
  const path = join(folder, kind);
  const { bytes } = await writeAll(format, some, { typeMap: ['Si', 'O'], atomStyle: 'atomic' });
  writeFileSync(path, bytes);
  const print = 'import sys, json, warnings\nwarnings.simplefilter("ignore")\n';
  const script = `${print}${program}\nprint(json.dumps(list(read(sys.argv[1], sys.argv[2]))))`;
  const run = spawnSync('/usr/bin/python3', ['-W', 'ignore', '-c', script, kind, path], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  const found: Found[] = JSON.parse(run.stdout);
  expect(found).toHaveLength(some.length);
  return found;
}

function expectClose(found: readonly (readonly number[])[], wanted: ArrayLike<number>, digits: number): void {
  expect(found.flat()).toHaveLength(wanted.length);
  found.flat().forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], digits);
  });
}

/** Same positions, cell and elements, in the same order, to `digits` decimals. */
async function expectSame(program: string, kind: string, digits: number): Promise<Found[]> {
  const found = await read(program, kind);
  found.forEach(({ cell, positions, symbols }, k) => {
    expectClose(positions, frames[k].positions, digits);
    if (cell) expectClose(cell, CELL, digits);
    if (symbols) expect(symbols).toEqual(['Si', 'O', 'O', 'Si']);
  });
  return found;
}

describeLane('ase', 'ASE reads what we write', () => {
  test.each(['poscar', 'extxyz', 'dump', 'data'])('%s', async (kind) => {
    const found = await expectSame(ASE, kind, 9);
    for (const [k, { forces, energy }] of found.entries()) {
      if (kind === 'extxyz' || kind === 'dump') expectClose(forces ?? [], frames[k].labels?.forces ?? [], 9);
      if (kind === 'extxyz') expect(energy).toBe(frames[k].labels?.energy);
    }
  });
  test('binary dump, where types stand for elements', async () => {
    const found = await read(ASE, 'binary');
    found.forEach(({ positions, forces, cell }, k) => {
      expectClose(positions, frames[k].positions, 12);
      expectClose(forces ?? [], frames[k].labels?.forces ?? [], 12);
      expectClose(cell ?? [], CELL, 12);
    });
  });
});

describeLane('pymatgen', 'pymatgen reads what we write', () => {
  test.each(['poscar', 'dump', 'data'])('%s', async (kind) => {
    const found = await expectSame(PYMATGEN, kind, 9);
    if (kind === 'dump') for (const { forces } of found) expectClose(forces ?? [], frames[0].labels?.forces ?? [], 9);
  });
});

describeLane('mdanalysis', 'MDAnalysis reads what we write', () => {
  // It keeps positions in single precision.
  test.each(['extxyz', 'dump', 'data'])('%s', async (kind) => {
    const found = await expectSame(MDANALYSIS, kind, 5);
    if (kind !== 'extxyz')
      for (const { lengths, types } of found) {
        expect(types).toEqual(['1', '2', '2', '1']);
        expect(lengths?.[0]).toBeCloseTo(10, 5);
        expect(lengths?.[1]).toBeCloseTo(Math.hypot(1.5, 9), 5);
      }
  });
});
