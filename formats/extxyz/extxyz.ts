import { parseNumber } from '../../src/scan/numbers.ts';
import type { Format } from '../format.ts';
import { XYZ_PARTS } from './parts.ts';
import { readExtxyz } from './read.ts';
import { XYZ_SEQUENCE } from './sequence.ts';
import { writeExtxyz } from './write.ts';

/** Extended xyz, and plain xyz as its special case. */
export const extxyz = {
  name: 'extxyz',
  aliases: ['xyz'],
  description: 'extended xyz (ASE, MACE, GAP, GPUMD, LAMMPS dump xyz/extxyz, i-PI, CP2K), and plain xyz',
  reference: 'https://github.com/libAtoms/extxyz',
  fileNames: [/\.(ext|ex)?xyz$/i],
  carries: {
    frames: 'many',
    composition: 'any',
    cell: 'any',
    pbc: 'each',
    elements: true,
    velocities: true,
    masses: true,
    charges: true,
    energy: true,
    energySigma0: true,
    forces: true,
    virial: true,
    arrays: true,
    info: true,
    units: 'angstrom, eV (other units where keys or --units say so)',
  },
  sniff: sniffXyz,
  read: readExtxyz,
  parts: XYZ_PARTS,
  module: import.meta.url,
  sequence: XYZ_SEQUENCE,
  write: writeExtxyz,
} as const satisfies Format;

/** A count line, a comment, and rows that begin with a species and three numbers, or a declared `Properties`. */
function sniffXyz(head: Uint8Array): number {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 65536)).toString('latin1');
  const [count, comment, row] = text.split(/\r?\n/, 3);
  if (!/^\s*\d+\s*$/.test(count) || comment === undefined) return 0;
  if (/(^|\s)Properties\s*=\s*["']?\w+:[RISL]:\d/.test(comment)) return 1;
  const fields = (row ?? '').trim().split(/\s+/);
  const isNumber = (word: string) => parseNumber(Buffer.from(word), 0, word.length) !== undefined;
  if (fields.length >= 4 && /^[A-Za-z]|^\d+$/.test(fields[0]) && fields.slice(1, 4).every(isNumber)) return 0.9;
  if (/Lattice\s*=\s*["']/.test(comment)) return 0.8;
  return Number(count) === 0 && text.trim() === count.trim() ? 0.2 : 0;
}
