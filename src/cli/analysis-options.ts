import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { AnalysisSettings } from '../conductance/traces/analysis.ts';
import { UsageError } from '../core/errors.ts';
import { given, type OptionsOf } from './options.ts';

/** Options of commands that make histograms of traces. */
export function withAnalysisOptions<T>(yargs: Argv<T>) {
  return yargs
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
    .option('seed', { type: 'number', default: 1, describe: 'of the bootstrap' });
}

type AnalysisArguments = ArgumentsCamelCase<OptionsOf<typeof withAnalysisOptions<object>>>;

/** Throws UsageError for bins, levels and windows that are none. */
export async function analysisSettings(argv: AnalysisArguments): Promise<AnalysisSettings> {
  const { SHOWN_UNITS } = await import('../conductance/traces/units.ts');
  const unit = SHOWN_UNITS[argv.unit];
  const max = argv.max ?? unit.linear.high;
  const bin = argv.bin ?? unit.linear.high / unit.linear.count;
  const count = Math.round(max / bin);
  if (!(max > 0 && bin > 0 && count >= 1 && count <= 1e5))
    throw new UsageError(`--max ${max} --bin ${bin}: expected 1 to 100000 bins`);
  const [high, low] = argv.plateau.split(',').map(Number);
  if (!(low > 0 && high > low)) throw new UsageError(`--plateau ${argv.plateau}: expected HIGH,LOW in G0`);
  if (!(argv.zero > 0)) throw new UsageError(`--zero ${argv.zero}: expected a conductance above 0 (G0)`);
  return {
    unit,
    linear: { low: 0, high: bin * count, count },
    zero: argv.zero,
    plateau: { high, low },
    ...given({ mustFallBelow: argv.mustFallBelow }),
    skip: argv.skip,
    seriesResistance: argv.seriesResistance,
    seed: argv.seed,
  };
}
