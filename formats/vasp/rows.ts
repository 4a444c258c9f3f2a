import { numberOf, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';

/** Rows of three numbers that grow with the data read, so that a count in a file cannot allocate memory. */
export class TripleRows {
  length = 0;
  #data: Float64Array;

  constructor(expectedRows: number) {
    this.#data = new Float64Array(3 * Math.min(expectedRows, 4096));
  }

  push(x: number, y: number, z: number): void {
    const at = 3 * this.length++;
    if (at + 3 > this.#data.length) {
      const larger = new Float64Array(Math.max(12, 2 * this.#data.length));
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[at] = x;
    this.#data[at + 1] = y;
    this.#data[at + 2] = z;
  }

  /** The rows, row-major; nothing may be pushed afterwards. */
  take(): Float64Array {
    const length = 3 * this.length;
    return this.#data.length === length ? this.#data : this.#data.slice(0, length);
  }
}

/** Next token of the current line as a finite number. */
export function finite(scanner: TextScanner, what: string): number {
  const value = scanner.number(what);
  if (!Number.isFinite(value))
    throw scanner.error(`expected ${what} (a finite number), found "${scanner.tokenText()}"`);
  return value;
}

/**
 * Three numbers at the beginning of the current line into `out`. Columns without a blank between them
 * (`-10.63265286-0.11227753`) are split by their fixed number of decimals. False when the line does not give three.
 */
export function readTriple(scanner: TextScanner, out: Float64Array, decimals: number): boolean {
  for (let k = 0; k < 3; k++) {
    const value = scanner.token() ? parseNumber(scanner.bytes, scanner.tokenStart, scanner.tokenEnd) : undefined;
    if (value === undefined || !Number.isFinite(value)) return readRunTogether(scanner.text(), out, decimals);
    out[k] = value;
  }
  return true;
}

function readRunTogether(line: string, out: Float64Array, decimals: number): boolean {
  const values = splitByDecimals(line, decimals);
  if (values?.length !== 3) return false;
  out.set(values.map((text) => numberOf(text) ?? Number.NaN));
  return true;
}

/**
 * Texts of Fortran `Fw.d` fields that run together, or overflows (`****`) as they stand; undefined when the line holds
 * something else. A trailing element symbol is left out.
 */
export function splitByDecimals(line: string, decimals: number): string[] | undefined {
  const text = line.trim().replace(/\s+[A-Z][a-z]?$/, '');
  const field = new RegExp(`\\s*([+-]?\\d*\\.\\d{${decimals}}|\\*+)`, 'y');
  const fields: string[] = [];
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match || fields.length === 9) return undefined;
    fields.push(match[1]);
  }
  return fields;
}
