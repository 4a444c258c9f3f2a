import type { Argv } from 'yargs';
import { UsageError } from '../core/errors.ts';

/** Options of every command that loads a trained potential: what its files may not say. */
export function withPotentialUnits<T>(yargs: Argv<T>) {
  return yargs
    .option('length-unit', {
      type: 'string',
      choices: ['angstrom', 'bohr', 'reduced'],
      describe: 'length unit of the potential files, where no potential.json states it',
    })
    .option('energy-unit', {
      type: 'string',
      choices: ['eV', 'hartree', 'reduced'],
      describe: 'energy unit of the potential files, where no potential.json states it',
    });
}

/** The potential that a command line names. */
export function potentialSource(
  directory: string,
  { lengthUnit, energyUnit }: { readonly lengthUnit: string | undefined; readonly energyUnit: string | undefined },
) {
  return { directory, ...(lengthUnit && { lengthUnit }), ...(energyUnit && { energyUnit }) };
}

/** Several directories: a committee. */
export function committeeSource(directories: readonly string[], units: Parameters<typeof potentialSource>[1]) {
  const [first, ...further] = directories;
  return { ...potentialSource(first, units), ...(further.length > 0 && { further }) };
}

/** The value of an option that counts something. Throws UsageError that names the option. */
export function positiveInteger(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${option}: expected a whole number above 0, found ${value}`);
}
