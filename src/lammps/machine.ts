import { spawnSync } from 'node:child_process';
import { ProjectError } from '../core/errors.ts';
import { type BuildOptions, buildPairStyle } from './build.ts';
import { findLammps, type LammpsInstallation, loadRoute } from './installation.ts';

/** Something that is there, or one sentence that says why it is not. */
type Found<T> =
  | { readonly value: T; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** What the routes into LAMMPS may need, as found on this machine. */
export interface Machine {
  readonly lammps: Found<LammpsInstallation>;
  /** nnpplugin.so, and a LAMMPS that can load it. */
  readonly library: Found<string>;
  /** `Python 3.11.2` of the python3 in PATH. */
  readonly python: Found<string>;
}

/** Looks for LAMMPS, compiles the pair styles for it, and looks for Python. Every wait has a deadline. */
export async function lookAround(lmp: string, build: BuildOptions = {}): Promise<Machine> {
  const lammps = await attempt(async () => findLammps(lmp));
  const library = await attempt(async () => {
    if (!lammps.value) return undefined;
    loadRoute(lammps.value);
    return buildPairStyle(lammps.value, build);
  });
  const python = spawnSync('python3', ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return {
    lammps: lammps.value ? { value: lammps.value } : { problem: lammps.problem ?? 'no LAMMPS' },
    library: library.value ? { value: library.value } : { problem: library.problem ?? 'no LAMMPS to load it' },
    python: python.status === 0 ? { value: python.stdout.trim() } : { problem: 'no python3 in PATH' },
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<{ value?: T; problem?: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    return { problem: error.message };
  }
}
