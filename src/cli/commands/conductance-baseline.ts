import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { given, type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('training', { type: 'string', array: true, demandOption: true, describe: 'frames with conductances' })
    .option('test', { type: 'string', array: true, default: [], describe: 'further files that are scored' })
    .option('validation', {
      type: 'string',
      array: true,
      default: [],
      describe: 'trajectories of the training files that are not fitted',
    })
    .option('key', { type: 'string', describe: 'key of the label, e.g. conductance_jellium (G0)' })
    .option('output', { type: 'string', alias: 'o', describe: 'JSON file of coefficients and scores' })
    .example('$0 conductance baseline train.extxyz --test test.extxyz', 'cubic of the smallest cross-section');

type Options = OptionsOf<typeof builder>;

export const conductanceBaseline: CommandModule<object, Options> = {
  command: 'baseline <training..>',
  describe: 'fit the four-parameter cross-section baseline and score it',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { baselineFiles, scoreTable } = await import('../../conductance/features/baseline-files.ts');
    const { tableText } = await import('../../report/page.ts');
    const { baseline, scores } = await baselineFiles({
      training: argv.training,
      validation: argv.validation.flatMap((word) => word.split(',')),
      tests: argv.test,
      ...given({ key: argv.key, output: argv.output }),
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
    });
    const [c0, c1, c2, c3] = baseline.coefficients.map((c) => c.toFixed(4));
    await printOut(`G/G0 = ${c0} + ${c1} x + ${c2} x^2 + ${c3} x^3, x = smallest cross-section (atoms/Å)\n`);
    await printOut(`${tableText(scoreTable(scores))}\n`);
  },
};
