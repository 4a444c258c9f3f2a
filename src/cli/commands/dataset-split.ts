import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { withStore, withWhere } from '../dataset-options.ts';
import { given, type OptionsOf, printDiagnostic } from '../options.ts';

const builder = (yargs: Argv) =>
  withWhere(withStore(yargs))
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'folder for the parts' })
    .option('validation', { type: 'number', default: 0.1, describe: 'fraction of the frames' })
    .option('test', { type: 'number', default: 0.1, describe: 'fraction of the frames' })
    .option('by', {
      choices: ['random', 'group', 'trajectory'] as const,
      default: 'random' as const,
      describe: 'single frames, whole groups of config_type, or stretches of consecutive frames',
    })
    .option('seed', { type: 'number', default: 1, describe: 'the same seed gives the same parts' })
    .example('$0 dataset split data/ -o parts/ --by group', 'parts/train.extxyz, validation.extxyz, test.extxyz');

type Options = OptionsOf<typeof builder>;

export const datasetSplit: CommandModule<object, Options> = {
  command: 'split <store>',
  describe: 'a data set in parts for training, validation and test',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { splitStore } = await import('../../store/dataset-files.ts');
    const { store, output, validation, test, seed, by: rule } = argv;
    const parts = await splitStore({
      ...{ store, output, validation, test, seed, rule, write: { onDiagnostic: printDiagnostic } },
      ...given({ where: argv.where }),
    });
    process.stdout.write(`train ${parts.train}, validation ${parts.validation}, test ${parts.test}: ${output}\n`);
  },
};
