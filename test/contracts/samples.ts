import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { findFormat, rankFormats } from '../../formats/detect.ts';
import type { Format, ReadOptions } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import { ROOT, SHARED } from '../lanes.ts';
import type { Sample } from './read.ts';

const DATA = join(ROOT, 'test', 'data');
/** Larger files make the contract slow and test nothing more. */
const LARGEST = 24 << 10;
/** Companions of the inputs, not inputs. */
const NOT_INPUTS = /^(options\.json|expected.*|README.*|make.*|.*\.(mjs|py|sh|in|log\.txt))$/;

/**
 * The files of test/data by format: detected by content and name, or named by `options.json` beside the file, which also
 * holds the reader options that the file needs: `{"format": "lammps-data", "atomStyle": "charge"}`.
 */
export function samplesByFormat(): Map<Format, Sample[]> {
  const found = new Map<Format, Sample[]>(FORMATS.map((format) => [format, []]));
  for (const path of filesUnder(DATA)) {
    if (NOT_INPUTS.test(basename(path)) || statSync(path).size > LARGEST || /\.(gz|zst)$/.test(path)) continue;
    const { format: named, ...options } = optionsFor(path);
    const bytes = readFileSync(path);
    const ranked = rankFormats(FORMATS, { path, head: bytes });
    const format = named === undefined ? ranked[0]?.format : FORMATS.find((f) => f.name === named);
    if (format?.read && bytes.length > 0)
      found.get(format)?.push({ name: relative(DATA, path), bytes, options: { asRead: true, ...options } });
  }
  return found;
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function optionsFor(path: string): Partial<ReadOptions> & { format?: string } {
  const file = join(dirname(path), 'options.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

interface Entry {
  readonly path: string;
  readonly kind: string;
  readonly format: string;
  readonly bytes: number;
  readonly expected: string;
}

/** The uncompressed files of the corpus up to `largest` bytes, good and bad ones, with the words that they need; none without it. */
export function corpusByFormat(largest: number): Map<Format, Sample[]> {
  const corpus = join(SHARED, 'corpus');
  const found = new Map<Format, Sample[]>();
  if (!existsSync(corpus)) return found;
  const manifest: { entries: Entry[] } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8'));
  for (const entry of manifest.entries) {
    const format = findFormat(FORMATS, entry.format);
    if (entry.kind !== 'file' || entry.bytes > largest || /\.(gz|zst)$/.test(entry.path) || !format?.read) continue;
    const { expected, columns_given: columns } = JSON.parse(readFileSync(join(corpus, entry.expected), 'utf8'));
    const atomStyle = expected?.atom_style_in_file === false ? expected.atom_style : undefined;
    const options = { asRead: true, ...(columns && { columns: columns.split(' ') }), ...(atomStyle && { atomStyle }) };
    const sample = { name: entry.path, bytes: readFileSync(join(corpus, entry.path)), options };
    found.set(format, [...(found.get(format) ?? []), sample]);
  }
  return found;
}
