import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { analysisSettings, withAnalysisOptions } from '../analysis-options.ts';
import { given, type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withAnalysisOptions(withReadOptions(yargs))
    .positional('traces', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'tables of traces (.csv) or labelled frames',
    })
    .option('output', { type: 'string', alias: 'o', default: 'histogram.html', describe: 'HTML page' })
    .option('tables', { type: 'string', describe: 'folder for all histograms as CSV' })
    .option('key', { type: 'string', describe: 'column or key of the conductance, e.g. G_jellium' })
    .option('only', { type: 'string', describe: 'regular expression: trajectories that are used' })
    .example('$0 conductance histogram traces.csv -o histogram.html --tables histograms', 'page and CSV files');

type Options = OptionsOf<typeof builder>;

export const conductanceHistogram: CommandModule<object, Options> = {
  command: 'histogram <traces..>',
  describe: 'conductance histograms, plateau lengths and channels of traces',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { analyseFiles } = await import('../../conductance/traces/analyse-files.ts');
    const { aligned, traces, unbroken, plateaus } = await analyseFiles({
      inputs: argv.traces,
      output: argv.output,
      ...given({ tables: argv.tables, key: argv.key }),
      ...(argv.only !== undefined && { only: pattern(argv.only) }),
      settings: await analysisSettings(argv),
      read: { ...readSettings(argv), strict: false, onDiagnostic: printDiagnostic },
    });
    await printOut(
      `${traces.length} traces (${unbroken.length} left out), ${aligned.traces} aligned, ${plateaus.length} with a last plateau: ${argv.output}\n`,
    );
  },
};

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`--only ${text}: not a regular expression`);
  }
}
