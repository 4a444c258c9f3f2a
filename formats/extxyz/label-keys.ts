import { UsageError } from '../../src/core/errors.ts';

/** Names under which one dialect keeps the labels; the first of each list is the one that is written. */
export interface LabelKeys {
  /** eV; force-consistent unless `freeEnergy` is there too, then extrapolated to zero smearing (ASE). */
  readonly energy: readonly string[];
  /** eV, force-consistent. */
  readonly freeEnergy: readonly string[];
  /** eV/Å, columns R:3. */
  readonly forces: readonly string[];
  /** eV/Å³, tension > 0; 9 numbers row by row, or 6: xx yy zz yz xz xy. */
  readonly stress: readonly string[];
  /** eV, = −stress·V; 9 numbers, or 6 in the same order. */
  readonly virial: readonly string[];
  /** What the writer prefers for the virial. */
  readonly writes: 'stress' | 'virial';
}

/**
 * The tables behind `labelKeys`. Sources: ASE `ase.io.extxyz`; MACE `mace/tools/default_keys`; gap_fit's `*_parameter_name`
 * defaults and the libAtoms `dft_*` names; GPUMD manual, train.xyz; `n2p2`: converted RuNNer sets.
 */
const TABLES: Readonly<Record<string, LabelKeys>> = {
  ase: {
    energy: ['energy'],
    freeEnergy: ['free_energy'],
    forces: ['forces'],
    stress: ['stress'],
    virial: ['virial'],
    writes: 'stress',
  },
  mace: {
    energy: ['REF_energy'],
    freeEnergy: ['REF_free_energy'],
    forces: ['REF_forces'],
    stress: ['REF_stress'],
    virial: ['REF_virials', 'REF_virial'],
    writes: 'stress',
  },
  gap: {
    energy: ['energy', 'dft_energy'],
    freeEnergy: ['free_energy'],
    forces: ['force', 'forces', 'dft_force', 'dft_forces'],
    stress: ['stress', 'dft_stress'],
    virial: ['virial', 'dft_virial'],
    writes: 'virial',
  },
  nep: {
    energy: ['energy'],
    freeEnergy: ['free_energy'],
    forces: ['forces', 'force'],
    stress: ['stress'],
    virial: ['virial'],
    writes: 'virial',
  },
  n2p2: {
    energy: ['energy'],
    freeEnergy: ['free_energy'],
    forces: ['forces'],
    stress: ['stress'],
    virial: ['virial'],
    writes: 'virial',
  },
};

/** Without `labelKeys` every name of the field is tried, the plain ones first. */
const ANY: LabelKeys = {
  energy: ['energy', 'Energy', 'REF_energy', 'ref_energy', 'dft_energy', 'DFT_energy', 'TotEnergy'],
  freeEnergy: ['free_energy', 'REF_free_energy'],
  forces: [
    'forces',
    'force',
    'REF_forces',
    'REF_force',
    'ref_forces',
    'dft_forces',
    'dft_force',
    'DFT_forces',
    'DFT_force',
  ],
  stress: ['stress', 'REF_stress', 'ref_stress', 'dft_stress', 'DFT_stress'],
  virial: ['virial', 'virials', 'REF_virial', 'REF_virials', 'ref_virial', 'dft_virial', 'DFT_virial'],
  writes: 'stress',
};

/** The table of a dialect; all names of the field without one. Throws UsageError for an unknown dialect. */
export function labelKeysOf(dialect: string | undefined): LabelKeys {
  if (dialect === undefined) return ANY;
  const table = TABLES[dialect];
  if (!table)
    throw new UsageError(`label keys "${dialect}" are not known; known are ${Object.keys(TABLES).join(', ')}`);
  return table;
}

/** Every dialect; undefined stands for the table of all names. */
export const LABEL_DIALECTS: readonly (string | undefined)[] = [undefined, ...Object.keys(TABLES)];
