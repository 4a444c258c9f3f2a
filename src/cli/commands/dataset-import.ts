import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { given, type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('inputs', { type: 'string', array: true, demandOption: true, describe: 'files or folders of frames' })
    .option('store', { type: 'string', alias: 'o', demandOption: true, describe: 'data set to add to, or to make' })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the inputs; otherwise it is detected' })
    .example('$0 dataset import run*/OUTCAR -o data/', 'frames that are not there yet, with their labels');

type Options = OptionsOf<typeof builder>;

export const datasetImport: CommandModule<object, Options> = {
  command: 'import <inputs..>',
  describe: 'add frames of files, with the labels they have, to a data set',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { importFrames } = await import('../../store/dataset-files.ts');
    const { inputs, store } = argv;
    const { frames, added } = await importFrames({
      ...{ inputs, store, read: readSettings(argv), onDiagnostic: printDiagnostic },
      ...given({ format: argv.format }),
    });
    process.stderr.write(`${frames} frames read, ${added} of them new in ${store}\n`);
  },
};
