import { FormatError } from '../../core/errors.ts';
import { readBytes } from '../../scan/byte-source.ts';

/** A table with named columns, line by line. */
export interface CsvRow {
  readonly line: number;
  readonly words: readonly string[];
}

export interface CsvHead {
  readonly names: readonly string[];
  /** Comment lines before the head, without their `#`. */
  readonly comments: readonly string[];
}

/** More characters than this in a line are no table. */
const MAX_LINE = 1 << 20;

/** Lines of a text file (also gzip, zstd), with their numbers from 1. Throws FormatError for lines without end. */
export async function* textLines(path: string, format: string): AsyncGenerator<{ line: number; text: string }, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  for await (const chunk of readBytes(path)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() as string;
    for (const text of lines) yield { line: ++line, text: text.endsWith('\r') ? text.slice(0, -1) : text };
    if (rest.length > MAX_LINE)
      throw new FormatError(format, { path, line: line + 1 }, 'expected lines of text, found no end of a line');
  }
  rest += decoder.decode();
  if (rest !== '') yield { line: line + 1, text: rest };
}

/** Rows of a table with a head; lines that begin with # and blank lines are passed over. Throws FormatError for a row of another length. */
export async function* csvRows(path: string, onHead: (head: CsvHead) => void): AsyncGenerator<CsvRow, void> {
  const comments: string[] = [];
  let names: readonly string[] | undefined;
  for await (const { line, text } of textLines(path, 'csv')) {
    if (text.trim() === '') continue;
    if (text.startsWith('#')) {
      comments.push(text.slice(1).trim());
      continue;
    }
    const words = splitRow(text);
    if (!names) {
      names = words;
      onHead({ names, comments });
      continue;
    }
    if (words.length !== names.length)
      throw new FormatError('csv', { path, line }, `expected ${names.length} columns, found ${words.length}`);
    yield { line, words };
  }
  if (!names) throw new FormatError('csv', { path }, 'expected a line with the names of the columns, found none');
}

/** Commas, semicolons or tabs; quotes as in RFC 4180. */
export function splitRow(text: string): string[] {
  const separator = text.includes(',') ? ',' : text.includes(';') ? ';' : '\t';
  if (!text.includes('"')) return text.split(separator).map((word) => word.trim());
  const words: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] === '"') {
      let word = '';
      for (at++; at < text.length; at++) {
        if (text[at] !== '"') word += text[at];
        else if (text[at + 1] === '"') word += text[at++];
        else break;
      }
      words.push(word);
      at = Math.max(at + 1, (text.indexOf(separator, at) + 1 || text.length + 2) as number);
    } else {
      const end = text.indexOf(separator, at);
      words.push(text.slice(at, end < 0 ? undefined : end).trim());
      at = end < 0 ? text.length + 1 : end + 1;
    }
  }
  return words;
}

/** The number in a word. Throws FormatError that names the column. */
export function numberIn(word: string, name: string, at: { readonly path: string; readonly line: number }): number {
  const value = word === '' ? Number.NaN : Number(word);
  if (!Number.isNaN(value)) return value;
  throw new FormatError('csv', at, `expected a number in column ${name}, found "${word}"`);
}
