import { atomicNumber, massOf, symbolOf } from '../../src/core/elements.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { numberOf } from '../../src/scan/numbers.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { fromScaled } from './column-values.ts';
import { readSet } from './file-set.ts';
import { decodeHead } from './sniff.ts';
import { untilTheEnd } from './text-end.ts';

const FORMAT = 'atomeye-cfg';

/** AtomEye configuration, standard and extended, as `dump cfg` of LAMMPS writes it. */
export const atomeyeCfg = {
  name: FORMAT,
  aliases: ['cfg'],
  description: 'AtomEye CFG (LAMMPS dump cfg)',
  reference: 'http://li.mit.edu/Archive/Graphics/A/',
  fileNames: [/\.cfg$/i],
  carries: {
    frames: 'one',
    composition: 'any',
    cell: 'any',
    pbc: 'always',
    elements: true,
    velocities: false,
    masses: true,
    charges: false,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: true,
    info: false,
    units: 'A in Å (as the file says), amu',
  },
  sniff: (head) => (/^\s*Number of particles\s*=/.test(decodeHead(head)) ? 1 : 0),
  read,
  readPath: (path, options) => readSet(path, options, read),
} as const satisfies Format;

function read(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  return untilTheEnd(configuration(scanner, options), scanner, options);
}

interface CfgHeader {
  natoms: number;
  cell: Float64Array;
  hasVelocity: boolean;
  /** Names of the auxiliary columns; undefined = standard layout (mass and symbol in every row). */
  auxiliary?: string[];
}

async function* configuration(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  scanner.frame = 0;
  const header = await readHeader(scanner);
  const { natoms, cell, hasVelocity, auxiliary } = header;
  const masses: number[] = [];
  const symbols: string[] = [];
  const values: number[] = [];
  const entries = 3 + (hasVelocity ? 3 : 0) + (auxiliary?.length ?? 0);
  let mass = Number.NaN;
  let symbol = '';
  for (let atom = 0; atom < natoms; atom++) {
    await scanner.need(`atom ${atom + 1} of ${natoms}`);
    let row = scanner.tokens();
    if (!auxiliary) {
      mass = number(scanner, row.shift() ?? '');
      symbol = row.shift() ?? '';
    } else if (row.length === 1) {
      mass = number(scanner, row[0]);
      await scanner.need('an element symbol');
      symbol = scanner.text().trim();
      await scanner.need(`atom ${atom + 1} of ${natoms}`);
      row = scanner.tokens();
    }
    if (row.length !== entries || symbol === '')
      throw scanner.error(`expected ${entries} values of atom ${atom + 1}, found ${row.length}`);
    for (const word of row) values.push(number(scanner, word));
    masses.push(mass);
    symbols.push(symbol);
  }
  while (await scanner.line())
    if (!scanner.isBlank())
      throw scanner.error(`expected the end after ${natoms} atoms, found "${scanner.text().slice(0, 60)}"`);
  const column = (k: number, width: number) =>
    Float64Array.from({ length: width * natoms }, (_, i) => values[Math.floor(i / width) * entries + k + (i % width)]);
  const arrays: Record<string, PerAtom> = {};
  if (hasVelocity) arrays['scaled_velocity'] = { columns: 3, data: column(3, 3) };
  const names = auxiliary ?? [];
  names.forEach((name, k) => {
    arrays[name] = { columns: 1, data: column(3 + (hasVelocity ? 3 : 0) + k, 1) };
  });
  const numbers = Uint8Array.from(symbols, atomicNumber);
  if (symbols.some((word, k) => symbolOf(numbers[k]) !== word)) arrays['species'] = { columns: 1, data: symbols };
  reportMasses(scanner, options, { symbols, numbers, masses });
  yield {
    natoms,
    cell,
    pbc: [true, true, true],
    numbers,
    positions: fromScaled(column(0, 3), cell, [0, 0, 0]),
    masses: Float64Array.from(masses),
    arrays,
    info: {},
    origin: { path: options.path, frame: 0, line: 1 },
  };
}

/** Keys up to the first atom. */
async function readHeader(scanner: TextScanner): Promise<CfgHeader> {
  let natoms: number | undefined;
  let scale = 1;
  const h = new Float64Array(9).fill(Number.NaN);
  let hasVelocity = true;
  let entryCount: number | undefined;
  const auxiliary: string[] = [];
  while (await scanner.line()) {
    const text = scanner.text().trim();
    if (text === '' || text.startsWith('#')) continue;
    const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(text) ?? [];
    const matrix = /^H0\(([123]),([123])\)$/.exec(key ?? '');
    const extra = /^auxiliary\[(\d+)\]$/.exec(key ?? '');
    const first = () => number(scanner, value.split(/\s+/)[0]);
    if (natoms === undefined) {
      if (key !== 'Number of particles')
        throw scanner.error(`expected "Number of particles =", found "${text.slice(0, 60)}"`);
      natoms = first();
      if (!Number.isSafeInteger(natoms) || natoms < 0)
        throw scanner.error(`expected a number of particles, found "${value.slice(0, 40)}"`);
    } else if (text === '.NO_VELOCITY.') hasVelocity = false;
    else if (key === 'A') scale = first();
    else if (matrix) h[3 * (Number(matrix[1]) - 1) + Number(matrix[2]) - 1] = first();
    else if (key === 'entry_count') entryCount = first();
    else if (extra) auxiliary[Number(extra[1])] = value.split(/[\s[]/)[0];
    else if (/^(Transform|eta)\(/.test(key ?? ''))
      throw scanner.error(`expected an untransformed box, found "${text.slice(0, 60)}", which is not supported`);
    else if (key === undefined) {
      scanner.unread();
      break;
    }
  }
  if (natoms === undefined) throw scanner.truncated('"Number of particles ="');
  if (h.some(Number.isNaN)) throw scanner.error('expected H0(1,1) to H0(3,3) before the atoms, found some missing');
  const isExtended = entryCount !== undefined;
  if (isExtended && !(Number.isInteger(entryCount) && Number(entryCount) <= 1000))
    throw scanner.error(`expected entry_count up to 1000, found ${entryCount}`);
  const extraCount = (entryCount ?? 0) - 3 - (hasVelocity ? 3 : 0);
  if (isExtended && (auxiliary.length > extraCount || extraCount < 0))
    throw scanner.error(
      `expected ${extraCount} auxiliary names for entry_count = ${entryCount}, found ${auxiliary.length}`,
    );
  const names = Array.from({ length: isExtended ? extraCount : 0 }, (_, k) => auxiliary[k] ?? `auxiliary${k}`);
  return { natoms, cell: h.map((v) => v * scale), hasVelocity, ...(isExtended && { auxiliary: names }) };
}

function number(scanner: TextScanner, word: string): number {
  const value = numberOf(word);
  if (value === undefined) throw scanner.error(`expected a number, found "${word.slice(0, 40)}"`);
  return value;
}

/** LAMMPS writes C for every type unless `dump_modify element` is given; the masses tell. */
function reportMasses(
  scanner: TextScanner,
  options: ReadOptions,
  atoms: { symbols: readonly string[]; numbers: Uint8Array; masses: readonly number[] },
): void {
  const row = atoms.masses.findIndex((mass, k) => Math.abs(mass - massOf(atoms.numbers[k])) > 0.5 + 0.02 * mass);
  if (row < 0) return;
  options.onDiagnostic({
    severity: 'warning',
    code: 'element-and-mass',
    message: `atom ${row + 1} is ${atoms.symbols[row]} with the mass ${atoms.masses[row]}: element names may be LAMMPS' default C`,
    at: { path: scanner.path, line: scanner.lineNumber },
  });
}
