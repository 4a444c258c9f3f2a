import type { Frame } from '../core/frame.ts';

/** Where formats keep the number of the MD or ionic step: dumps, LAMMPS dump extxyz, ASE, XDATCAR, OUTCAR. */
const KEYS = ['timestep', 'Timestep', 'step', 'configuration', 'ionic_step'];

/** MD step of a frame, where its file says so. */
export function stepOf(frame: Frame): number | undefined {
  for (const key of KEYS) {
    const value = frame.info[key];
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  }
  return undefined;
}
