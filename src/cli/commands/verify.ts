import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('dump', { type: 'string', demandOption: true, describe: 'LAMMPS dump with positions and forces' })
    .option('log', { type: 'string', demandOption: true, describe: 'log of the same run (units metal)' })
    .option('potential', { type: 'string', demandOption: true, describe: 'directory of the trained potential' })
    .option('energy-tolerance', { type: 'number', default: 1e-9, describe: 'largest |dE|/|E| that passes' })
    .option('force-tolerance', { type: 'number', default: 1e-8, describe: 'largest |dF|/max|F| that passes' })
    .option('pressure-tolerance', { type: 'number', default: 2e-6, describe: 'largest |dP|/max|P| that passes' })
    .example('$0 verify run.dump --log log.lammps --potential si/', 'did LAMMPS get the forces of this potential?');

type Options = OptionsOf<typeof builder>;

export const verify: CommandModule<object, Options> = {
  command: 'verify <dump>',
  describe: 'evaluate a finished run again and compare energies, forces and pressure',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { verifyFiles } = await import('../../verify/verify-files.ts');
    await verifyFiles({
      dump: argv.dump,
      log: argv.log,
      potential: argv.potential,
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      tolerances: { energy: argv.energyTolerance, force: argv.forceTolerance, pressure: argv.pressureTolerance },
      print: (text) => process.stdout.write(text),
    });
  },
};
