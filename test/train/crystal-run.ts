import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPairStyle } from '../../src/lammps/build.ts';
import { findLammps } from '../../src/lammps/installation.ts';
import { runLammps } from '../../src/lammps/run.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import { thermo } from '../lammps/lammps-fixture.ts';

/** Crystals of mlearn: LAMMPS lattice, lattice constant in Å, repetitions. */
const CRYSTALS = {
  Si: { lattice: 'diamond', a: 5.469, cells: 2, mass: 28.0855 },
  Mo: { lattice: 'bcc', a: 3.168, cells: 3, mass: 95.95 },
  Li: { lattice: 'bcc', a: 3.427, cells: 3, mass: 6.94 },
} as const;
export type Crystal = keyof typeof CRYSTALS;

export interface CrystalRun {
  readonly atoms: number;
  /** K, mean and largest over the second half. */
  readonly temperature: number;
  readonly hottest: number;
  /** eV/atom/ps: slope of the conserved energy (thermostat included). */
  readonly drift: number;
  /** eV/atom: largest distance of the conserved energy from its line. */
  readonly scatter: number;
}

/**
 * A perfect crystal with velocities of 600 K (300 K after equipartition), NVT at 300 K for `ps` picoseconds with steps of 1 fs, in LAMMPS
 * through the socket pair style with the potential of a directory. Throws when LAMMPS fails.
 */
export async function runCrystal(element: Crystal, directory: string, ps: number): Promise<CrystalRun> {
  const { lattice, a, cells, mass } = CRYSTALS[element];
  const steps = Math.round(1000 * ps);
  const every = 50;
  const input = `units metal
atom_style atomic
lattice ${lattice} ${a}
region box block 0 ${cells} 0 ${cells} 0 ${cells}
create_box 1 box
create_atoms 1 box
mass 1 ${mass}
include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * ${element}
velocity all create 600 4711 loop geom mom yes rot no
timestep 0.001
fix 1 all nvt temp 300 300 0.1
thermo_style custom step temp econserve atoms
thermo_modify format float %.15g
thermo ${every}
run ${steps}
`;
  const { code, output } = await runServed(input, directory, 60 + 400 * ps);
  const rows = thermo(output);
  if (code !== 0 || rows.length !== steps / every + 1) throw new Error(`LAMMPS ended with ${code}:\n${output}`);
  const atoms = rows[0][3];
  const late = rows.slice(Math.floor(rows.length / 2));
  // The first tenth of a picosecond is the crystal falling out of its perfect order.
  const settled = rows.filter(([step]) => step >= 100);
  const times = settled.map(([step]) => step / 1000);
  const energies = settled.map(([, , energy]) => energy / atoms);
  const { slope, start } = line(times, energies);
  return {
    atoms,
    temperature: late.reduce((sum, [, t]) => sum + t, 0) / late.length,
    hottest: Math.max(...rows.slice(2).map(([, t]) => t)),
    drift: slope,
    scatter: Math.max(...energies.map((e, k) => Math.abs(e - start - slope * times[k]))),
  };
}

/** LAMMPS with the potential of a directory behind its socket pair style. */
async function runServed(input: string, directory: string, timeout: number) {
  const evaluator = await loadEvaluator({ directory });
  const lammps = findLammps();
  const library = await buildPairStyle(lammps);
  const cwd = await mkdtemp(join(tmpdir(), 'crystal-'));
  let output = '';
  const onOutput = (text: string) => {
    output += text;
  };
  try {
    await writeFile(join(cwd, 'in.lmp'), input);
    const code = await runLammps({ lammps, library, input: 'in.lmp', ranks: 1, cwd, timeout, onOutput }, (address) =>
      startServer(evaluator, address),
    );
    return { code, output };
  } finally {
    await rm(cwd, { recursive: true });
  }
}

function line(x: readonly number[], y: readonly number[]): { slope: number; start: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [x0, y0] = [mean(x), mean(y)];
  const slope = x.reduce((s, v, k) => s + (v - x0) * (y[k] - y0), 0) / x.reduce((s, v) => s + (v - x0) ** 2, 0);
  return { slope, start: y0 - slope * x0 };
}
