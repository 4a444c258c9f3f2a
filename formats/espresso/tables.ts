import { toCartesian } from '../../src/core/cell.ts';
import { atomicNumber } from '../../src/core/elements.ts';
import { BOHR } from '../../src/core/units.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';

export interface Site {
  readonly numbers: Uint8Array;
  /** Å; (n,3). */
  readonly positions: Float64Array;
}

/** `a(1) = ( … )` three times, in units of `alat` (Å); (3,3). */
export async function readAxes(scanner: TextScanner, alat: number): Promise<Float64Array> {
  if (!(alat > 0)) throw scanner.error('expected the lattice parameter (alat) before the crystal axes');
  const cell = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    await scanner.need('three crystal axes');
    for (const word of [`a(${row + 1})`, '=', '(']) expectWord(scanner, word);
    for (let k = 0; k < 3; k++) cell[3 * row + k] = alat * scanner.number('a component of a crystal axis');
  }
  return cell;
}

/** Rows `number label tau( i) = ( x y z )`, in units of `alat` (Å). */
export async function readSites(scanner: TextScanner, natoms: number, alat: number): Promise<Site> {
  if (!(alat > 0)) throw scanner.error('expected the lattice parameter (alat) before the positions');
  const symbols: string[] = [];
  const values: number[] = [];
  for (let i = 0; i < checked(scanner, natoms); i++) {
    await scanner.need(`the site of atom ${i + 1}`);
    if (scanner.integer('the number of the site') !== i + 1) throw scanner.error(`expected site ${i + 1}`);
    if (!scanner.token()) throw scanner.error('expected the label of the atom');
    symbols.push(scanner.tokenText());
    while (scanner.token() && scanner.tokenText() !== '(' && scanner.tokenText() !== '=');
    if (scanner.tokenText() === '=') expectWord(scanner, '(');
    for (const axis of 'xyz') values.push(alat * scanner.number(axis));
  }
  return { numbers: numbersOf(scanner, symbols), positions: Float64Array.from(values) };
}

/** Behind `CELL_PARAMETERS (alat= 7.28)`, `(angstrom)` or `(bohr)`; Å; (3,3). */
export async function readCellRows(scanner: TextScanner, alat: number): Promise<Float64Array> {
  const text = scanner.text();
  const own = /alat *= *([\d.]+)/.exec(text);
  const unit = own ? BOHR * Number(own[1]) : unitOf(scanner, text, alat);
  if (unit === undefined) throw scanner.error('expected CELL_PARAMETERS in alat, bohr or angstrom');
  const cell = new Float64Array(9);
  for (let k = 0; k < 9; k++) {
    if (k % 3 === 0) await scanner.need('three cell vectors');
    cell[k] = unit * scanner.number('a component of a cell vector');
  }
  return cell;
}

/** Behind `ATOMIC_POSITIONS (unit)`: rows `label x y z`, with flags of frozen directions behind them or not. */
export async function readPositions(
  scanner: TextScanner,
  { natoms, alat, cell }: { readonly natoms: number; readonly alat: number; readonly cell: Float64Array },
): Promise<Site> {
  const text = scanner.text();
  const isCrystal = /crystal/i.test(text);
  const unit = isCrystal ? 1 : unitOf(scanner, text, alat);
  if (unit === undefined) throw scanner.error('expected ATOMIC_POSITIONS in alat, bohr, angstrom or crystal');
  const symbols: string[] = [];
  const values: number[] = [];
  for (let i = 0; i < checked(scanner, natoms); i++) {
    await scanner.need(`the position of atom ${i + 1}`);
    if (!scanner.token()) throw scanner.error(`expected the position of atom ${i + 1}, found a blank line`);
    symbols.push(scanner.tokenText());
    for (const axis of 'xyz') values.push(unit * scanner.number(axis));
  }
  const found = Float64Array.from(values);
  return { numbers: numbersOf(scanner, symbols), positions: isCrystal ? toCartesian(found, cell) : found };
}

/** Rows `atom 1 type 1 force = x y z` times `unit`; (n,3). Only the first block: with `verbosity high` its parts follow. */
export async function readForces(scanner: TextScanner, natoms: number, unit: number): Promise<Float64Array> {
  const values: number[] = [];
  while (values.length < 3 * checked(scanner, natoms)) {
    await scanner.need('the forces on all atoms');
    if (scanner.isBlank()) continue;
    const atom = values.length / 3 + 1;
    const row = /^ *atom +(\d+) +type +\d+ +force = /.exec(scanner.text());
    if (Number(row?.[1]) !== atom) throw scanner.error(`expected the force on atom ${atom}`);
    scanner.cursor = scanner.start + (row?.[0].length ?? 0);
    for (const axis of 'xyz') values.push(unit * scanner.number(`the force along ${axis}`));
  }
  return Float64Array.from(values);
}

/** Three rows of Ry/bohr³ and kbar; the first three numbers of each times `unit`; (3,3). */
export async function readStress(scanner: TextScanner, unit: number): Promise<Float64Array> {
  const stress = new Float64Array(9);
  for (let k = 0; k < 9; k++) {
    if (k % 3 === 0) await scanner.need('three rows of the stress');
    stress[k] = unit * scanner.number('a stress');
  }
  return stress;
}

function checked(scanner: TextScanner, natoms: number): number {
  if (Number.isSafeInteger(natoms) && natoms > 0) return natoms;
  throw scanner.error('expected "number of atoms/cell" before a table of atoms');
}

function unitOf(scanner: TextScanner, text: string, alat: number): number | undefined {
  if (/angstrom/i.test(text)) return 1;
  if (/bohr/i.test(text)) return BOHR;
  if (!/alat/i.test(text)) return undefined;
  if (alat > 0) return alat;
  throw scanner.error('expected the lattice parameter (alat) before numbers in its unit');
}

/** Labels may carry a number: `Fe1`. */
function numbersOf(scanner: TextScanner, labels: readonly string[]): Uint8Array {
  return Uint8Array.from(labels, (label) => {
    const z = atomicNumber(/^[A-Za-z]{1,2}/.exec(label)?.[0] ?? '') || atomicNumber(label.charAt(0));
    if (z > 0) return z;
    throw scanner.error(`expected a label that begins with an element, found "${label.slice(0, 20)}"`);
  });
}

function expectWord(scanner: TextScanner, word: string): void {
  if (!scanner.token() || scanner.tokenText() !== word) throw scanner.error(`expected "${word}"`);
}
