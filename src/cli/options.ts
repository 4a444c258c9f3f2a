import { once } from 'node:events';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { ReadOptions, WriteOptions } from '../../formats/format.ts';
import { type Diagnostic, formatDiagnostic } from '../core/diagnostic.ts';

/** Diagnostics of a command go to stderr, one line each; data goes to stdout. */
export function printDiagnostic(diagnostic: Diagnostic): void {
  process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
}

/** Data to stdout; waits while the reader of a pipe is slower than we are. */
export async function printOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Only the words that were given: an absent option is no property, not an undefined one. */
export function given<T extends object>(words: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const found = Object.entries(words).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Positional paths of which at least one was given: yargs takes a lone `-` (stdin) in a list for the end of it. */
export function pathsOrStdin(paths: readonly string[]): readonly string[] {
  return paths.length > 0 ? paths : ['-'];
}

/** A list in one word or several: `Si O`, `Si,O`. */
const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** Options of every command that reads frames: what the file may not say. */
export function withReadOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('type-map', {
      type: 'string',
      coerce: words,
      describe: 'elements of the types 1, 2, … of a file that has only numbers, e.g. "Si O"',
    })
    .option('units', {
      type: 'string',
      choices: ['metal', 'real', 'si', 'cgs', 'electron', 'micro', 'nano', 'lj'],
      describe: 'LAMMPS unit style of a LAMMPS file that does not state it',
    })
    .option('length-unit', {
      type: 'string',
      choices: ['angstrom', 'bohr'],
      describe: 'unit of lengths in a file without units (n2p2 input.data)',
    })
    .option('energy-unit', {
      type: 'string',
      choices: ['eV', 'hartree'],
      describe: 'unit of energies in a file without units (n2p2 input.data)',
    })
    .option('atom-style', { type: 'string', describe: 'LAMMPS atom style of a data file that does not state it' })
    .option('columns', {
      type: 'string',
      coerce: words,
      describe: 'column names of a binary dump that has none, e.g. "id type x y z"',
    })
    .option('keys', {
      type: 'string',
      choices: ['ase', 'mace', 'gap', 'nep', 'n2p2'],
      describe: 'which extxyz keys hold energy, forces and stress',
    });
}

/** The options that a builder declares. */
export type OptionsOf<B extends (yargs: Argv) => unknown> = ReturnType<B> extends Argv<infer O> ? O : never;

type ReadArguments = ArgumentsCamelCase<OptionsOf<typeof withReadOptions<object>>>;

/** The words of the command line as reader options (without path, strictness and sink). */
export function readSettings(argv: ReadArguments): Omit<ReadOptions, 'path' | 'onDiagnostic' | 'strict'> {
  return given({
    typeMap: argv.typeMap,
    lammpsUnits: argv.units,
    lengthUnit: argv.lengthUnit,
    energyUnit: argv.energyUnit,
    atomStyle: argv.atomStyle,
    columns: argv.columns,
    labelKeys: argv.keys,
  });
}

/** Options of commands that write frames, where the output needs other words than the input. */
export function withWriteOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('out-type-map', {
      type: 'string',
      coerce: words,
      describe: 'elements of the types 1, 2, … in the output; otherwise as --type-map',
    })
    .option('out-units', { type: 'string', describe: 'LAMMPS unit style of the output, e.g. real (default: metal)' })
    .option('out-length-unit', {
      type: 'string',
      choices: ['angstrom', 'bohr'],
      describe: 'unit of lengths in an output format without units',
    })
    .option('out-energy-unit', {
      type: 'string',
      choices: ['eV', 'hartree'],
      describe: 'unit of energies in an output format without units',
    })
    .option('out-atom-style', { type: 'string', describe: 'LAMMPS atom style of a data file that is written' })
    .option('out-columns', { type: 'string', coerce: words, describe: 'columns of a dump that is written' })
    .option('out-keys', {
      type: 'string',
      choices: ['ase', 'mace', 'gap', 'nep', 'n2p2'],
      describe: 'extxyz keys under which energy, forces and stress are written',
    });
}

type WriteArguments = ArgumentsCamelCase<OptionsOf<typeof withWriteOptions<object>>>;

/** The words of the command line as writer options (without sink). */
export function writeSettings(argv: WriteArguments & ReadArguments): Omit<WriteOptions, 'onDiagnostic'> {
  return given({
    typeMap: argv.outTypeMap ?? argv.typeMap,
    lammpsUnits: argv.outUnits,
    lengthUnit: argv.outLengthUnit,
    energyUnit: argv.outEnergyUnit,
    atomStyle: argv.outAtomStyle,
    columns: argv.outColumns,
    labelKeys: argv.outKeys,
  });
}
