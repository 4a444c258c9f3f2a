import { aseDatabase } from './ase/database.ts';
import { aseTrajectory } from './ase/trajectory.ts';
import { cp2kOutput } from './cp2k/output.ts';
import { deepmdNpy, deepmdRaw } from './deepmd/deepmd.ts';
import { espressoOutput } from './espresso/output.ts';
import { extxyz } from './extxyz/extxyz.ts';
import { store } from './extxyz/store.ts';
import type { Format } from './format.ts';
import { atomeyeCfg } from './lammps/atomeye-cfg.ts';
import { lammpsData } from './lammps/data.ts';
import { lammpsDumpBinary } from './lammps/dump-binary.ts';
import { lammpsDumpLocal } from './lammps/dump-local.ts';
import { lammpsDump } from './lammps/dump-text.ts';
import { lammpsDumpYaml } from './lammps/dump-yaml.ts';
import { mtpCfg } from './mtp/cfg.ts';
import { runner } from './n2p2/input-data.ts';
import { outcar } from './vasp/outcar.ts';
import { poscar } from './vasp/poscar.ts';
import { vasprun } from './vasp/vasprun.ts';
import { xdatcar } from './vasp/xdatcar.ts';

export { type Candidate, detectFormat, findFormat, type InputTraits, rankFormats } from './detect.ts';
export type { Carries, Format, ReadOptions, WriteOptions } from './format.ts';

/** Every format the bridge knows; adding a line is the registration. */
export const FORMATS: readonly Format[] = [
  extxyz,
  store,
  runner,
  deepmdNpy,
  deepmdRaw,
  mtpCfg,
  poscar,
  xdatcar,
  outcar,
  vasprun,
  cp2kOutput,
  espressoOutput,
  lammpsDump,
  lammpsDumpBinary,
  lammpsDumpLocal,
  lammpsDumpYaml,
  atomeyeCfg,
  lammpsData,
  aseTrajectory,
  aseDatabase,
];
