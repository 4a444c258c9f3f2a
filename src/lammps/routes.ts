import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { symbolOf } from '../core/elements.ts';
import { loadEvaluator, type PotentialSource } from '../serve/load-evaluator.ts';
import { startServer } from '../serve/server.ts';
import { formatAddress } from '../serve/transport/address.ts';
import { externalProblem, externalText } from './external-script.ts';
import type { LammpsInstallation } from './installation.ts';
import type { Machine } from './machine.ts';
import { writePotentialFile } from './potential-file.ts';
import { type LammpsRun, runLammps } from './run.ts';

/** One LAMMPS run by a route: `input` has a line `#PAIR` where the lines of the route belong. */
export interface RouteRun extends Pick<LammpsRun, 'ranks' | 'cwd' | 'timeout' | 'onOutput'> {
  readonly lammps: LammpsInstallation;
  readonly library: string;
  readonly source: PotentialSource;
  /** Atomic number of each atom type. */
  readonly types: readonly number[];
  readonly input: string;
}

/** A way for a trained potential into LAMMPS. */
export interface Route {
  readonly name: string;
  /** How it is used, for the table. */
  readonly use: string;
  /** One sentence that says why it does not work here; undefined = it works. */
  missing(machine: Machine): string | undefined;
  /** Runs LAMMPS by it and gives the exit code: what `doctor` proves. Without it, the route is only listed. */
  readonly run?: (run: RouteRun) => Promise<number>;
}

const pairLines = (types: readonly number[]) =>
  `include \${nnp}\npair_style \${nnp_pair}\npair_coeff * * ${types.map(symbolOf).join(' ')}`;

const lammpsRun = ({ lammps, library, ranks, input, types, cwd, timeout, onOutput }: RouteRun): LammpsRun => ({
  lammps,
  library,
  ranks,
  input: 'the input of doctor',
  inputText: input.replace('#PAIR', pairLines(types)),
  ...(cwd !== undefined && { cwd }),
  ...(timeout !== undefined && { timeout }),
  ...(onOutput && { onOutput }),
});

const missingPackage = (name: string) => (machine: Machine) => {
  const lammps = machine.lammps.value;
  if (!lammps) return machine.lammps.problem;
  return lammps.packages.includes(name) ? undefined : `this LAMMPS has no package ${name}`;
};

/** The include file of `fix external` in the place of the pair lines. */
async function runExternal(run: RouteRun): Promise<number> {
  const evaluator = await loadEvaluator(run.source);
  const folder = await mkdtemp(join(tmpdir(), 'nnp-'));
  try {
    const include = join(folder, 'external.lmp');
    const text = { ...lammpsRun(run), inputText: run.input.replace('#PAIR', `include ${include}`) };
    return await runLammps(text, async (address) => {
      await writeFile(include, await externalText(formatAddress(address), run.types.map(symbolOf)));
      return startServer(evaluator, address);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every way, the best first. Adding an entry is the registration. */
export const ROUTES: readonly Route[] = [
  {
    name: 'pair_style nnp',
    use: 'lammps run --in-process: LAMMPS evaluates the potential itself',
    missing: (machine) => machine.library.problem,
    run: async (run) => {
      const file = async (folder: string) =>
        (await writePotentialFile([run.source], join(folder, 'potential.nnp'))).path;
      return runLammps(lammpsRun(run), { file });
    },
  },
  {
    name: 'pair_style nnp/socket',
    use: 'lammps run, or serve and lammps script: a server evaluates it',
    missing: (machine) => machine.library.problem,
    run: async (run) => {
      const evaluator = await loadEvaluator(run.source);
      return runLammps(lammpsRun(run), (address) => startServer(evaluator, address));
    },
  },
  {
    name: 'fix external',
    use: 'serve and lammps script --route external: nothing is compiled',
    missing: ({ lammps }) => (lammps.value ? externalProblem(lammps.value) : lammps.problem),
    run: runExternal,
  },
  {
    name: 'pair_style hdnnp',
    use: 'the n2p2 directory as it is',
    missing: missingPackage('ML-HDNNP'),
  },
  {
    name: 'fix mdi/qm',
    use: 'serve --mdi, LAMMPS as the driver: for labels rather than dynamics',
    missing: missingPackage('MDI'),
  },
  {
    name: 'fix ipi',
    use: 'label --lammps: the other way round, LAMMPS labels structures',
    missing: missingPackage('MISC'),
  },
];
