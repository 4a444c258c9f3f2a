import type { ArgumentsCamelCase, Argv } from 'yargs';
import { withLammpsOptions } from './commands/lammps-build.ts';
import { withCrystal } from './metal-options.ts';
import type { OptionsOf } from './options.ts';
import { withPotentialUnits } from './potential-options.ts';

/** Words of `nanowire pull`. */
export const pullOptions = (yargs: Argv) =>
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
    .option('sbatch', {
      type: 'string',
      array: true,
      default: [],
      describe: 'a word for it: --sbatch=--partition=short',
    })
    .example('$0 nanowire pull --element K -O pulls --count 57 --orientations 100,110,111 --speeds 5,10,20', '57 pulls')
    .epilogue(
      'Each pull has a folder with its wire, input and dump (NAME.dump: id type element x y z; types 1 mobile, 2 and 3 grips);\n' +
        'jobs.json lists them. The same command goes on with the pulls that are not finished, after any interruption.',
    );

export type PullOptions = OptionsOf<typeof pullOptions>;
export type PullArguments = ArgumentsCamelCase<PullOptions>;
