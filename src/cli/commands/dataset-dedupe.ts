import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { withStore } from '../dataset-options.ts';
import { given, type OptionsOf, printDiagnostic, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  withStore(yargs)
    .option('tolerance', {
      type: 'number',
      default: 0.001,
      describe: 'difference of interatomic distances (A, up to 6 A apart) up to which structures are the same',
    })
    .option('output', { type: 'string', alias: 'o', describe: 'new data set of the frames that stay' })
    .example('$0 dataset dedupe data/ --tolerance 0.01 -o lean/', 'one of each structure, but for turns and shifts');

type Options = OptionsOf<typeof builder>;

export const datasetDedupe: CommandModule<object, Options> = {
  command: 'dedupe <store>',
  describe: 'structures that are the same but for translation, rotation and order of the atoms',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { dedupeStore } = await import('../../store/similar-frames.ts');
    const { store, tolerance } = argv;
    if (!(tolerance >= 0 && tolerance < 1)) throw new UsageError('--tolerance: expected 0 to 1 angstrom');
    const pairs: string[] = [];
    const { frames, kept } = await dedupeStore({
      ...{ store, tolerance, onDiagnostic: printDiagnostic },
      ...given({ output: argv.output }),
      onSimilar: ({ id, like }) => pairs.push(`${id} ${like}\n`),
    });
    for (const pair of pairs) await printOut(pair);
    const where = argv.output === undefined ? 'would stay (write them with -o STORE)' : `written to ${argv.output}`;
    process.stderr.write(`${frames} frames, ${frames - kept} like an earlier one; ${kept} ${where}\n`);
  },
};
