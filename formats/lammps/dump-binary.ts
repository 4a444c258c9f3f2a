import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { BinaryReader } from '../../src/scan/binary-reader.ts';
import type { Format, ReadOptions } from '../format.ts';
import { type ColumnPlan, planColumns } from './columns.ts';
import { type BinaryHeader, looksOld, readBinaryHeader, readCount, readDoubles } from './dump-binary-header.ts';
import { writeBinaryDump } from './dump-binary-write.ts';
import { FrameBuilder } from './dump-frame.ts';
import { lammpsDump } from './dump-text.ts';
import { readSet } from './file-set.ts';

const FORMAT = 'lammps-dump-binary';

/** LAMMPS binary dump, layouts before 2020 (no magic text), revisions 1 and 2, both byte orders. */
export const lammpsDumpBinary = {
  name: FORMAT,
  description: 'LAMMPS dump, binary (atom, custom)',
  reference: 'https://docs.lammps.org/dump.html',
  fileNames: [/\.bin$/i, /\.lammpsbin$/i],
  carries: { ...lammpsDump.carries, elements: false, units: 'LAMMPS unit style in the file or as given' },
  sniff: (head) => {
    const magic = Buffer.from(head.subarray(8, 12)).toString('latin1');
    if (magic === 'DUMP' && (head[0] === 255 || head[7] === 255 || head[0] > 127 || head[7] > 127)) return 1;
    return looksOld(head, 'little') || looksOld(head, 'big') ? 0.6 : 0;
  },
  read: readBinaryDump,
  readPath: (path, options) => readSet(path, options, readBinaryDump),
  write: writeBinaryDump,
} as const satisfies Format;

/** Frames of a binary dump. Files before revision 2 have no column names: `options.columns` must give them. */
async function* readBinaryDump(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const reader = new BinaryReader(source, options.path, FORMAT);
  const builder = new FrameBuilder(FORMAT, options);
  let units: string | undefined;
  let layout: { key: string; plan: ColumnPlan } | undefined;
  try {
    for (let frame = 0; ; frame++) {
      reader.frame = frame;
      const at = reader.at();
      const header = await readBinaryHeader(reader, units);
      if (!header && frame > 0) return;
      if (!header) throw new TruncatedError(FORMAT, at, 'expected a frame, found the end of the file');
      units = header.units;
      const names = columnNames(reader, header, options);
      const key = names.join(' ');
      if (layout?.key !== key) layout = { key, plan: planOf(reader, names) };
      const data = await readRows(reader, header);
      const rows = { columns: header.columns, data, words: [], bigs: new Map<number, bigint>() };
      yield builder.build(header, layout.plan, rows, { at, row: () => at });
    }
  } catch (error) {
    if (options.strict || !(error instanceof TruncatedError)) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.found, at: error.at });
  } finally {
    await reader.close();
  }
}

function columnNames(reader: BinaryReader, header: BinaryHeader, options: ReadOptions): readonly string[] {
  if (header.names) return header.names;
  const { columns } = options;
  if (columns?.length === header.columns) return columns;
  throw reader.error(
    `expected the names of ${header.columns} columns, which this old file does not have, found ${columns?.length ?? 'none'} given: ` +
      'give them, for example "id type x y z"',
  );
}

function planOf(reader: BinaryReader, names: readonly string[]): ColumnPlan {
  const plan = planColumns(names);
  if (plan.position) return plan;
  throw reader.error(`expected position columns (x y z, xu yu zu, xs ys zs, xsu ysu zsu), found "${names.join(' ')}"`);
}

/** The doubles of all chunks, one chunk a process. Their lengths must add up to atoms times columns. */
async function readRows(reader: BinaryReader, header: BinaryHeader): Promise<Float64Array> {
  const { order, columns, natoms, chunks } = header;
  const pieces: Float64Array[] = [];
  let left = natoms * columns;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const at = reader.offset;
    const length = await readCount(reader, order, 'values of a chunk', Number.MAX_SAFE_INTEGER);
    if (length > left || length % columns !== 0)
      throw reader.error(`expected a chunk of up to ${left} values in rows of ${columns}, found ${length}`, at);
    if (length > 0) pieces.push(readDoubles(await reader.take(8 * length, 'the rows of a chunk'), length, order));
    left -= length;
  }
  if (left !== 0) throw reader.error(`expected ${natoms} rows, found ${natoms - left / columns} in ${chunks} chunks`);
  if (pieces.length === 1) return pieces[0];
  const all = new Float64Array(natoms * columns);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
