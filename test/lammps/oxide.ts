import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeN2p2 } from '../../potentials/trained/n2p2/write.ts';
import { writePotentialFile } from '../../src/lammps/potential-file.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const CELL = randomStructure({
  seed: 5,
  natoms: 8,
  cell: [5, 0, 0, 0.4, 5, 0, 0.3, -0.2, 5],
  species: [8, 14],
  apart: 1.6,
});
const FUNCTIONS = ([2, 3, 9] as const).flatMap((type) => functionsOfType(type, [8, 14], 3.6));

/** Directories of Si-O potentials with the same symmetry functions and different random networks. */
export async function oxidePotentials(count: number): Promise<string[]> {
  const folder = temporaryFolder();
  const directories = Array.from({ length: count }, (_, k) => join(folder, `oxide-${k + 1}`));
  for (const [k, directory] of directories.entries())
    await writeN2p2(
      randomModel({
        seed: 3 + k,
        trainedOn: CELL,
        species: [8, 14],
        functions: FUNCTIONS,
        energyFactor: 0.2,
        energyOffset: -11 - k,
      }),
      directory,
    );
  return directories;
}

/** As forces of a run: a file for `pair_style nnp` made of these potentials. */
export function inProcess(directories: readonly string[], threads = 1) {
  const sources = directories.map((directory) => ({ directory }));
  const file = async (folder: string) => (await writePotentialFile(sources, join(folder, 'oxide.nnp'))).path;
  return { file, threads };
}

const OXIDE_PAIR = `include \${nnp}\npair_style \${nnp_pair}\npair_coeff * * O Si\n`;
export const OXIDE_THERMO = `thermo_style custom step temp pe etotal press pxx pyy pzz pxy pxz pyz
thermo_modify format float %.17g
thermo 20
dump d all custom 20 d.txt id type x y z fx fy fz
dump_modify d sort id format float %.17g
`;

/** 64 atoms of an invented Si-O crystal in a sheared cell (3 types: O, Si, and one that nothing has). */
export function oxideInput(rest: string, pair = OXIDE_PAIR, units = 'metal'): string {
  return `units ${units}
atom_style charge
atom_modify map array
lattice sc 2.3
region box prism 0 4 0 4 0 4 0.7 -0.4 0.5
create_box 2 box
create_atoms 1 box
set group all type/fraction 2 0.4 771
mass 1 15.999
mass 2 28.085
displace_atoms all random 0.15 0.15 0.15 11
velocity all create 300 87287 loop geom
${pair}${OXIDE_THERMO}timestep ${units === 'real' ? 1 : 0.001}
${rest}`;
}

/** One frame of d.txt, atoms by id. */
export interface DumpFrame {
  readonly numbers: Uint8Array;
  /** Å; (n,3). */
  readonly positions: Float64Array;
  /** (n,3), in the force unit of the run. */
  readonly forces: Float64Array;
  /** Rows in Å. */
  readonly cell: Float64Array;
  /** Further columns. */
  readonly rest: number[][];
}

export function readDump(folder: string): DumpFrame[] {
  const frames = readFileSync(join(folder, 'd.txt'), 'utf8').split('ITEM: TIMESTEP\n').slice(1);
  return frames.map((text) => {
    const lines = text.split('\n').filter(Boolean);
    const at = lines.findIndex((line) => line.startsWith('ITEM: BOX'));
    const [x, y, z] = lines.slice(at + 1, at + 4).map((line) => line.trim().split(/\s+/).map(Number));
    const [xy, xz, yz] = [x, y, z].map((row) => row[2] ?? 0);
    const lengths = [
      x[1] - x[0] - (Math.max(0, xy, xz, xy + xz) - Math.min(0, xy, xz, xy + xz)),
      y[1] - y[0] - Math.abs(yz),
      z[1] - z[0],
    ];
    const rows = lines.slice(lines.findIndex((line) => line.startsWith('ITEM: ATOMS')) + 1);
    const atoms = rows.map((line) => line.trim().split(/\s+/).map(Number));
    return {
      numbers: Uint8Array.from(atoms, ([, type]) => (type === 1 ? 8 : 14)),
      positions: Float64Array.from(atoms.flatMap((row) => row.slice(2, 5))),
      forces: Float64Array.from(atoms.flatMap((row) => row.slice(5, 8))),
      cell: Float64Array.of(lengths[0], 0, 0, xy, lengths[1], 0, xz, yz, lengths[2]),
      rest: atoms.map((row) => row.slice(8)),
    };
  });
}
