import { readFile, stat } from 'node:fs/promises';
import { FormatError } from '../../../src/core/errors.ts';
import { numberOf } from '../../../src/scan/numbers.ts';

/** Larger than any file of a trained potential; a limit so that a wrong path cannot fill the memory. */
const MAX_BYTES = 256 << 20;

/** Text of a file of the directory. Throws FormatError when it is too large or binary; a missing file throws the system's error. */
export async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_BYTES)
    throw new FormatError('n2p2', { path }, `expected at most ${MAX_BYTES >> 20} MiB, found ${size} bytes`);
  const bytes = await readFile(path);
  const zero = bytes.indexOf(0);
  if (zero !== -1) throw new FormatError('n2p2', { path, byte: zero }, 'expected text, found a zero byte');
  return bytes.toString('utf8');
}

/** Rows of numbers of a table whose comments begin with `#`: words and line number, blank lines left out. */
export function* rowsOf(text: string): Generator<{ line: number; words: string[] }, void> {
  let line = 0;
  for (const row of text.split('\n')) {
    line++;
    const words = row.replace(/#.*$/s, '').split(/\s+/).filter(Boolean);
    if (words.length > 0) yield { line, words };
  }
}

/** A finite number, or FormatError at the line. */
export function finite(word: string | undefined, what: string, at: { path: string; line: number }): number {
  const value = word === undefined ? undefined : numberOf(word);
  if (value === undefined || !Number.isFinite(value))
    throw new FormatError(
      'n2p2',
      at,
      `expected ${what} (a finite number), found ${word === undefined ? 'the end of the line' : `"${word.slice(0, 40)}"`}`,
    );
  return value;
}
