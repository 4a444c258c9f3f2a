import type { Format } from '../format.ts';
import { readData } from './data-read.ts';
import { writeData } from './data-write.ts';
import { decodeHead } from './sniff.ts';

/** LAMMPS data file, as read_data reads and write_data writes it. */
export const lammpsData = {
  name: 'lammps-data',
  aliases: ['data'],
  description: 'LAMMPS data file',
  reference: 'https://docs.lammps.org/read_data.html',
  fileNames: [/\.data$/i, /^data\./i, /\.lmp$/i, /\.lammps$/i],
  carries: {
    frames: 'one',
    composition: 'any',
    cell: 'restricted-triclinic',
    pbc: 'always',
    elements: true,
    velocities: true,
    masses: true,
    charges: true,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: false,
    info: false,
    arrayKeys: ['id', 'type', 'mol', 'ix', 'iy', 'iz'],
    infoKeys: ['timestep', 'origin', 'units', 'atom_style'],
    units: 'LAMMPS unit style as given (not in the file)',
  },
  sniff: (head) => {
    const text = decodeHead(head);
    if (!/^[ \t]*\d+[ \t]+atoms[ \t]*(#.*)?$/m.test(text)) return 0;
    return /^\s*\S+[ \t]+\S+[ \t]+xlo[ \t]+xhi|[ \t]avec\b/m.test(text) ? 0.95 : 0.6;
  },
  read: readData,
  write: writeData,
} as const satisfies Format;
