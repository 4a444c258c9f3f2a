import { numberOf, parseInteger, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { splitByDecimals } from './rows.ts';

const STAR = 42;
const EQUALS = 61;
const OPEN = 40;
const CLOSE = 41;

/** Six numbers of `in kB` (F12.5, 4.6: F12.2), kbar; undefined when one is missing (`****`). */
export function readStress(scanner: TextScanner): number[] | undefined {
  const text = scanner.text().replace(/^\s*in kB/, '');
  const words = text.trim().split(/\s+/);
  const fields = words.length === 6 ? words : (splitByDecimals(text, 5) ?? splitByDecimals(text, 2) ?? []);
  const values = fields.map((field) => numberOf(field) ?? Number.NaN);
  return values.length === 6 && values.every(Number.isFinite) ? values : undefined;
}

/** The number behind the `nth` equals sign of the current line; undefined when there is none, NaN for `****`. */
export function numberBehindEquals(scanner: TextScanner, nth: number): number | undefined {
  let left = nth;
  for (let k = scanner.start; k < scanner.end; k++) {
    if (scanner.bytes[k] !== EQUALS || --left > 0) continue;
    scanner.cursor = k + 1;
    if (!scanner.token()) return undefined;
    const { bytes, tokenStart, tokenEnd } = scanner;
    if (bytes[tokenStart] === STAR) return Number.NaN;
    const value = parseNumber(bytes, tokenStart, tokenEnd);
    return value === undefined || Number.isFinite(value) ? value : Number.NaN;
  }
  return undefined;
}

/** N and M of `----- Iteration    N(   M)  -----`; undefined when they are not numbers. */
export function readIteration(scanner: TextScanner): [number, number] | undefined {
  const { bytes, end } = scanner;
  scanner.token(); // the ruler
  scanner.token(); // Iteration
  const open = bytes.indexOf(OPEN, scanner.cursor);
  const close = open < 0 ? -1 : bytes.indexOf(CLOSE, open);
  if (close < 0 || close >= end) return undefined;
  const ionic = integerWithin(scanner, scanner.cursor, open);
  const steps = integerWithin(scanner, open + 1, close);
  return ionic === undefined || steps === undefined ? undefined : [ionic, steps];
}

function integerWithin({ bytes }: TextScanner, start: number, end: number): number | undefined {
  let from = start;
  let to = end;
  while (from < to && bytes[from] <= 32) from++;
  while (to > from && bytes[to - 1] <= 32) to--;
  return parseInteger(bytes, from, to);
}

/** Values of ` number of electron  8.0 magnetization  2.5`: one or three; undefined when there are none. */
export function readMagnetization(scanner: TextScanner): number[] | undefined {
  for (let k = 0; k < 5; k++) if (!scanner.token()) return undefined;
  let values: number[] | undefined;
  while (scanner.token()) {
    const value = parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
    if (value === undefined || !Number.isFinite(value)) return undefined;
    values ??= [];
    values.push(value);
  }
  return values;
}
