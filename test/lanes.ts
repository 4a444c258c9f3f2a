import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

/** The checkout; the corpus, potentials and data sets lie beside it in `../shared`. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
export const SHARED = join(ROOT, '..', 'shared');

/** The browser of lane `chromium`. */
export const CHROMIUM = process.env['CHROMIUM'] ?? 'chromium';

/** Which lanes must run: `NNP_REQUIRE_LANES=all` or a comma list; CI sets `all`. */
const required = new Set((process.env['NNP_REQUIRE_LANES'] ?? '').split(',').filter(Boolean));

const runs = (command: string, ...args: string[]) => {
  const done = spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 });
  return !done.error && done.status === 0;
};

/** Why a lane cannot run here; undefined = it can. */
const MISSING: Record<string, () => string | undefined> = {
  corpus: () => (existsSync(SHARED) ? undefined : `${SHARED} is not there`),
  lammps: () => {
    if (!runs('lmp', '-h'))
      return 'lmp is not installed (Debian: apt-get install lammps liblammps-dev openmpi-bin libopenmpi-dev g++)';
    return runs('mpicxx', '--version') ? undefined : 'no mpicxx (Debian: apt-get install libopenmpi-dev g++)';
  },
  ase: () =>
    runs('/usr/bin/python3', '-c', 'import ase')
      ? undefined
      : 'ASE is not installed (Debian: apt-get install python3-ase)',
  pymatgen: () =>
    runs('/usr/bin/python3', '-c', 'import pymatgen.core')
      ? undefined
      : 'pymatgen is not installed (Debian: apt-get install python3-pymatgen)',
  mdanalysis: () =>
    runs('/usr/bin/python3', '-W', 'ignore', '-c', 'import MDAnalysis')
      ? undefined
      : 'MDAnalysis is not installed (Debian: apt-get install python3-mdanalysis)',
  clang: () =>
    runs('clang++-19', '--version')
      ? undefined
      : 'clang 19, which made hdnnp.wasm, is not installed (Debian: apt-get install clang-19 lld-19)',
  cp2k: () =>
    runs('cp2k.psmp', '--version') ? undefined : 'CP2K is not installed (Debian: apt-get install cp2k cp2k-data)',
  espresso: () =>
    existsSync('/usr/share/espresso/pseudo') && runs('sh', '-c', 'command -v pw.x')
      ? undefined
      : 'pw.x is not installed (Debian: apt-get install quantum-espresso quantum-espresso-data)',
  slurm: () =>
    process.getuid?.() === 0 && runs('sh', '-c', 'command -v slurmctld slurmd munged sbatch')
      ? undefined
      : 'SLURM is not installed, or this is not root (Debian: apt-get install slurm-wlm munge)',
  chromium: () =>
    runs(CHROMIUM, '--version') ? undefined : 'chromium is not installed (Debian: apt-get install chromium)',
};

/** Like `describe`, for tests that need something outside: skipped with a printed reason, or failing where CI requires the lane. */
export function describeLane(
  lane: 'corpus' | 'lammps' | 'ase' | 'pymatgen' | 'mdanalysis' | 'clang' | 'chromium' | 'cp2k' | 'espresso' | 'slurm',
  name: string,
  body: () => void,
): void {
  const reason = MISSING[lane]();
  if (reason === undefined) return void describe(name, body);
  if (required.has('all') || required.has(lane)) {
    test(`${name} (lane ${lane} is required)`, () => {
      throw new Error(`lane ${lane} cannot run: ${reason}`);
    });
    return;
  }
  console.warn(`lane ${lane} skipped: ${reason}: ${name}`);
  // The body is not run: it may read at once what is missing here.
  test.skip(`${name} (lane ${lane}: ${reason})`, () => {});
}
