import { availableParallelism } from 'node:os';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { type OptionsOf, printDiagnostic } from '../options.ts';
import { positiveInteger, potentialSource, withPotentialUnits } from '../potential-options.ts';
import { withLammpsOptions } from './lammps-build.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(withLammpsOptions(yargs))
    .positional('input', { type: 'string', demandOption: true, describe: 'LAMMPS input script' })
    .option('potential', { type: 'string', demandOption: true, describe: 'directory of a trained potential (n2p2)' })
    .option('np', { type: 'number', default: 1, describe: 'MPI ranks' })
    .option('workers', {
      type: 'number',
      describe: 'processes that evaluate; default: one per rank, at most one per core',
    })
    .option('mpirun', { type: 'string', default: 'mpirun', describe: 'program that starts several ranks' })
    .option('timeout', { type: 'number', default: 0, describe: 'stop LAMMPS after so many seconds; 0 = never' })
    .example('$0 lammps run in.lmp --potential potentials/Si --np 2 -- -log run.log', 'words after -- go to LAMMPS')
    .epilogue(
      'The input script must say, where its pair style is set (and again after "clear"):\n' +
        `  include \${nnp}\n  pair_style nnp/socket \${nnp_server}\n  pair_coeff * * Si O\n` +
        'with one element per atom type. Exit status: that of LAMMPS.',
    );

type Options = OptionsOf<typeof builder>;

export const lammpsRun: CommandModule<object, Options> = {
  command: 'run <input>',
  describe: 'serve a potential, run LAMMPS with it, stop both; the exit status is that of LAMMPS',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ findLammps }, { buildPairStyle }, { runLammps }, { servePotential }] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../lammps/build.ts'),
      import('../../lammps/run.ts'),
      import('../../serve/serve-potential.ts'),
    ]);
    const { input, mpirun, timeout } = argv;
    const np = positiveInteger('np', argv.np);
    const lammps = findLammps(argv.lmp);
    const library = await buildPairStyle(lammps, argv.headers ? { headers: argv.headers } : {});
    const workers = positiveInteger('workers', argv.workers ?? Math.min(np, availableParallelism()));
    const interrupt = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
    // as typed: yargs would turn 1.50 into 1.5
    const words = process.argv.includes('--') ? process.argv.slice(process.argv.indexOf('--') + 1) : [];
    const run = {
      lammps,
      library,
      input,
      ranks: np,
      mpirun,
      timeout,
      args: words,
      signal: interrupt.signal,
    };
    const onDiagnostic = (d: Parameters<typeof printDiagnostic>[0]) => d.severity === 'warning' && printDiagnostic(d);
    const source = potentialSource(argv.potential, argv);
    const code = await runLammps(run, (address) => servePotential(source, address, workers, { onDiagnostic }));
    process.exitCode = interrupt.signal.aborted ? EXIT.interrupted : code;
  },
};
