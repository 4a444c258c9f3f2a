import { appendFile, stat } from 'node:fs/promises';
import { TextScanner } from '../../scan/text-scanner.ts';
import type { ModelDeviation } from './verdict.ts';

const FORMAT = 'model_devi.out';
/** Names of the columns, in the order of both dialects; the second has `devi_e` behind them. */
const COLUMNS = {
  max_devi_v: 'maxVirial',
  min_devi_v: 'minVirial',
  avg_devi_v: 'avgVirial',
  max_devi_f: 'maxForce',
  min_devi_f: 'minForce',
  avg_devi_f: 'avgForce',
  devi_e: 'energy',
} as const;
const ATOMIC = /^atm_devi_f(\(N\))?$/;
const LAMMPS_NAMES = Object.keys(COLUMNS).slice(0, 6);

/**
 * The line that LAMMPS (`pair_style deepmd … out_file`) begins the file with: `#`, "step" in 11 columns, six names in 19 each and, with
 * `atomic`, `atm_devi_f(N)`.
 */
export function modelDeviHeader(atomic = false): string {
  const names = atomic ? [...LAMMPS_NAMES, 'atm_devi_f(N)'] : LAMMPS_NAMES;
  return `#${'step'.padStart(11)}${names.map((name) => name.padStart(19)).join('')}\n`;
}

/** A row of the same dialect, in eV/atom and eV/Å (LAMMPS units `metal`): the step in 12 columns, then a blank and 18 columns for each value. */
export function modelDeviRow(step: number, deviation: ModelDeviation, atomic = false): string {
  const values = [
    deviation.maxVirial,
    deviation.minVirial,
    deviation.avgVirial,
    deviation.maxForce,
    deviation.minForce,
    deviation.avgForce,
    ...(atomic ? (deviation.forces ?? []) : []),
  ];
  return `${String(step).padStart(12)}${values.map((value) => ` ${scientific(value).padStart(18)}`).join('')}\n`;
}

/** Adds rows to a file; a new one begins with the header, one that has rows goes on without, as LAMMPS does. */
export async function appendModelDevi(
  path: string,
  rows: readonly { readonly step: number; readonly deviation: ModelDeviation }[],
  atomic = false,
): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  const text = rows.map(({ step, deviation }) => modelDeviRow(step, deviation, atomic)).join('');
  await appendFile(path, size === 0 ? modelDeviHeader(atomic) + text : text);
}

/** `1.234560e-02`, as C++ streams write it: at least two digits of exponent, `nan` and `inf` in lower case. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return String(value).toLowerCase().replace('infinity', 'inf');
  return value.toExponential(6).replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
}

/** One row of a file. */
export interface ModelDeviRow {
  /** Of the LAMMPS dialect: time step. Of `dp model-devi`: index of the frame times its frequency. */
  readonly step: number;
  /** Path of the system that a header of `dp model-devi` names. */
  readonly system?: string;
  readonly deviation: ModelDeviation;
}

interface Header {
  readonly keys: readonly (keyof ModelDeviation)[];
  readonly atomic: boolean;
  /** Of the first row; those that follow have the same. */
  natoms?: number;
}

/**
 * Rows of `model_devi.out` in both dialects: that of LAMMPS (7 columns, its units, one header) and that of `dp model-devi` (8 columns, eV and
 * eV/Å, two header lines a system), each with deviations of the atoms or without. Columns go by the names in the header; rows without a header of their own
 * belong to the one before. Throws FormatError, TruncatedError for a last line that was cut.
 */
export async function* readModelDevi(
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<ModelDeviRow, void> {
  const scanner = new TextScanner(source, path, FORMAT);
  let header: Header | undefined;
  let system: string | undefined;
  try {
    while (scanner.tryLine() || (await scanner.fill())) {
      if (scanner.isBlank()) continue;
      if (scanner.startsWith('#')) {
        const text = scanner.text().slice(1).trim();
        if (/^step\s+\S*devi/.test(text)) header = headerOf(scanner, text);
        else system = text;
        continue;
      }
      if (!header)
        throw scanner.error('expected a header with the names of the columns (# step max_devi_v …), found a row');
      const row = rowOf(scanner, header);
      yield { ...row, ...(system !== undefined && { system }) };
    }
  } finally {
    await scanner.close();
  }
}

function headerOf(scanner: TextScanner, text: string): Header {
  const [, ...names] = text.split(/\s+/);
  const atomic = ATOMIC.test(names.at(-1) ?? '');
  const keys = (atomic ? names.slice(0, -1) : names).map((name) => {
    const key = COLUMNS[name as keyof typeof COLUMNS];
    if (key === undefined)
      throw scanner.error(`expected the columns ${Object.keys(COLUMNS).join(' ')}, found "${name.slice(0, 40)}"`);
    return key;
  });
  for (const name of LAMMPS_NAMES)
    if (!names.includes(name)) throw scanner.error(`expected a column ${name}, found ${names.join(' ')}`);
  return { keys, atomic };
}

function rowOf(scanner: TextScanner, header: Header): { step: number; deviation: ModelDeviation } {
  const { keys, atomic } = header;
  const step = scanner.integer('the step');
  const deviation: Record<string, number | Float64Array> = {};
  for (const key of keys) deviation[key] = scanner.number(`column ${key}`);
  if (atomic) {
    const forces: number[] = [];
    while (scanner.token()) {
      scanner.cursor = scanner.tokenStart;
      forces.push(scanner.number('the deviation of an atom'));
    }
    header.natoms ??= forces.length;
    if (forces.length !== header.natoms)
      throw scanner.error(`expected deviations of ${header.natoms} atoms, found ${forces.length}`);
    deviation['forces'] = Float64Array.from(forces);
  } else if (scanner.token())
    throw scanner.error(`expected ${keys.length + 1} columns as in the header, found more ("${scanner.tokenText()}")`);
  if (!scanner.terminated)
    throw scanner.error('expected a line break behind the last value, found the end of the file');
  return { step, deviation: deviation as unknown as ModelDeviation };
}
