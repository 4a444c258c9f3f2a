import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, MissingDataError } from '../../src/core/errors.ts';
import { ENERGY_UNITS, LENGTH_UNITS } from '../../src/core/units.ts';

const SCHEMA = 'nnp-potential/1';
export const MANIFEST_NAME = 'potential.json';

/** `potential.json` beside the files of a trained potential: what they do not say themselves. */
export interface Manifest {
  /** `n2p2`, `snap`, … */
  readonly format?: string;
  /** Names of LENGTH_UNITS and ENERGY_UNITS. */
  readonly lengthUnit?: string;
  readonly energyUnit?: string;
  /** Directories of the members of a committee, relative to this one. */
  readonly members?: readonly string[];
}

/** Reads `potential.json` of a directory; undefined when there is none. Throws FormatError when it is not one. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = join(directory, MANIFEST_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new FormatError('potential.json', { path }, `expected JSON, found: ${(error as Error).message}`);
  }
  if (typeof data !== 'object' || data === null || (data as { schema?: unknown }).schema !== SCHEMA)
    throw new FormatError('potential.json', { path }, `expected an object with "schema": "${SCHEMA}"`);
  const word = (key: string): Record<string, string> => {
    const value = (data as Record<string, unknown>)[key];
    if (value === undefined || value === null) return {};
    if (typeof value !== 'string')
      throw new FormatError('potential.json', { path }, `expected a word for "${key}", found ${JSON.stringify(value)}`);
    return { [key]: value };
  };
  const { members } = data as { members?: unknown };
  if (members !== undefined && !(Array.isArray(members) && members.every((name) => typeof name === 'string')))
    throw new FormatError('potential.json', { path }, 'expected a list of directory names for "members"');
  return {
    ...word('format'),
    ...word('lengthUnit'),
    ...word('energyUnit'),
    ...(members !== undefined && { members: members as string[] }),
  };
}

/** Text of a `potential.json`. */
export function formatManifest(fields: Manifest & Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ schema: SCHEMA, ...fields }, null, 2)}\n`;
}

/** Units a caller states for files that do not. */
export interface UnitOptions {
  /** `angstrom`, `bohr` or `reduced`. */
  readonly lengthUnit?: string;
  /** `eV`, `hartree` or `reduced`. */
  readonly energyUnit?: string;
}

/**
 * Factors of the files' units to Å and eV, from the options or the manifest. Throws MissingDataError when neither states them or
 * both do and differ: units are never guessed.
 */
export function resolveUnits(
  directory: string,
  options: UnitOptions,
  manifest: Manifest | undefined,
): { length: number; energy: number } {
  const factor = (what: 'length' | 'energy', table: Readonly<Record<string, number>>): number => {
    const key = `${what}Unit` as const;
    const option = options[key];
    const stated = manifest?.[key];
    const names = Object.keys(table);
    const find = (word: string) => names.find((name) => name.toLowerCase() === word.toLowerCase());
    const hint = `state --${what}-unit ${names.join('|')} or "${key}" in ${join(directory, MANIFEST_NAME)}`;
    const word = option ?? stated;
    if (word === undefined)
      throw new MissingDataError(
        `${directory}: the ${what} unit of this potential is not stated (its files do not hold it), and it is never guessed`,
        hint,
      );
    const name = find(word);
    if (name === undefined) throw new MissingDataError(`${directory}: unknown ${what} unit "${word}"`, hint);
    if (option !== undefined && stated !== undefined && find(stated) !== name)
      throw new MissingDataError(
        `${directory}: the option says ${what} unit "${option}", ${MANIFEST_NAME} says "${stated}"`,
        'leave the option out or correct the file',
      );
    return table[name];
  };
  return { length: factor('length', LENGTH_UNITS), energy: factor('energy', ENERGY_UNITS) };
}
