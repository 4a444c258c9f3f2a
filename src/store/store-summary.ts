import { type Table, tableText } from '../report/page.ts';
import { type IndexRow, openIndex } from './frame-index.ts';
import { readManifest } from './manifest.ts';
import { rowsWhere } from './stored-frames.ts';

interface Range {
  readonly min: number | null;
  readonly max: number | null;
}
type Counts = readonly { readonly value: string | null; readonly frames: number }[];

export interface StoreSummary {
  readonly folder: string;
  readonly created: string;
  readonly shards: number;
  readonly frames: number;
  readonly natoms: Range;
  /** eV. */
  readonly energyPerAtom: Range;
  /** eV/Å. */
  readonly maxForce: Range;
  /** eV/Å. */
  readonly disagreement: Range;
  readonly formulas: Counts;
  readonly labellers: Counts;
  readonly configTypes: Counts;
  readonly sources: Counts;
}

/** Different values that are listed. */
const LISTED = 12;

/** What a store holds, by its index. Throws StoreError. */
export async function summarizeStore(folder: string): Promise<StoreSummary> {
  const index = await openIndex(folder);
  try {
    const manifest = await readManifest(folder);
    return {
      folder,
      created: manifest?.created ?? '',
      shards: manifest?.shards.length ?? 0,
      frames: index.size(),
      natoms: index.range('natoms'),
      energyPerAtom: index.range('energy_per_atom'),
      maxForce: index.range('max_force'),
      disagreement: index.range('disagreement'),
      formulas: index.counts('formula', LISTED),
      labellers: index.counts('labeller', LISTED),
      configTypes: index.counts('config_type', LISTED),
      sources: index.counts('source', LISTED),
    };
  } finally {
    index.close();
  }
}

export function summaryText(summary: StoreSummary): string {
  const { folder, frames, shards, created } = summary;
  const ranges: Table = {
    head: ['', 'least', 'most'],
    rows: [
      ['atoms', ...rangeCells(summary.natoms, 0)],
      ['energy / eV/atom', ...rangeCells(summary.energyPerAtom, 6)],
      ['largest force / eV/A', ...rangeCells(summary.maxForce, 4)],
      ['disagreement / eV/A', ...rangeCells(summary.disagreement, 4)],
    ],
  };
  const lists: [string, Counts][] = [
    ['formula', summary.formulas],
    ['labeller', summary.labellers],
    ['config_type', summary.configTypes],
    ['source', summary.sources],
  ];
  const tables = lists
    .filter(([, counts]) => counts.some(({ value }) => value !== null))
    .map(([name, counts]) =>
      tableText({ head: [name, 'frames'], rows: counts.map((c) => [c.value ?? '-', c.frames]) }),
    );
  return `${[`${folder}: ${frames} frames in ${shards} shard${shards === 1 ? '' : 's'}, since ${created}`, tableText(ranges), ...tables].join('\n\n')}\n`;
}

function rangeCells({ min, max }: Range, decimals: number): string[] {
  return [min, max].map((x) => (x === null ? '-' : x.toFixed(decimals)));
}

interface QueryRequest {
  readonly store: string;
  readonly where?: string;
  readonly limit?: number;
  readonly json: boolean;
  readonly print: (text: string) => Promise<void>;
}

/** Rows at a time, so that a long table needs little memory. */
const BLOCK = 1000;
const HEAD = [
  'id'.padEnd(16),
  'formula'.padEnd(14),
  'eV/atom'.padStart(12),
  'max|F| eV/A'.padStart(12),
  'dev eV/A'.padStart(10),
  'source',
].join('  ');

/** Prints the rows of the frames that a filter takes. Throws StoreError, UsageError. */
export async function queryStore({ store, where, limit, json, print }: QueryRequest): Promise<void> {
  const rows = await rowsWhere(store, where, limit);
  if (!json) await print(`${HEAD}\n`);
  for (let k = 0; k < rows.length; k += BLOCK) {
    const block = rows.slice(k, k + BLOCK);
    await print(`${block.map((row) => (json ? JSON.stringify(row) : rowText(row))).join('\n')}\n`);
  }
  if (!json) await print(`${rows.length} frames\n`);
}

function rowText(row: IndexRow): string {
  const number = (x: number | null, decimals: number, width: number) =>
    (x === null ? '-' : x.toFixed(decimals)).padStart(width);
  return [
    row.id.slice(0, 16),
    row.formula.padEnd(14),
    number(row.energy_per_atom, 6, 12),
    number(row.max_force, 4, 12),
    number(row.disagreement, 4, 10),
    row.source ?? '-',
  ].join('  ');
}
