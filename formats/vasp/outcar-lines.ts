import { numberOf, parseInteger, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { splitByDecimals } from './rows.ts';

const STAR = 42;
const BLANK = 32;
const DASH = 45;
const ZERO = 48;
const NINE = 57;
const EQUALS = 61;
const OPEN = 40;
const CLOSE = 41;

/** Six numbers of `in kB` (F12.5, 4.6: F12.2), kbar; undefined when one is missing (`****`). */
export function readStress(scanner: TextScanner): number[] | undefined {
  scanner.token(); // in
  scanner.token(); // kB
  const values: number[] = [];
  while (scanner.token()) {
    const value = parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd);
    if (value === undefined || !Number.isFinite(value)) return readRunTogether(scanner.text());
    values.push(value);
  }
  return values.length === 6 ? values : readRunTogether(scanner.text());
}

function readRunTogether(line: string): number[] | undefined {
  const text = line.replace(/^\s*in kB/, '');
  const fields = splitByDecimals(text, 5) ?? splitByDecimals(text, 2) ?? [];
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

/** N and M of `----- Iteration    N(   M)  -----` into `out`; false when they are not numbers. */
export function readIteration(scanner: TextScanner, out: Float64Array): boolean {
  const { bytes, end } = scanner;
  let at = scanner.start;
  while (at < end && (bytes[at] === BLANK || bytes[at] === DASH)) at++;
  at += 'Iteration'.length;
  for (let k = 0; k < 2; k++) {
    while (at < end && bytes[at] === BLANK) at++;
    const from = at;
    while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) at++;
    const value = parseInteger(bytes, from, at);
    if (value === undefined || bytes[at] !== (k === 0 ? OPEN : CLOSE)) return false;
    out[k] = value;
    at++;
  }
  return true;
}

/** Values of ` number of electron  8.0 magnetization  2.5`: one or three; undefined when there are none. */
export function readMagnetization(scanner: TextScanner): number[] | undefined {
  let last = scanner.end - 1;
  while (last > scanner.start && scanner.bytes[last] <= BLANK) last--;
  if (scanner.bytes[last] > NINE) return undefined; // `magnetization` is the last word, as in most files
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

/** Whether the current line has these ASCII letters somewhere. */
export function lineHas(scanner: TextScanner, ascii: string): boolean {
  const first = ascii.charCodeAt(0);
  for (let k = scanner.start; k + ascii.length <= scanner.end; k++)
    if (scanner.bytes[k] === first && scanner.startsWith(ascii, k - scanner.start)) return true;
  return false;
}
