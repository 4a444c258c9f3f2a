import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { withStore, withWhere } from '../dataset-options.ts';
import { given, type OptionsOf, printOut } from '../options.ts';
import { positiveInteger } from '../potential-options.ts';

const builder = (yargs: Argv) =>
  withWhere(withStore(yargs))
    .option('limit', { type: 'number', describe: 'at most so many rows' })
    .option('json', { type: 'boolean', default: false, describe: 'a JSON object a line, with all columns' })
    .example(
      '$0 dataset query data/ --where "max_force < 5 and formula = \'K54\'"',
      'rows of the frames with forces below 5 eV/A',
    );

type Options = OptionsOf<typeof builder>;

export const datasetQuery: CommandModule<object, Options> = {
  command: 'query <store>',
  describe: 'frames of a data set by a filter, a row each',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { queryStore } = await import('../../store/store-summary.ts');
    const limit = argv.limit === undefined ? undefined : positiveInteger('limit', argv.limit);
    const { store, json } = argv;
    await queryStore({ store, json, print: printOut, ...given({ where: argv.where, limit }) });
  },
};
