import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { withStore } from '../dataset-options.ts';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  withStore(yargs)
    .option('json', { type: 'boolean', default: false, describe: 'the same as one JSON object' })
    .example('$0 dataset ls data/', 'number of frames, compositions, labellers, ranges (eV, eV/A)');

type Options = OptionsOf<typeof builder>;

export const datasetLs: CommandModule<object, Options> = {
  command: 'ls <store>',
  describe: 'what a data set holds',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { summarizeStore, summaryText } = await import('../../store/store-summary.ts');
    const summary = await summarizeStore(argv.store);
    await printOut(argv.json ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  },
};
