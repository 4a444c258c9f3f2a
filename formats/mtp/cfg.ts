import type { Carries, Format } from '../format.ts';
import { readCfg } from './read.ts';
import { writeCfg } from './write.ts';

const carries: Carries = {
  frames: 'many',
  composition: 'any',
  cell: 'any',
  pbc: 'all-or-none',
  elements: false,
  velocities: false,
  masses: false,
  charges: false,
  energy: true,
  energySigma0: false,
  forces: true,
  virial: true,
  arrays: false,
  info: true,
  arrayKeys: ['type'],
  units: 'angstrom, eV; PlusStress is the virial in eV',
};

/** Configurations of the MLIP package (moment tensor potentials). Types are numbers from 0: elements need a type map. */
export const mtpCfg = {
  name: 'mtp-cfg',
  aliases: ['mlip-cfg', 'mtp'],
  description: 'MLIP / MTP configurations (BEGIN_CFG … END_CFG)',
  reference: 'https://gitlab.com/ashapeev/mlip-2-paper-supp-info (mlip-2 manual, "Configuration files")',
  fileNames: [/\.cfgs?$/i],
  carries,
  sniff: (head) => {
    const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 4096)).toString('latin1');
    return /^\s*BEGIN_CFG\s*(\r?\n|$)/.test(text) ? 1 : 0;
  },
  read: readCfg,
  write: writeCfg,
} as const satisfies Format;
