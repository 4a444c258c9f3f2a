import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { type OptionsOf, printOut } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'model_devi.out of LAMMPS (7 columns) or dp model-devi (8 columns)',
    })
    .option('lo', { type: 'number', default: 0.05, describe: 'max_devi_f below which a frame is accurate (eV/A)' })
    .option('hi', { type: 'number', default: 0.3, describe: 'max_devi_f from which it has failed (eV/A)' })
    .option('virial-lo', { type: 'number', describe: 'the same for max_devi_v (eV/atom)' })
    .option('virial-hi', { type: 'number', describe: 'the same for max_devi_v (eV/atom)' })
    .option('steps', { type: 'boolean', describe: 'only the steps of the candidates, one a line' })
    .example(
      '$0 deviation model_devi.out --lo 0.05 --hi 0.2',
      'accurate, candidate and failed frames, and a histogram',
    );

type Options = OptionsOf<typeof builder>;

export const deviation: CommandModule<object, Options> = {
  command: 'deviation <files..>',
  describe: 'show how far a committee disagreed, from model_devi.out',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { deviationText, summariseDeviations } = await import('../../watch/selection/deviation-summary.ts');
    const { lo, hi, virialLo, virialHi } = argv;
    if ((virialLo === undefined) !== (virialHi === undefined))
      throw new UsageError('--virial-lo and --virial-hi go together');
    const virial = virialLo !== undefined && virialHi !== undefined && { virial: { lo: virialLo, hi: virialHi } };
    for (const path of argv.files) {
      const summary = await summariseDeviations(path, { force: { lo, hi }, ...virial });
      await printOut(argv.steps ? summary.candidates.map((step) => `${step}\n`).join('') : deviationText(summary));
    }
  },
};
