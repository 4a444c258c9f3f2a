import type { Carries, Format } from '../format.ts';
import { PER_ATOM } from './quantities.ts';
import { readDeepmdNpy } from './read-npy.ts';
import { readDeepmdRaw } from './read-raw.ts';
import { writeDeepmd } from './write.ts';

const carries: Carries = {
  frames: 'many',
  composition: 'any',
  cell: 'any',
  pbc: 'all-or-none',
  elements: true,
  velocities: false,
  masses: false,
  charges: false,
  energy: true,
  energySigma0: false,
  forces: true,
  virial: true,
  arrays: false,
  info: true,
  arrayKeys: [...PER_ATOM],
  units: 'angstrom, eV',
};
const REFERENCE = 'https://docs.deepmodeling.com/projects/deepmd/en/stable/data/system.html';

/** DeePMD-kit systems: a folder with `type.raw` and `set.*` folders of `.npy` files. */
export const deepmdNpy = {
  name: 'deepmd-npy',
  aliases: ['deepmd'],
  description: 'DeePMD-kit system (folder; type.raw, set.*/*.npy), mixed type too',
  reference: REFERENCE,
  fileNames: [],
  carries,
  sniff: () => 0,
  sniffFolder: (entries) => (entries.some((e) => e.startsWith('set.')) ? (entries.includes('type.raw') ? 1 : 0.6) : 0),
  readPath: readDeepmdNpy,
  writePath: (frames, path, options) => writeDeepmd(frames, path, { ...options, storage: 'npy' }),
} as const satisfies Format;

/** The text form of the same: one line a frame in `coord.raw`, `box.raw`, `energy.raw`, `force.raw`, `virial.raw`. */
export const deepmdRaw = {
  name: 'deepmd-raw',
  description: 'DeePMD-kit system in text (folder; type.raw, coord.raw, box.raw, …)',
  reference: REFERENCE,
  fileNames: [],
  carries,
  sniff: () => 0,
  sniffFolder: (entries) => (entries.includes('coord.raw') ? (entries.includes('type.raw') ? 0.9 : 0.5) : 0),
  readPath: readDeepmdRaw,
  writePath: (frames, path, options) => writeDeepmd(frames, path, { ...options, storage: 'raw' }),
} as const satisfies Format;
