import { signedVolume } from '../../src/core/cell.ts';
import { parseInteger, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { finite } from './rows.ts';
import { elementOfLabel } from './species.ts';

/** What POSCAR and XDATCAR have in common: comment, scale, lattice, species, counts (VASP wiki, "POSCAR"). */
export interface StructureHeader {
  readonly comment: string;
  /** Rows a, b, c with the scale applied; Å. */
  readonly cell: Float64Array;
  /** Factors of the x, y and z components of Cartesian positions. */
  readonly scale: readonly [number, number, number];
  /** Potential labels of the blocks; null = no species line (VASP 4). */
  readonly labels: readonly string[] | null;
  readonly counts: readonly number[];
  readonly natoms: number;
  /** Line of the species, or of the counts where the file names none. */
  readonly speciesLine: number;
}

/** Reads the header behind its comment line; afterwards its last line of counts is current. */
export async function readStructureHeader(scanner: TextScanner, comment: string): Promise<StructureHeader> {
  await scanner.need('the scale factor');
  const factors = readScale(scanner);
  const lattice = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    await scanner.need(`lattice vector ${row + 1} of 3`);
    for (let k = 0; k < 3; k++) lattice[3 * row + k] = finite(scanner, `component ${k + 1} of a lattice vector`);
  }
  const volume = Math.abs(signedVolume(lattice));
  if (!(volume > 0)) throw scanner.error('expected three lattice vectors that span a volume, found zero volume');
  const scale =
    factors.length === 1 && factors[0] < 0
      ? triple(Math.cbrt(-factors[0] / volume))
      : factors.length === 1
        ? triple(factors[0])
        : ([factors[0], factors[1], factors[2]] as const);
  const cell = lattice.map((value, k) => value * scale[k % 3]);
  if (!(Math.abs(signedVolume(cell)) > 0) || !cell.every(Number.isFinite))
    throw scanner.error('expected a cell of finite volume after scaling');
  return { comment, cell, scale, ...(await readBlocks(scanner)) };
}

const triple = (factor: number): readonly [number, number, number] => [factor, factor, factor];

/** One factor (negative = volume) or three positive ones; text behind them is a comment. */
function readScale(scanner: TextScanner): number[] {
  const factors = [finite(scanner, 'the scale factor')];
  while (factors.length < 3 && scanner.token()) {
    const value = parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
    if (value === undefined) break;
    factors.push(value);
  }
  if (factors.length === 2) throw scanner.error('expected one or three scale factors, found 2');
  if (factors.length === 3 && !factors.every((f) => f > 0 && Number.isFinite(f)))
    throw scanner.error(`expected three positive scale factors, found ${factors.join(' ')}`);
  if (factors[0] === 0) throw scanner.error('expected a scale factor other than 0');
  return factors;
}

/** Species and counts, either wrapped over several lines. */
async function readBlocks(scanner: TextScanner) {
  await scanner.need('the species or the counts');
  const speciesLine = scanner.lineNumber;
  const names: string[] = [];
  let counts = countsOf(scanner);
  while (counts === undefined) {
    const words = wordsOf(scanner);
    // a wrapped line of species begins with an element, or it is already the mode line
    if (!/^[A-Za-z]/.test(words[0] ?? '') || (names.length > 0 && elementOfLabel(words[0]) === 0))
      throw scanner.error(
        `expected ${names.length > 0 ? 'the counts of the species' : 'species or counts'}, found "${words.join(' ').slice(0, 40)}"`,
      );
    names.push(...words);
    if (names.length > 100_000) throw scanner.error('expected the counts of the species');
    await scanner.need('the counts of the species');
    counts = countsOf(scanner);
  }
  const labels = names.length > 0 ? names : null;
  while (labels === null || counts.length < labels.length) {
    const line = scanner.lineNumber;
    const more = (await scanner.line()) ? countsOf(scanner) : undefined;
    if (more) {
      counts.push(...more);
      continue;
    }
    if (scanner.lineNumber > line) scanner.unread();
    break;
  }
  if (labels && labels.length !== counts.length)
    throw scanner.error(`expected ${labels.length} counts for ${labels.join(' ')}, found ${counts.length}`);
  const natoms = counts.reduce((sum, count) => sum + count, 0);
  if (natoms === 0) throw scanner.error('expected at least one atom, found counts of 0');
  if (!Number.isSafeInteger(natoms)) throw scanner.error(`expected counts of atoms, found a sum of ${natoms}`);
  return { labels, counts, natoms, speciesLine };
}

/** Words of the current line up to a comment sign. */
function wordsOf(scanner: TextScanner): string[] {
  scanner.cursor = scanner.start;
  const words: string[] = [];
  while (scanner.token()) {
    const word = scanner.tokenText();
    if (word.startsWith('!') || word.startsWith('#')) break;
    words.push(word);
  }
  return words;
}

/** The current line as counts; undefined when it does not begin with an integer. */
function countsOf(scanner: TextScanner): number[] | undefined {
  const counts: number[] = [];
  scanner.cursor = scanner.start;
  while (scanner.token()) {
    const count = parseInteger(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
    if (count === undefined) {
      if (counts.length === 0) return undefined;
      const word = scanner.tokenText();
      if (word.startsWith('!') || word.startsWith('#')) break;
      throw scanner.error(`expected counts of atoms, found "${word.slice(0, 40)}"`);
    }
    if (count < 0) throw scanner.error(`expected counts of atoms, found ${count}`);
    counts.push(count);
  }
  return counts.length > 0 ? counts : undefined;
}
