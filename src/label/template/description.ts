import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { FORMATS, findFormat } from '../../../formats/index.ts';
import { atomicNumber } from '../../core/elements.ts';
import { MissingDataError, UsageError } from '../../core/errors.ts';
import { packageRoot } from '../../core/package-root.ts';
import { type ConfigTable, type ConfigValue, readConfig } from '../../train/config-reader.ts';
import { readSlurm, type SlurmSettings } from '../slurm/settings.ts';
import type { Words } from './render.ts';

/** An outside program as a labeller: what `labeller.yaml` of a template folder says. */
export interface TemplateDescription {
  readonly name: string;
  readonly folder: string;
  /** Program and arguments; never given to a shell. */
  readonly command: readonly string[];
  /** Set beside the environment of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Name → text with placeholders. */
  readonly render: ReadonlyMap<string, string>;
  /** Name → bytes put beside them unchanged. */
  readonly copy: ReadonlyMap<string, Uint8Array>;
  /** The file that the program writes (`stdout` for what it says), and its format. */
  readonly output: { readonly file: string; readonly format: string };
  /** Words and numbers of the user that the templates name. */
  readonly values: Words;
  /** Values that replace those at the second, third … attempt. */
  readonly retries: readonly Words[];
  /** Words and numbers by atomic number. */
  readonly elements: ReadonlyMap<number, Words>;
  /** Seconds for one attempt. */
  readonly timeout: number;
  /** Processor cores that one run uses; what runs at a time follows from it unless `concurrency` says so. */
  readonly cores: number;
  readonly concurrency?: number;
  /** Frames must be periodic in all directions. */
  readonly periodic: boolean;
  /** Accepts outputs that do not say whether the SCF converged; those that say that it did not never are. */
  readonly convergenceUnknown: boolean;
  /** eV/Å per atom that the forces may sum up to. */
  readonly maxNetForce: number;
  readonly slurm?: SlurmSettings;
  /** SHA-256 of every file of the template. */
  readonly hash: string;
}

const FILE = 'labeller.yaml';
const KEYS = [
  'name',
  'command',
  'environment',
  'render',
  'copy',
  'output',
  'values',
  'retries',
  'elements',
  'timeout',
  'cores',
  'concurrency',
  'periodic',
  'convergence_unknown',
  'max_net_force',
  'slurm',
] as const;

/** The folder named, or the one shipped under that name in lammps-scripts/inputs/labellers. Throws UsageError with the names. */
export async function findTemplate(name: string, base = '.'): Promise<string> {
  const given = resolve(base, name);
  if (existsSync(join(given, FILE))) return given;
  const shipped = join(packageRoot(), 'lammps-scripts', 'inputs', 'labellers');
  if (/^[\w-]+$/.test(name) && existsSync(join(shipped, name, FILE))) return join(shipped, name);
  const names = (await readdir(shipped)).sort().join(', ');
  throw new UsageError(`${given}: no ${FILE} there, and no template of that name is shipped (${names})`);
}

/** Reads a template folder. Throws FormatError with the line for what does not make sense, MissingDataError for files not there. */
export async function readTemplate(folder: string): Promise<TemplateDescription> {
  const path = join(folder, FILE);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new MissingDataError(`${path} cannot be read`, 'give a folder with a labeller.yaml');
  });
  const root = readConfig(text, path, 'labeller template');
  const table = root.table(KEYS);
  const hash = createHash('sha256').update(text);
  const files = async (key: 'render' | 'copy') => {
    const found = new Map<string, Buffer>();
    for (const value of table.get(key)?.items() ?? []) {
      const name = fileName(value);
      const bytes = await readFile(join(folder, name)).catch(() => {
        throw value.error(`a file of ${folder}`);
      });
      found.set(name, bytes);
      hash.update(name).update(bytes);
    }
    return found;
  };
  const render = await files('render');
  const copy = await files('copy');
  return {
    name: table.need('name').text(),
    folder,
    command: readCommand(table.need('command'), folder),
    environment: readEnvironment(table.get('environment')),
    render: new Map([...render].map(([name, bytes]) => [name, bytes.toString('utf8')])),
    copy,
    output: readOutput(table.need('output')),
    values: readWords(table.get('values')),
    retries: (table.get('retries')?.list() ?? []).map(readWords),
    elements: readElements(table.get('elements')),
    ...readLimits(table),
    hash: hash.digest('hex'),
  };
}

function readLimits(table: ConfigTable<(typeof KEYS)[number]>) {
  const concurrency = table.get('concurrency')?.number({ min: 1, integer: true });
  const slurm = table.get('slurm');
  return {
    timeout: table.number('timeout', 3600, { min: 0.001 }),
    cores: table.number('cores', 1, { min: 1, integer: true }),
    ...(concurrency !== undefined && { concurrency }),
    periodic: flag(table.get('periodic'), true),
    convergenceUnknown: flag(table.get('convergence_unknown'), false),
    maxNetForce: table.number('max_net_force', 0.005, { min: 0 }),
    ...(slurm && { slurm: readSlurm(slurm) }),
  };
}

/** A program with a slash that is not absolute lies in the template folder. */
function readCommand(value: ConfigValue, folder: string): string[] {
  const words = value.list().map((word) => {
    const plain = word.plain();
    if (typeof plain === 'string' || typeof plain === 'number') return String(plain);
    throw word.error('a word of the command');
  });
  if (words.length === 0 || words[0] === '') throw value.error('a program and its arguments');
  if (words[0].includes('/') && !isAbsolute(words[0])) words[0] = resolve(folder, words[0]);
  return words;
}

function readEnvironment(value: ConfigValue | undefined): Record<string, string> {
  return Object.fromEntries(
    (value?.entries() ?? []).map(([name, entry]) => {
      if (!/^[A-Za-z_]\w*$/.test(name)) throw entry.error(`the name of an environment variable, not "${name}"`);
      const plain = entry.plain();
      if (typeof plain === 'string' || typeof plain === 'number') return [name, String(plain)];
      throw entry.error('a text or number');
    }),
  );
}

function readOutput(value: ConfigValue) {
  const table = value.table(['file', 'format']);
  const format = table.need('format');
  if (!findFormat(FORMATS, format.text())?.read) throw format.error('a format that can be read');
  return { file: fileName(table.need('file')), format: format.text() };
}

/** A plain name, so that nothing is written or read outside of the scratch folder. */
function fileName(value: ConfigValue): string {
  const name = value.text();
  if (/^[\w+-][\w.+-]*$/.test(name)) return name;
  throw value.error('a file name without folders and blanks');
}

function readWords(value: ConfigValue | undefined): Words {
  return Object.fromEntries(
    (value?.entries() ?? []).map(([name, entry]) => {
      const plain = entry.plain();
      if (typeof plain === 'string' || typeof plain === 'number') return [name, plain];
      throw entry.error('a text or number');
    }),
  );
}

function readElements(value: ConfigValue | undefined): Map<number, Words> {
  return new Map(
    (value?.entries() ?? []).map(([symbol, entry]) => {
      const z = atomicNumber(symbol);
      if (z === 0) throw entry.error(`the symbol of an element, not "${symbol}"`);
      return [z, readWords(entry)];
    }),
  );
}

function flag(value: ConfigValue | undefined, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  const plain = value.plain();
  if (typeof plain === 'boolean') return plain;
  throw value.error('true or false');
}

/** The first place of a program in PATH, for the record; undefined when it is not there. */
export function whereIs(program: string): string | undefined {
  if (program.includes('/')) return existsSync(program) ? program : undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
