import type { Format } from '../format.ts';
import { DUMP_PARTS } from './dump-parts.ts';
import { readDump } from './dump-read.ts';
import { DUMP_SEQUENCE } from './dump-sequence.ts';
import { writeDump } from './dump-write.ts';
import { readSet } from './file-set.ts';
import { decodeHead } from './sniff.ts';

/** LAMMPS dump in text, styles atom and custom. */
export const lammpsDump = {
  name: 'lammps-dump',
  aliases: ['lammpstrj', 'dump', 'lammps-dump-text'],
  description: 'LAMMPS dump, text (atom, custom)',
  reference: 'https://docs.lammps.org/dump.html',
  fileNames: [/\.lammpstrj$/i, /\.dump$/i, /^dump\./i, /\.dump\./i],
  carries: {
    frames: 'many',
    composition: 'any',
    cell: 'any',
    pbc: 'each',
    elements: true,
    velocities: true,
    masses: true,
    charges: true,
    energy: false,
    energySigma0: false,
    forces: true,
    virial: false,
    arrays: true,
    info: false,
    infoKeys: ['timestep', 'time', 'origin', 'units', 'boundary', 'position_columns'],
    units: 'LAMMPS unit style of ITEM: UNITS or as given',
  },
  sniff: (head) => {
    const text = decodeHead(head);
    if (!/^\s*ITEM: (TIMESTEP|UNITS|TIME)\b/.test(text)) return /^\s*ITEM: /.test(text) ? 0.3 : 0;
    const rows = /^ITEM: NUMBER OF (\S+)/m.exec(text);
    return !rows ? 0.8 : rows[1] === 'ATOMS' ? 1 : 0;
  },
  read: readDump,
  parts: DUMP_PARTS,
  module: import.meta.url,
  sequence: DUMP_SEQUENCE,
  readPath: (path, options) => readSet(path, options, readDump),
  write: writeDump,
} as const satisfies Format;
