import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(
    yargs.positional('potentials', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'directories of trained potentials or committees',
    }),
  )
    .option('dataset', {
      type: 'string',
      demandOption: true,
      describe: 'file of structures with energies (eV) and forces (eV/A)',
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the structures; otherwise it is detected' })
    .option('json', { type: 'boolean', default: false, describe: 'JSON instead of the table: meV/atom, eV/A' })
    .option('report', { type: 'string', describe: 'HTML file to write as well; the last potential is drawn' })
    .option('backend', { choices: BACKENDS, default: 'auto' as const, describe: 'program that evaluates' })
    .example('$0 compare si-1/ si-2/ --dataset test.extxyz', 'errors of both, also by config_type, side by side');

type Options = OptionsOf<typeof builder>;

export const compare: CommandModule<object, Options> = {
  command: 'compare <potentials..>',
  describe: 'errors of several trained potentials over the same structures',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { compareOnDataset } = await import('../../train/compare-files.ts');
    const units = {
      ...(argv.lengthUnit && { lengthUnit: argv.lengthUnit }),
      ...(argv.energyUnit && { energyUnit: argv.energyUnit }),
    };
    await compareOnDataset({
      potentials: argv.potentials,
      dataset: argv.dataset,
      ...(argv.format && { format: argv.format }),
      ...(argv.report !== undefined && { report: argv.report }),
      json: argv.json,
      load: { ...units, backend: argv.backend, onDiagnostic: printDiagnostic },
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      print: printOut,
    });
  },
};
