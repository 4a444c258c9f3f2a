import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFormat } from '../../formats/detect.ts';
import type { Format } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import { describeLane, SHARED } from '../lanes.ts';
import { formatContract } from './format.ts';
import type { Sample } from './read.ts';

interface Entry {
  readonly path: string;
  readonly kind: string;
  readonly format: string;
  readonly bytes: number;
  readonly expected: string;
}

/** Files up to this size, good and bad ones: the contract is about the reader, not about the file. */
const LARGEST = 6000;

describeLane('corpus', 'the contract on small files of the corpus', () => {
  const corpus = join(SHARED, 'corpus');
  const manifest: { entries: Entry[] } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8'));
  const samples = new Map<Format, Sample[]>();
  for (const entry of manifest.entries) {
    const format = findFormat(FORMATS, entry.format);
    if (entry.kind !== 'file' || entry.bytes > LARGEST || /\.(gz|zst)$/.test(entry.path) || !format?.read) continue;
    const { expected, columns_given: columns } = JSON.parse(readFileSync(join(corpus, entry.expected), 'utf8'));
    const atomStyle = expected?.atom_style_in_file === false ? expected.atom_style : undefined;
    const list = samples.get(format) ?? [];
    samples.set(format, list);
    list.push({
      name: entry.path,
      bytes: readFileSync(join(corpus, entry.path)),
      options: { asRead: true, ...(columns && { columns: columns.split(' ') }), ...(atomStyle && { atomStyle }) },
    });
  }
  for (const [format, list] of samples) formatContract(format, list);
});
