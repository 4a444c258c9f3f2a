import type { Frame, InfoValue } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { planColumns } from './columns.ts';
import { FrameBuilder } from './dump-frame.ts';
import { readDumpHeader } from './dump-header.ts';
import { readSet } from './file-set.ts';
import { RowTable } from './rows.ts';
import { decodeHead } from './sniff.ts';
import { untilTheEnd } from './text-end.ts';

const FORMAT = 'lammps-dump-local';

/** LAMMPS dump local: rows that are bonds, pairs, grid points, not atoms. */
export const lammpsDumpLocal = {
  name: FORMAT,
  description: 'LAMMPS dump local (rows without atoms: bonds, pairs, …)',
  reference: 'https://docs.lammps.org/dump.html',
  fileNames: [/\.local\.dump$/i, /^dump\.local/i],
  carries: {
    frames: 'many',
    composition: 'any',
    cell: 'any',
    pbc: 'each',
    elements: false,
    velocities: false,
    masses: false,
    charges: false,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: false,
    info: true,
    units: 'LAMMPS unit style of ITEM: UNITS or as given',
  },
  sniff: (head) => {
    if (!/^\s*ITEM: (TIMESTEP|UNITS|TIME)\b/.test(decodeHead(head))) return 0;
    const rows = /^ITEM: NUMBER OF (\S+)/m.exec(decodeHead(head));
    return rows && rows[1] !== 'ATOMS' ? 1 : 0;
  },
  read,
  readPath: (path, options) => readSet(path, options, read),
} as const satisfies Format;

function read(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  return untilTheEnd(steps(scanner, options), scanner, options);
}

/** Frames with box and no atoms; `info.rows` has the label, the number of rows and each column, as read. */
async function* steps(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  const builder = new FrameBuilder(FORMAT, options);
  const noAtoms = { columns: 0, data: new Float64Array(0), words: [], bigs: new Map<number, bigint>() };
  let units: string | undefined;
  for (let frame = 0; ; frame++) {
    scanner.frame = frame;
    const header = await readDumpHeader(scanner, options, units);
    if (!header) return;
    units = header.units;
    if (header.label === 'ATOMS')
      throw scanner.error('expected rows that are no atoms, found "ITEM: ATOMS": read it as lammps-dump');
    const table = new RowTable(header.columns.map(() => 'either' as const));
    await table.read(scanner, header.natoms, 'row');
    const at = { path: options.path, frame, line: header.line };
    const columns = Object.fromEntries(header.columns.map((name, k) => [name, columnOf(table, k)]));
    const rows = { label: header.label, count: header.natoms, columns };
    const step = { ...header, natoms: 0, more: { rows } };
    yield builder.build(step, planColumns([]), noAtoms, { at, row: () => at });
  }
}

function columnOf(table: RowTable, column: number): InfoValue {
  const words = table.words[column];
  return Array.from({ length: table.rows }, (_, row) => {
    const k = row * table.columns + column;
    return words ? words[table.data[k]] : (table.bigs.get(k) ?? table.data[k]);
  });
}
