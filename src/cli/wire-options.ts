import type { ArgumentsCamelCase, Argv } from 'yargs';
import { parseGripRule } from '../conductance/geometry/grips.ts';
import { UsageError } from '../core/errors.ts';
import { given, type OptionsOf } from './options.ts';

/** Options of commands that find wires in frames. */
export function withWire<T>(yargs: Argv<T>) {
  return yargs
    .option('grips', {
      type: 'string',
      default: 'type:2,3',
      describe:
        'type:BOTTOM,TOP, id:FIRST-LAST,FIRST-LAST, or by place in the first frame of a trajectory ends:LENGTH or region:LOW,HIGH (Å)',
    })
    .option('lead-period', {
      type: 'number',
      describe: 'length of a grip block (Å); otherwise from frames or crystal',
    })
    .option('axis', { choices: ['x', 'y', 'z'] as const, default: 'z' as const, describe: 'direction of the wire' });
}

type WireArguments = ArgumentsCamelCase<OptionsOf<typeof withWire<object>>>;

/** Throws UsageError for a rule that cannot be read. */
export function wireRule({ grips, axis, leadPeriod }: WireArguments) {
  if (leadPeriod !== undefined && !(leadPeriod > 0)) throw new UsageError('--lead-period: expected a length above 0 Å');
  return { grips: parseGripRule(grips), axis, ...given({ leadPeriod }) };
}
