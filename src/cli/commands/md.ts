import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';
import { positiveInteger } from '../potential-options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('structure', { type: 'string', demandOption: true, describe: 'start structure, any readable format' })
    .option('potential', { type: 'string', demandOption: true, describe: 'directory of the trained potential' })
    .option('steps', { type: 'number', default: 1000, describe: 'number of time steps' })
    .option('timestep', { type: 'number', default: 0.001, describe: 'time step (ps)' })
    .option('temperature', { type: 'number', default: 300, describe: 'of the drawn velocities and the thermostat (K)' })
    .option('damping', { type: 'number', describe: 'damping time of a Langevin thermostat (ps); without it NVE' })
    .option('every', {
      type: 'number',
      default: 100,

      describe: 'steps between dumped frames and log rows',
    })
    .option('seed', { type: 'number', default: 1, describe: 'of velocities and thermostat' })
    .option('dump', { type: 'string', default: 'md.dump', describe: 'LAMMPS text dump with velocities and forces' })
    .option('log', { type: 'string', default: 'log.md', describe: 'thermo log as LAMMPS prints it (eV, K, bar, ps)' })
    .example('$0 md POSCAR --potential si/ --steps 2000 --temperature 600', '2 ps of NVE dynamics')
    .example('$0 md POSCAR --potential si/ --damping 0.1 && $0 report log.md', 'NVT, then plots');

type Options = OptionsOf<typeof builder>;

export const md: CommandModule<object, Options> = {
  command: 'md <structure>',
  describe: 'molecular dynamics with the small built-in velocity Verlet engine',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { mdFiles } = await import('../../md/md-files.ts');
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const { structure, potential, steps, timestep, temperature, damping, every, seed, dump, log } = argv;
    const last = await mdFiles({
      structure,
      potential,
      load: { onDiagnostic: printDiagnostic },
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      md: {
        steps: positiveInteger('steps', steps),
        timestep,
        temperature,
        every: positiveInteger('every', every),
        seed,
        ...(damping !== undefined && { damping }),
      },
      dump,
      log,
      signal: stop.signal,
      onSample: (s) =>
        process.stderr.write(
          `step ${s.step} of ${steps}: ${s.temperature.toFixed(1)} K, potential ${s.potentialEnergy.toFixed(6)} eV, total ${s.totalEnergy.toFixed(6)} eV\n`,
        ),
    });
    process.stdout.write(`${last.step} steps: ${dump}, ${log}\n`);
    if (stop.signal.aborted) {
      process.stderr.write(
        `interrupted; go on with: nnp-bridge md ${dump} --potential ${potential} (velocities are in the dump)\n`,
      );
      process.exitCode = 130;
    }
  },
};
