import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .positional('store', { type: 'string', demandOption: true, describe: 'data set that a watcher writes' })
    .option('json', { type: 'boolean', default: false, describe: 'the same as one JSON object' })
    .example('$0 status data/', 'frames seen, labelled and failed, with reasons, also while it runs');

type Options = OptionsOf<typeof builder>;

export const status: CommandModule<object, Options> = {
  command: 'status <store>',
  describe: 'how far the watchers of a data set are',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { statusText, storeStatus } = await import('../../watch/status.ts');
    const found = await storeStatus(argv.store);
    await printOut(argv.json ? `${JSON.stringify(found)}\n` : statusText(found));
  },
};
