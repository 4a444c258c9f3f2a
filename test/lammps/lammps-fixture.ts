import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramError } from '../../src/core/errors.ts';
import { buildPairStyle } from '../../src/lammps/build.ts';
import { findLammps, type LammpsInstallation } from '../../src/lammps/installation.ts';
import { runLammps } from '../../src/lammps/run.ts';
import type { Evaluator } from '../../src/serve/evaluator.ts';
import { LocalEvaluator } from '../../src/serve/local-evaluator.ts';
import { startServer } from '../../src/serve/server.ts';
import type { Address } from '../../src/serve/transport/address.ts';
import { lennardJones } from '../oracle/lennard-jones.ts';
import { temporaryFolder } from '../temporary-folder.ts';

let installation: LammpsInstallation | undefined;
let library: Promise<string> | undefined;

export function installedLammps(): LammpsInstallation {
  installation ??= findLammps();
  return installation;
}

export function builtLibrary(): Promise<string> {
  library ??= buildPairStyle(installedLammps());
  return library;
}

/** lj/cut with ε = σ = 1, cutoff 2.5, in reduced units. */
export const ljEvaluator: Evaluator = new LocalEvaluator(lennardJones(1, 1, 2.5), { modelId: 42, reduced: true });

export interface Finished {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
  readonly folder: string;
}

type Forces = Parameters<typeof runLammps>[1];

/** Runs an input script with the styles loadable; `forces` is an evaluator to serve, a potential file, or starts what the test wants. */
export async function runInput(
  text: string,
  forces: Evaluator | Forces = ljEvaluator,
  options: { ranks?: number; library?: string; onOutput?: (text: string) => void } = {},
): Promise<Finished> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'in.lmp'), text);
  let output = '';
  const begun = Date.now();
  const source = 'evaluateNeighborhood' in forces ? (address: Address) => startServer(forces, address) : forces;
  const code = await runLammps(
    {
      lammps: installedLammps(),
      library: options.library ?? (await builtLibrary()),
      input: 'in.lmp',
      ranks: options.ranks ?? 1,
      cwd: folder,
      timeout: 60,
      onOutput(said) {
        output += said;
        options.onOutput?.(said);
      },
    },
    source,
  ).catch((error: unknown) => {
    // a server that no rank reached is what some tests are about
    if (error instanceof ProgramError && error.message.includes('without using')) return 0;
    throw error;
  });
  return { code, output, seconds: (Date.now() - begun) / 1000, folder };
}

/** Every thermo row of every run in the output. */
export function thermo(output: string): number[][] {
  const rows: number[][] = [];
  let inside = false;
  for (const line of output.split('\n')) {
    if (/^\s*Step\s/.test(line)) inside = true;
    else if (/^Loop time/.test(line)) inside = false;
    else if (inside && /^\s*[\d.eE+\s-]+$/.test(line) && line.trim()) rows.push(line.trim().split(/\s+/).map(Number));
  }
  return rows;
}

export const NNP_PAIR = `include \${nnp}\npair_style nnp/socket \${nnp_server}\npair_coeff * * Ar\n`;
export const NATIVE_PAIR = 'pair_style lj/cut 2.5\npair_coeff * * 1 1\n';
const THERMO = `thermo_style custom step pe etotal press pxx pyy pzz pxy pxz pyz
thermo_modify format float %.14g
thermo 20
`;

/** 256 atoms of a warm Lennard-Jones solid; `pair` are its pair lines, `rest` what is done with it. */
export function ljInput(pair: string, rest = 'fix 1 all nve\nrun 100\n', options: { types?: number } = {}): string {
  return `units lj
atom_style atomic
lattice fcc 0.95
region box prism 0 4 0 4 0 4 0.5 -0.3 0.2
create_box ${options.types ?? 1} box
create_atoms 1 box
mass * 1.0
${(options.types ?? 1) > 1 ? 'set group all type/fraction 2 0.4 771\n' : ''}velocity all create 1.0 87287 loop geom
${pair}neighbor 0.3 bin
neigh_modify every 1 delay 0 check yes
${THERMO}${rest}`;
}

/** A reference run by LAMMPS alone. */
export async function runNative(text: string, ranks = 1): Promise<Finished> {
  return runInput(text, async (address) => ({ address, connections: 1, stop: async () => {} }), { ranks });
}
