import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BOHR, HARTREE } from '../../src/core/units.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { describeLane, SHARED } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { nnpBridge } from './command-fixture.ts';
import { thermo } from './lammps-fixture.ts';

const POTENTIAL = join(SHARED, 'potentials/n2p2/H2O_RPBE-D3');
/** eV/Å³ in bar, as LAMMPS metal units have it (force->nktv2p). */
const LAMMPS_BAR = 1.6021765e6;

interface Reference {
  cell: number[][];
  symbols: string[];
  positions: number[][];
  energy: number;
  forces: number[][];
  pressureBar: Record<'xx' | 'yy' | 'zz' | 'xy' | 'xz' | 'yz', number>;
}

const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);

describeLane('corpus', 'liquid water, 1080 atoms', () => {
  describeLane('lammps', 'through lammps run', () => {
    const load = () =>
      JSON.parse(readFileSync(join(POTENTIAL, 'reference-1080.json'), 'utf8')).structures[0] as Reference;

    for (const [ranks, ...how] of [['1'], ['2'], ['4'], ['1', '--in-process'], ['4', '--in-process']]) {
      test(`energy, every force and all six pressures are those of evaluate and of n2p2 on ${ranks} ranks ${how.join('')}`, async () => {
        const reference = load();
        const folder = temporaryFolder();
        writeFileSync(join(folder, 'water.data'), dataFile(reference));
        const words = ['lammps', 'run', 'in.lmp', '--potential', POTENTIAL, '--np', ranks, ...how];
        const { code, stdout: output, stderr } = await nnpBridge(words, INPUT, folder).end;
        expect(code, output + stderr).toBe(0);
        const [, energy, ...pressures] = thermo(output)[0];
        const forces = readForces(readFileSync(join(folder, 'forces.dump'), 'utf8'));

        expect(relative(energy, reference.energy * HARTREE)).toBeLessThan(1e-10);
        const { xx, yy, zz, xy, xz, yz } = reference.pressureBar;
        [xx, yy, zz, xy, xz, yz].forEach((bar, k) => {
          expect(relative(pressures[k], bar)).toBeLessThan(1e-7);
        });

        const evaluated = await (await loadEvaluator({ directory: POTENTIAL })).evaluateStructure({
          numbers: Uint8Array.from(reference.symbols, (symbol) => (symbol === 'H' ? 1 : 8)),
          positions: Float64Array.from(reference.positions.flat(), (x) => x * BOHR),
          cell: Float64Array.from(reference.cell.flat(), (x) => x * BOHR),
          pbc: [true, true, true],
        });
        expect(relative(energy, evaluated.energy)).toBeLessThan(1e-10);
        const largest = Math.max(...reference.forces.flat().map(Math.abs)) * (HARTREE / BOHR);
        reference.forces.flat().forEach((force, k) => {
          expect(Math.abs(forces[k] - (force * HARTREE) / BOHR)).toBeLessThan(1e-10 * largest);
          expect(Math.abs(forces[k] - evaluated.forces[k])).toBeLessThan(1e-10 * largest);
        });
        const volume = reference.cell.reduce((v, row, k) => v * row[k] * BOHR, 1);
        [0, 4, 8, 1, 2, 5].forEach((at, k) => {
          expect(relative(pressures[k], (evaluated.virial[at] / volume) * LAMMPS_BAR)).toBeLessThan(1e-7);
        });
      }, 120_000);
    }
  });
});

const INPUT = `units metal
atom_style atomic
read_data water.data
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * H O
thermo_style custom step pe pxx pyy pzz pxy pxz pyz
thermo_modify format float %.17g
dump d all custom 1 forces.dump id fx fy fz
dump_modify d sort id format float %.17g
run 0
`;

/** LAMMPS data file of an orthogonal cell in Å. */
function dataFile({ cell, symbols, positions }: Reference): string {
  const box = ['x', 'y', 'z'].map((axis, k) => `0 ${cell[k][k] * BOHR} ${axis}lo ${axis}hi`);
  const atoms = positions.map((r, k) => `${k + 1} ${symbols[k] === 'H' ? 1 : 2} ${r.map((x) => x * BOHR).join(' ')}`);
  const head = [`${symbols.length} atoms`, '2 atom types', ...box];
  return ['water', '', ...head, '', 'Masses', '', '1 1.008', '2 15.999', '', 'Atoms # atomic', '', ...atoms, ''].join(
    '\n',
  );
}

function readForces(dump: string): number[] {
  const lines = dump.split('\n');
  const rows = lines.slice(lines.findIndex((line) => line.startsWith('ITEM: ATOMS')) + 1).filter(Boolean);
  return rows.flatMap((line) => line.trim().split(/\s+/).slice(1).map(Number));
}
