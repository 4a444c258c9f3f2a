import { numberOf, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { splitByDecimals, TripleRows } from './rows.ts';

const STAR = 42;
const DASH = 45;
/** Row of the force table: 3F13.5, 3X, 3F14.6 (and 3F14.6 more without van der Waals terms), blanks or none between. */
const POSITION = String.raw`\s*([+-]?\d*\.\d{5}|\*{13})`;
const FORCE = String.raw`\s*([+-]?\d*\.\d{6}|\*{14}|NaN)`;
const RUN_TOGETHER = new RegExp(`^${POSITION.repeat(3)}${FORCE.repeat(3)}(?:${FORCE.repeat(3)})?\\s*$`);

export interface ForceTable {
  /** Å, (n,3). */
  readonly positions: Float64Array;
  /** eV/Å, (n,3); NaN where the file has `****`. */
  readonly forces: Float64Array;
  /** First line with `****` or NaN among positions or forces; undefined = none. */
  readonly missingLine?: number;
  /** A position is missing: the frame cannot be used. */
  readonly missingPosition: boolean;
}

/** First line of a run, alone or behind the end of a run that was killed in the middle of a line. */
export const FIRST_LINE = /(?:^|\s|\d)(vasp\.\d+\.\d+\S*)/;

/**
 * The table whose title line is current; undefined when another run begins inside, whose first line is then current. Throws
 * TruncatedError when the input ends inside.
 */
export async function readForceTable(scanner: TextScanner, natoms: number): Promise<ForceTable | undefined> {
  if (!scanner.tryLine()) await scanner.need('the ruler of the force table');
  if (!isRuler(scanner)) throw scanner.error('expected the ruler of the force table');
  const positions = new TripleRows(natoms);
  const forces = new TripleRows(natoms);
  const row = new Float64Array(6);
  let missingLine: number | undefined;
  let missingPosition = false;
  while (forces.length < natoms) {
    if (!scanner.tryLine() && !(await scanner.fill())) throw scanner.truncated(rowOf(forces.length, natoms));
    const whole = readForceRow(scanner, row);
    if (whole === undefined || !scanner.terminated) {
      if (!scanner.terminated) throw scanner.truncated(rowOf(forces.length, natoms));
      if (FIRST_LINE.test(scanner.text())) return undefined;
      throw scanner.error(`expected ${rowOf(forces.length, natoms)}, found "${scanner.text().trim().slice(0, 60)}"`);
    }
    if (!whole) {
      missingLine ??= scanner.lineNumber;
      if (Number.isNaN(row[0] + row[1] + row[2])) missingPosition = true;
    }
    positions.push(row[0], row[1], row[2]);
    forces.push(row[3], row[4], row[5]);
  }
  if (!scanner.tryLine()) await scanner.need('the ruler behind the force table');
  if (!isRuler(scanner))
    throw scanner.error(`expected a ruler behind ${natoms} rows of the force table, found "${scanner.text().trim()}"`);
  return {
    positions: positions.take(),
    forces: forces.take(),
    missingPosition,
    ...(missingLine === undefined ? {} : { missingLine }),
  };
}

const rowOf = (done: number, natoms: number) => `row ${done + 1} of ${natoms} of the force table`;

function isRuler(scanner: TextScanner): boolean {
  scanner.cursor = scanner.start;
  return (
    scanner.token() && scanner.bytes[scanner.tokenStart] === DASH && scanner.bytes[scanner.tokenStart + 1] === DASH
  );
}

/** Six numbers of a row into `row`, NaN for `****`. True = all there, false = some missing, undefined = not a row. */
function readForceRow(scanner: TextScanner, row: Float64Array): boolean | undefined {
  let count = 0;
  let whole = true;
  while (scanner.token()) {
    const { bytes, tokenStart, tokenEnd } = scanner;
    let value: number | undefined;
    if (bytes[tokenStart] === STAR) value = isOverflow(bytes, tokenStart, tokenEnd) ? Number.NaN : undefined;
    else value = parseNumber(bytes, tokenStart, tokenEnd);
    if (value === undefined || count === 9) return readRunTogether(scanner.text(), row);
    if (count < 6) {
      row[count] = value - value === 0 ? value : Number.NaN;
      if (value - value !== 0) whole = false;
    }
    count++;
  }
  return count === 6 || count === 9 ? whole : readRunTogether(scanner.text(), row);
}

/** One field of stars is at most 14 wide. */
function isOverflow(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 14) return false;
  for (let k = start; k < end; k++) if (bytes[k] !== STAR) return false;
  return true;
}

/** Columns without a blank between them, by their decimals. */
function readRunTogether(line: string, row: Float64Array): boolean | undefined {
  const fields = RUN_TOGETHER.exec(line);
  if (!fields) return undefined;
  let whole = true;
  for (let k = 0; k < 6; k++) {
    row[k] = numberOf(fields[k + 1]) ?? Number.NaN;
    if (Number.isNaN(row[k])) whole = false;
  }
  return whole;
}

/** Three rows of `direct lattice vectors` (3X, 3F13.9): Å. Throws TruncatedError when the input ends inside. */
export async function readCellRows(scanner: TextScanner): Promise<Float64Array> {
  const cell = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    if (!scanner.tryLine() && !(await scanner.fill())) throw scanner.truncated(`lattice vector ${row + 1} of 3`);
    if (!scanner.terminated) throw scanner.truncated(`lattice vector ${row + 1} of 3`);
    let whole = true;
    for (let k = 0; k < 3; k++) {
      const value = scanner.token() ? parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd) : undefined;
      if (value === undefined || !Number.isFinite(value)) whole = false;
      else cell[3 * row + k] = value;
    }
    if (whole) continue;
    const fields = splitByDecimals(scanner.text(), 9)?.slice(0, 3).map(Number);
    if (fields?.length !== 3 || !fields.every(Number.isFinite))
      throw scanner.error(`expected a lattice vector, found "${scanner.text().trim().slice(0, 60)}"`);
    cell.set(fields, 3 * row);
  }
  return cell;
}

/** `natoms` rows of three numbers, as far as they go; undefined when there are fewer. */
export async function readPositionRows(scanner: TextScanner, natoms: number): Promise<Float64Array | undefined> {
  const rows = new TripleRows(natoms);
  const at = [0, 0, 0];
  while (rows.length < natoms) {
    if (!(await scanner.line())) return undefined;
    for (let k = 0; k < 3; k++) {
      const value = scanner.token() ? parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd) : undefined;
      if (value === undefined || !Number.isFinite(value)) {
        scanner.unread();
        return undefined;
      }
      at[k] = value;
    }
    rows.push(at[0], at[1], at[2]);
  }
  return rows.take();
}
