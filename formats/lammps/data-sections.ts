import { parseInteger, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { columnsOfStyle, isIntegerField, styleInComment, stylesFor } from './atom-styles.ts';
import { type DataHeader, isSection, splitComment } from './data-header.ts';

/** Masses and names of the types 1 … ntypes; index 0 is not used. */
export interface TypeTable {
  readonly masses: (number | undefined)[];
  readonly comments: (string | undefined)[];
  /** Type of each type label. */
  readonly labels: Map<string, number>;
}

/** Rows of the Atoms or Velocities section: ids, and the values of each column, in file order. */
export interface DataRows {
  readonly ids: (number | bigint)[];
  readonly names: readonly string[];
  readonly values: number[][];
  /** Line of the first row. */
  readonly line: number;
}

/** `1 15.9994 # O` or, with type labels, `Ow 15.9994`. */
export async function readMasses(scanner: TextScanner, header: DataHeader, types: TypeTable): Promise<void> {
  for (let row = 1; row <= header.ntypes; row++) {
    const { comment } = await nextRow(scanner, `mass ${row} of ${header.ntypes}`);
    scanner.token();
    const type = typeAt(scanner, header, types);
    const mass = scanner.number('the mass');
    if (!(mass > 0 && mass < Number.POSITIVE_INFINITY))
      throw scanner.error(`expected a mass above 0, found "${scanner.tokenText()}"`);
    types.masses[type] = mass;
    types.comments[type] = comment.split(/\s+/)[0] || undefined;
    expectEnd(scanner);
  }
}

/** `1 Ow`. */
export async function readTypeLabels(scanner: TextScanner, header: DataHeader, types: TypeTable): Promise<void> {
  for (let row = 1; row <= header.ntypes; row++) {
    await nextRow(scanner, `type label ${row} of ${header.ntypes}`);
    const type = scanner.integer('the type');
    if (type < 1 || type > header.ntypes)
      throw scanner.error(`expected a type of 1 to ${header.ntypes}, found ${type}`);
    if (!scanner.token()) throw scanner.error('expected a type label, found the end of the line');
    types.labels.set(scanner.tokenText(), type);
    expectEnd(scanner);
  }
}

/** Atoms: the style is the caller's, or that of the comment, or the only one that fits the first row. */
export async function readAtoms(
  scanner: TextScanner,
  header: DataHeader,
  types: TypeTable,
  options: ReadOptions,
): Promise<{ style: string; rows: DataRows; hasImages: boolean }> {
  const { comment } = splitComment(scanner);
  let style = options.atomStyle ?? styleInComment(comment);
  if (options.atomStyle !== undefined && !columnsOfStyle(options.atomStyle))
    throw scanner.error(`expected a known atom style, found "${options.atomStyle}" given`);
  let rows: DataRows | undefined;
  let columns: string[] = [];
  let hasImages = false;
  for (let row = 0; row < header.natoms; row++) {
    await nextRow(scanner, `atom ${row + 1} of ${header.natoms}`);
    if (!rows) {
      const words = scanner.tokens();
      scanner.cursor = scanner.start;
      style ??= inferStyle(scanner, words, options);
      columns = columnsOfStyle(style) as string[];
      hasImages = words.length === columns.length + 3;
      if (hasImages) columns.push('ix', 'iy', 'iz');
      if (words.length !== columns.length)
        throw scanner.error(
          `expected ${columns.length} values (or 3 more, the image flags) of atom style ${style}, found ${words.length}: ` +
            'give the right atom style',
        );
      const names = columns.slice(1);
      rows = { ids: [], names, values: names.map(() => []), line: scanner.lineNumber };
    }
    readRow(scanner, rows, (name) => (name === 'type' ? typeAt(scanner, header, types) : undefined));
  }
  const none = { ids: [], names: [], values: [], line: scanner.lineNumber };
  return { style: style ?? '', rows: rows ?? none, hasImages };
}

/** Velocities: id vx vy vz, and what some styles add. */
export async function readVelocities(scanner: TextScanner, header: DataHeader): Promise<DataRows> {
  let rows: DataRows | undefined;
  for (let row = 0; row < header.natoms; row++) {
    await nextRow(scanner, `velocity ${row + 1} of ${header.natoms}`);
    if (!rows) {
      const count = scanner.tokens().length;
      scanner.cursor = scanner.start;
      if (count < 4) throw scanner.error(`expected 4 values (id vx vy vz), found ${count}`);
      const names = ['vx', 'vy', 'vz', ...Array.from({ length: count - 4 }, (_, k) => `velocity${k + 4}`)];
      rows = { ids: [], names, values: names.map(() => []), line: scanner.lineNumber };
    }
    readRow(scanner, rows, () => undefined);
  }
  return rows ?? { ids: [], names: [], values: [], line: scanner.lineNumber };
}

/** Goes to the line of the next section, which is left for the next read; false at the end. */
export async function toNextSection(scanner: TextScanner): Promise<boolean> {
  while (await scanner.line()) {
    const { text } = splitComment(scanner);
    if (text === '') continue;
    if (!isSection(text, true)) throw scanner.error(`expected the next section, found "${text.slice(0, 60)}"`);
    scanner.unread();
    return true;
  }
  return false;
}

/** Sections with one row for each of what the header counts. */
const COUNTED = ['Bonds', 'Angles', 'Dihedrals', 'Impropers', 'Ellipsoids', 'Lines', 'Triangles'];

/** Sections that the header has rows for and the file, whose sections are `found`, has not. */
export function missingSections(header: DataHeader, found: readonly string[]): string[] {
  return COUNTED.filter((name) => (header.counts.get(name.toLowerCase()) ?? 0) > 0 && !found.includes(name));
}

/** Steps over the rows of a section that is not read, up to the next one; their number must be that of the header. */
export async function skipSection(scanner: TextScanner, name: string, header: DataHeader): Promise<void> {
  const wanted = COUNTED.includes(name) ? header.counts.get(name.toLowerCase()) : undefined;
  let rows = 0;
  while (await scanner.line()) {
    const { text } = splitComment(scanner);
    if (text === '') continue;
    if (isSection(text, false)) {
      if (wanted !== undefined && rows < wanted)
        throw scanner.error(`expected row ${rows + 1} of ${wanted} of ${name}, found the section "${text}"`);
      scanner.unread();
      return;
    }
    if (++rows > (wanted ?? rows))
      throw scanner.error(`expected the next section behind ${wanted} rows of ${name}, found "${text.slice(0, 60)}"`);
  }
  if (wanted !== undefined && rows < wanted) throw scanner.truncated(`row ${rows + 1} of ${wanted} of ${name}`);
}

/** Next line with values; the line ends for the scanner where its comment begins. */
async function nextRow(scanner: TextScanner, what: string): Promise<{ comment: string }> {
  for (;;) {
    await scanner.need(what);
    const hash = scanner.bytes.subarray(scanner.start, scanner.end).indexOf(35);
    const comment = hash < 0 ? '' : splitComment(scanner).comment;
    if (hash >= 0) scanner.end = scanner.start + hash;
    if (scanner.isBlank()) continue;
    if (scanner.bytes[scanner.start] > 64 && isSection(scanner.text().trim().replace(/\s+/g, ' '), false))
      throw scanner.error(`expected ${what}, found the section "${scanner.text().trim()}"`);
    return { comment };
  }
}

function readRow(scanner: TextScanner, rows: DataRows, special: (name: string) => number | undefined): void {
  const { names, values } = rows;
  if (!scanner.token()) throw scanner.error('expected an atom id, found the end of the line');
  rows.ids.push(idAt(scanner));
  for (let c = 0; c < names.length; c++) {
    if (!scanner.token()) throw scanner.error(`expected ${names.length + 1} values, found ${c + 1}`);
    values[c].push(special(names[c]) ?? valueAt(scanner, names[c]));
  }
  expectEnd(scanner);
}

function idAt(scanner: TextScanner): number | bigint {
  const id = parseInteger(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
  if (id !== undefined) return id;
  const text = scanner.tokenText();
  if (/^\d{16,19}$/.test(text) && BigInt(text) < 2n ** 63n) return BigInt(text);
  throw scanner.error(`expected an atom id (an integer), found "${text.slice(0, 40)}"`);
}

function valueAt(scanner: TextScanner, name: string): number {
  const { bytes, tokenStart, tokenEnd } = scanner;
  const isInteger = isIntegerField(name) || name === 'ix' || name === 'iy' || name === 'iz';
  const value = isInteger ? parseInteger(bytes, tokenStart, tokenEnd) : parseNumber(bytes, tokenStart, tokenEnd);
  if (value !== undefined && Number.isFinite(value)) return value;
  throw scanner.error(
    `expected ${name} (${isInteger ? 'an integer' : 'a number'}), found "${scanner.tokenText().slice(0, 40)}"`,
  );
}

/** Type number of the current token, a number or a type label. */
function typeAt(scanner: TextScanner, header: DataHeader, types: TypeTable): number {
  const type =
    parseInteger(scanner.bytes, scanner.tokenStart, scanner.tokenEnd) ?? types.labels.get(scanner.tokenText());
  if (type === undefined) throw scanner.error(`expected an atom type, found "${scanner.tokenText().slice(0, 40)}"`);
  if (type < 1 || type > header.ntypes)
    throw scanner.error(`expected an atom type of 1 to ${header.ntypes}, found ${type}`);
  return type;
}

function expectEnd(scanner: TextScanner): void {
  if (scanner.token()) throw scanner.error(`expected the end of the line, found "${scanner.tokenText().slice(0, 40)}"`);
}

function inferStyle(scanner: TextScanner, words: readonly string[], options: ReadOptions): string {
  const fitting = stylesFor(words);
  const layouts = new Set(fitting.map((style) => columnsOfStyle(style)?.join(' ')));
  if (layouts.size !== 1)
    throw scanner.error(
      `expected the atom style in a comment ("Atoms # full") or given, found a row of ${words.length} values, which can be ` +
        `${fitting.join(', ') || 'of no known style'}: give the atom style`,
    );
  options.onDiagnostic({
    severity: 'info',
    code: 'assumed-atom-style',
    message: `the file does not name its atom style: ${fitting[0]} is the only one that fits its rows`,
    at: { path: scanner.path, line: scanner.lineNumber },
  });
  return fitting[0];
}
