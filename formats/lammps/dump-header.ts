import { parseInteger } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { BOUNDARY_FLAG, type Box, boxFromBounds, boxFromVectors } from './box.ts';
import type { StepHeader } from './dump-frame.ts';
import { isUnitStyle } from './unit-style.ts';

/** The `ITEM:` lines of one step of a text dump, up to the line that names the columns. */
export interface DumpHeader extends StepHeader {
  /** What the rows are: ATOMS, or ENTRIES, PAIRS, … of dump local. */
  readonly label: string;
  readonly columns: readonly string[];
  /** Line of the first ITEM. */
  readonly line: number;
  /** Line of `ITEM: ATOMS`. */
  readonly columnsLine: number;
}

const ITEM = 'ITEM: ';

/** Reads the header of the next step; undefined at the end of the input. Units hold for all later steps of a file. */
export async function readDumpHeader(
  scanner: TextScanner,
  options: ReadOptions,
  units: string | undefined,
): Promise<DumpHeader | undefined> {
  do {
    if (!(await scanner.line())) return undefined;
  } while (scanner.isBlank());
  const line = scanner.lineNumber;
  let style = units;
  let time: number | undefined;
  let timestep: number | bigint | undefined;
  let count: { label: string; natoms: number } | undefined;
  let bounds: { box: Box; boundary?: readonly string[] } | undefined;
  for (;;) {
    const item = itemOf(scanner);
    if (item === 'TIMESTEP') {
      if (timestep !== undefined) reportLostStep(scanner, options, timestep);
      await scanner.need('the time step');
      timestep = timestepOf(scanner);
      count = undefined;
      bounds = undefined;
    } else if (item === 'UNITS') {
      await scanner.need('a unit style');
      if (style !== undefined) options.onChange?.();
      style = styleOf(scanner);
    } else if (item === 'TIME') {
      await scanner.need('the time');
      time = scanner.number('the time');
    } else if (timestep === undefined) throw unexpected(scanner, 'TIMESTEP');
    else if (count === undefined) {
      const label = item?.startsWith('NUMBER OF ') ? item.slice(10).trim() : '';
      if (!label) throw unexpected(scanner, 'NUMBER OF ATOMS');
      await scanner.need('the number of rows');
      count = { label, natoms: countOf(scanner) };
    } else if (bounds === undefined) {
      if (!item?.startsWith('BOX BOUNDS')) throw unexpected(scanner, 'BOX BOUNDS');
      bounds = await readBounds(scanner, item.slice(10).trim().split(/\s+/).filter(Boolean));
    } else {
      const [label, ...columns] = item?.split(/\s+/) ?? [];
      if (label !== count.label) throw unexpected(scanner, count.label);
      return {
        ...count,
        ...bounds,
        timestep,
        ...(time !== undefined && { time }),
        ...(style !== undefined && { units: style }),
        columns: uniqueNames(columns),
        line,
        columnsLine: scanner.lineNumber,
      };
    }
    await scanner.need(`"${ITEM}${nextItem(timestep, count, bounds)}"`);
  }
}

function nextItem(timestep: unknown, count: { label: string } | undefined, bounds: unknown): string {
  if (timestep === undefined) return 'TIMESTEP';
  if (!count) return 'NUMBER OF ATOMS';
  return bounds ? count.label : 'BOX BOUNDS';
}

/** What follows `ITEM: ` in the current line; undefined when it is no such line. */
function itemOf(scanner: TextScanner): string | undefined {
  return scanner.startsWith(ITEM) ? scanner.text().slice(ITEM.length).trim() : undefined;
}

function unexpected(scanner: TextScanner, item: string) {
  return scanner.error(`expected "${ITEM}${item}", found "${scanner.text().slice(0, 60).trim()}"`);
}

function timestepOf(scanner: TextScanner): number | bigint {
  if (!scanner.token()) throw scanner.error('expected the time step, found a blank line');
  const small = parseInteger(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
  const text = scanner.tokenText();
  if (scanner.token()) throw scanner.error(`expected one time step, found "${scanner.text().slice(0, 60).trim()}"`);
  if (small !== undefined) return small;
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text);
  throw scanner.error(`expected the time step (an integer), found "${text.slice(0, 40)}"`);
}

function countOf(scanner: TextScanner): number {
  const natoms = scanner.integer('the number of rows');
  if (natoms < 0) throw scanner.error(`expected a number of rows of 0 or more, found ${natoms}`);
  if (scanner.token()) throw scanner.error(`expected one number, found "${scanner.text().slice(0, 60).trim()}"`);
  return natoms;
}

function styleOf(scanner: TextScanner): string {
  const style = scanner.text().trim();
  if (isUnitStyle(style)) return style;
  throw scanner.error(`expected a LAMMPS unit style (metal, real, lj, …), found "${style.slice(0, 40)}"`);
}

/** The three rows after `ITEM: BOX BOUNDS words`. */
async function readBounds(scanner: TextScanner, words: readonly string[]) {
  const flags = words.slice(-3);
  const hasFlags = flags.length === 3 && flags.every((flag) => BOUNDARY_FLAG.test(flag));
  const kind = words.slice(0, hasFlags ? -3 : words.length).join(' ');
  if (kind !== '' && kind !== 'xy xz yz' && kind !== 'abc origin')
    throw scanner.error(`expected "xy xz yz" or "abc origin" and three flags such as pp, found "${words.join(' ')}"`);
  const rows: number[][] = [];
  for (let k = 0; k < 3; k++) {
    await scanner.need('a row of BOX BOUNDS');
    rows.push(boundsRow(scanner, kind, words.length === 0));
    if (rows[k].length !== rows[0].length)
      throw scanner.error(`expected ${rows[0].length} numbers in a row of BOX BOUNDS, found ${rows[k].length}`);
  }
  const boundary = hasFlags ? { boundary: flags } : {};
  if (kind === 'abc origin') return { box: boxFromVectors(rows), ...boundary };
  const [lo, hi, tilt] = [0, 1, 2].map((k) => rows.map((row) => row[k] ?? 0));
  const box = boxFromBounds(lo, hi, tilt);
  const short = [0, 4, 8].find((k) => box.cell[k] < 0);
  if (short !== undefined)
    throw scanner.error(
      `expected a box with lo <= hi, found an edge of ${box.cell[short]}`,
      scanner.lineNumber - 2 + short / 4,
    );
  return { box, ...boundary };
}

/** Old triclinic dumps have three numbers a row and no words behind BOX BOUNDS. */
function boundsRow(scanner: TextScanner, kind: string, old: boolean): number[] {
  const wanted = kind === 'abc origin' ? 4 : kind === '' ? 2 : 3;
  const row: number[] = [];
  while (row.length < wanted)
    row.push(finite(scanner, `number ${row.length + 1} of ${wanted} of the row of BOX BOUNDS`));
  while (old && row.length < 3 && scanner.token()) {
    scanner.cursor = scanner.tokenStart;
    row.push(finite(scanner, 'a tilt'));
  }
  if (scanner.token())
    throw scanner.error(
      `expected ${wanted} numbers in a row of BOX BOUNDS, found "${scanner.text().slice(0, 60).trim()}"`,
    );
  return row;
}

function finite(scanner: TextScanner, what: string): number {
  const value = scanner.number(what);
  if (!Number.isFinite(value)) throw scanner.error(`expected ${what} to be finite, found ${value}`);
  return value;
}

function reportLostStep(scanner: TextScanner, options: ReadOptions, timestep: number | bigint): void {
  options.onDiagnostic({
    severity: 'warning',
    code: 'step-without-rows',
    message: `time step ${timestep} ends here without its rows (two writers in one file, or a run that was killed)`,
    at: { path: scanner.path, line: scanner.lineNumber },
  });
}

/** A name that stands twice gets `#2`, `#3`, … so that no column is lost. */
function uniqueNames(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    return n === 1 ? name : `${name}#${n}`;
  });
}
