import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { withStore, withWhere } from '../dataset-options.ts';
import {
  given,
  type OptionsOf,
  printDiagnostic,
  withReadOptions,
  withWriteOptions,
  writeSettings,
} from '../options.ts';

const builder = (yargs: Argv) =>
  withWriteOptions(withReadOptions(withWhere(withStore(yargs))))
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'file or folder to write' })
    .option('format', { type: 'string', alias: 'f', default: 'extxyz', describe: 'format of the output' })
    .example('$0 dataset export data/ -o calm.extxyz --where "max_force < 3"', 'frames with forces below 3 eV/A');

type Options = OptionsOf<typeof builder>;

export const datasetExport: CommandModule<object, Options> = {
  command: 'export <store>',
  describe: 'frames of a data set as a file of any format',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { exportStore } = await import('../../store/dataset-files.ts');
    const { store, output, format } = argv;
    const write = { ...writeSettings(argv), onDiagnostic: printDiagnostic };
    const frames = await exportStore({ store, output, format, write, ...given({ where: argv.where }) });
    process.stderr.write(`${frames} frames written to ${output}\n`);
  },
};
