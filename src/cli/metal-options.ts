import type { Argv } from 'yargs';

/** Options of commands that work with crystals of one metal. */
export function withCrystal<T>(yargs: Argv<T>) {
  return yargs
    .option('element', { type: 'string', describe: 'metal of the wire, where the frames do not say it' })
    .option('lattice', { choices: ['bcc', 'fcc'] as const, describe: 'crystal, where the metal is not in the table' })
    .option('lattice-constant', { type: 'number', describe: 'edge of the cubic cell (Å); otherwise from the table' });
}

/** Options of commands that work with its electrons, too. */
export function withMetal<T>(yargs: Argv<T>) {
  return withCrystal(yargs)
    .option('valence', { type: 'number', describe: 'free electrons per atom (jellium)' })
    .option('work-function', { type: 'number', describe: 'eV (jellium)' });
}
