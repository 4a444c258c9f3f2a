import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT, UsageError } from '../../core/errors.ts';
import { withCrystal } from '../metal-options.ts';
import { type OptionsOf, printOut } from '../options.ts';
import { positiveInteger, withPotentialUnits } from '../potential-options.ts';
import { pullPair, pullSettings } from '../pull-input.ts';
import { withLammpsOptions } from './lammps-build.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(withLammpsOptions(withCrystal(yargs)))
    .demandOption('element')
    .describe('element', 'metal of the wires')
    .option('output', { type: 'string', alias: 'O', demandOption: true, describe: 'folder of the set of pulls' })
    .option('count', { type: 'number', describe: 'pulls; default: one of every combination; more may be added later' })
    .option('seed', { type: 'number', default: 1, describe: 'of centers, velocities and order' })
    .option('orientations', { type: 'string', default: '111', describe: 'along the wires, e.g. 100,110,111' })
    .option('temperatures', { type: 'string', default: '4.5', describe: 'K, e.g. 4.5,77,150,300' })
    .option('speeds', { type: 'string', default: '10', describe: 'm/s, e.g. 5,10,20' })
    .option('diameter', { type: 'number', default: 17.5, describe: 'Å' })
    .option('length', { type: 'number', default: 35, describe: 'between the grips (Å), in whole crystal periods' })
    .option('grip', { type: 'number', default: 10, describe: 'least length of a grip (Å), in whole crystal periods' })
    .option('elongation', { type: 'number', default: 41, describe: 'way of the upper grip (Å)' })
    .option('frames', { type: 'number', default: 200, describe: 'dumped on that way' })
    .option('timestep', { type: 'number', describe: 'ps; default: 0.005 with the built-in potentials, else 0.002' })
    .option('equilibration', { type: 'number', default: 20, describe: 'before the pull (ps)' })
    .option('damp', { type: 'number', default: 1, describe: 'of the Langevin thermostat (ps)' })
    .option('stop-at-rupture', { type: 'boolean', default: true, describe: 'end a pull 8 frames after its wire broke' })
    .option('pair', { type: 'string', describe: 'file with pair_style and pair_coeff lines for 3 types of the metal' })
    .option('potential', { type: 'string', array: true, nargs: 1, describe: 'trained potential; several: a committee' })
    .conflicts('pair', 'potential')
    .option('jobs', { type: 'number', default: 1, describe: 'pulls at a time, one core each' })
    .option('timeout', { type: 'number', default: 0, describe: 'seconds for one pull; 0 = any' })
    .option('slurm', {
      type: 'boolean',
      default: false,
      describe: 'write pulls.sbatch (a job array) instead of running',
    })
    .option('submit', { type: 'boolean', default: false, implies: 'slurm', describe: 'and hand it to sbatch' })
    .option('sbatch', { type: 'string', array: true, default: [], describe: 'words for it, e.g. --partition=short' })
    .example('$0 nanowire pull --element K -O pulls --count 57 --orientations 100,110,111 --speeds 5,10,20', '57 pulls')
    .epilogue(
      'Each pull has a folder with its wire, input and dump (NAME.dump: id type element x y z; types 1 mobile, 2 and 3 grips);\n' +
        'jobs.json lists them. The same command goes on with the pulls that are not finished, after any interruption.',
    );

type Options = OptionsOf<typeof builder>;
export type PullArguments = ArgumentsCamelCase<Options>;

export const nanowirePull: CommandModule<object, Options> = {
  command: 'pull',
  describe: 'pull wires until they break, with LAMMPS: one, or a set of many',
  builder,
  handler: async (argv: PullArguments) => {
    const settings = await pullSettings(argv);
    const combinations = settings.orientations.length * settings.temperatures.length * settings.speeds.length;
    const count = positiveInteger('count', argv.count ?? combinations);
    const jobs = positiveInteger('jobs', argv.jobs);
    if (!(argv.timeout >= 0)) throw new UsageError(`--timeout ${argv.timeout}: expected seconds`);
    const request = { output: argv.output, settings, count, pair: await pullPair(argv, settings.element) };
    if (argv.slurm) {
      const { submitArray, writeArray } = await import('../../conductance/pull/slurm.ts');
      const script = await writeArray(request, {
        lammps: argv.lmp,
        atOnce: argv.jobs > 1 ? jobs : 0,
        words: argv.sbatch,
      });
      process.stderr.write(`${script.open} of ${script.total} pulls are to be run\n`);
      return printOut(`${argv.submit ? await submitArray(script.path) : script.path}\n`);
    }
    const [{ findLammps }, { runPulls }, { showPull }] = await Promise.all([
      import('../../lammps/installation.ts'),
      import('../../conductance/pull/pull-files.ts'),
      import('../pull-input.ts'),
    ]);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
    const lammps = findLammps(argv.lmp).path;
    const onPull = showPull(count);
    const summary = await runPulls(request, { lammps, jobs, timeout: argv.timeout, signal: stop.signal, onPull });
    const { total, before, finished, failed } = summary;
    await printOut(`${before + finished} of ${total} pulls are finished (${before} before) in ${argv.output}\n`);
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else if (failed.length > 0) process.exitCode = EXIT.program;
  },
};
