import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { UsageError } from '../../core/errors.ts';
import { given, type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
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
    .option('unit', {
      choices: ['G0', 'uS', 'kOhm'] as const,
      default: 'G0' as const,
      describe: 'of the linear histogram',
    })
    .option('bin', { type: 'number', describe: 'bin of the linear histogram (in its unit; G0: 0.05)' })
    .option('max', { type: 'number', describe: 'end of the linear histogram (in its unit; G0: 10)' })
    .option('zero', { type: 'number', default: 0.5012, describe: 'displacement 0 is its last downward crossing (G0)' })
    .option('plateau', { type: 'string', default: '1.5,0.5012', describe: 'HIGH,LOW of the last plateau (G0)' })
    .option('must-fall-below', { type: 'number', describe: 'leave out traces that do not (G0)' })
    .option('skip', { type: 'number', default: 0, describe: 'displacement left out at the start of traces (Å)' })
    .option('series-resistance', { type: 'number', default: 0, describe: 'in series with every contact (kΩ)' })
    .option('seed', { type: 'number', default: 1, describe: 'of the bootstrap' })
    .example('$0 conductance histogram traces.csv -o histogram.html --tables histograms', 'page and CSV files');

type Options = OptionsOf<typeof builder>;

export const conductanceHistogram: CommandModule<object, Options> = {
  command: 'histogram <traces..>',
  describe: 'conductance histograms, plateau lengths and channels of traces',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { analyseFiles } = await import('../../conductance/traces/analyse-files.ts');
    const { SHOWN_UNITS } = await import('../../conductance/traces/units.ts');
    const unit = SHOWN_UNITS[argv.unit];
    const max = argv.max ?? unit.linear.high;
    const bin = argv.bin ?? unit.linear.high / unit.linear.count;
    const count = Math.round(max / bin);
    if (!(max > 0 && bin > 0 && count >= 1 && count <= 1e5))
      throw new UsageError(`--max ${max} --bin ${bin}: expected 1 to 100000 bins`);
    const [high, low] = argv.plateau.split(',').map(Number);
    if (!(low > 0 && high > low)) throw new UsageError(`--plateau ${argv.plateau}: expected HIGH,LOW in G0`);
    if (!(argv.zero > 0)) throw new UsageError(`--zero ${argv.zero}: expected a conductance above 0 (G0)`);
    const { aligned, traces, unbroken, plateaus } = await analyseFiles({
      inputs: argv.traces,
      output: argv.output,
      ...given({ tables: argv.tables, key: argv.key }),
      ...(argv.only !== undefined && { only: pattern(argv.only) }),
      settings: {
        unit,
        linear: { low: 0, high: bin * count, count },
        zero: argv.zero,
        plateau: { high, low },
        ...given({ mustFallBelow: argv.mustFallBelow }),
        skip: argv.skip,
        seriesResistance: argv.seriesResistance,
        seed: argv.seed,
      },
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
