import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import type { OptionsOf } from '../options.ts';
import { positiveInteger, withPotentialUnits } from '../potential-options.ts';
import { replacedText, runForces } from '../run-input.ts';
import { withLammpsOptions } from './lammps-build.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(withLammpsOptions(yargs))
    .positional('input', { type: 'string', demandOption: true, describe: 'LAMMPS input script' })
    .option('potential', {
      type: 'string',
      array: true,
      nargs: 1,
      demandOption: true,
      describe:
        'directory of a trained potential (n2p2), or a file of lammps export; given several times: a committee of directories',
    })
    .option('np', { type: 'number', default: 1, describe: 'MPI ranks' })
    .option('workers', {
      type: 'number',
      describe: 'processes that evaluate; default: one per rank, at most one per core',
    })
    .option('in-process', {
      type: 'boolean',
      default: false,
      describe:
        'LAMMPS evaluates the potential itself (pair_style nnp), without a server; implied by a file of lammps export',
    })
    .option('threads', { type: 'number', default: 1, describe: 'threads of each rank, with --in-process' })
    .option('replace-pair', {
      type: 'boolean',
      default: false,
      describe: 'run a copy of the script whose pair_style and pair_coeff lines are replaced',
    })
    .option('elements', {
      type: 'string',
      describe: 'elements of the atom types 1, 2, ... for --replace-pair, where pair_coeff does not name them: "Si O"',
    })
    .option('mpirun', { type: 'string', default: 'mpirun', describe: 'program that starts several ranks' })
    .option('timeout', { type: 'number', default: 0, describe: 'stop LAMMPS after so many seconds; 0 = never' })
    .example('$0 lammps run in.lmp --potential potentials/Si --np 2 -- -log run.log', 'words after -- go to LAMMPS')
    .example(
      '$0 lammps run in.sw --potential potentials/Si --replace-pair --in-process',
      'a script written for another potential',
    )
    .epilogue(
      'The input script must say, where its pair style is set (and again after "clear"):\n' +
        `  include \${nnp}\n  pair_style \${nnp_pair}\n  pair_coeff * * Si O\n` +
        'with one element per atom type. Ctrl-C ends the run at the next step and executes the rest of the script; twice: at once.\n' +
        'Exit status: that of LAMMPS; 130 after Ctrl-C.',
    );

type Options = OptionsOf<typeof builder>;

export const lammpsRun: CommandModule<object, Options> = {
  command: 'run <input>',
  describe: 'run LAMMPS with a potential, served or in-process; the exit status is that of LAMMPS',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ findLammps }, { buildPairStyle }, { runLammps }, { showRun }] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../lammps/build.ts'),
      import('../../lammps/run.ts'),
      import('../run-display.ts'),
    ]);
    const np = positiveInteger('np', argv.np);
    const inputText = argv.replacePair ? await replacedText(argv.input, argv.elements) : undefined;
    const forces = await runForces(argv, np);
    const lammps = findLammps(argv.lmp);
    const library = await buildPairStyle(lammps, argv.headers ? { headers: argv.headers } : {});
    const [stop, kill] = [new AbortController(), new AbortController()];
    const interrupt = () => {
      if (!stop.signal.aborted)
        process.stderr.write('lammps run: the run ends at the next step; once more (Ctrl-C) ends LAMMPS at once\n');
      (stop.signal.aborted ? kill : stop).abort();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
    const display = showRun();
    const code = await runLammps(
      {
        lammps,
        library,
        input: argv.input,
        ...(inputText !== undefined && { inputText }),
        ranks: np,
        mpirun: argv.mpirun,
        timeout: argv.timeout,
        // as typed: yargs would turn 1.50 into 1.5
        args: process.argv.includes('--') ? process.argv.slice(process.argv.indexOf('--') + 1) : [],
        signal: stop.signal,
        kill: kill.signal,
        onOutput: display.onOutput,
      },
      forces,
    ).finally(display.close);
    process.exitCode = stop.signal.aborted ? EXIT.interrupted : code;
  },
};
