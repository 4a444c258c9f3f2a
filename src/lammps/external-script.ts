import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../core/errors.ts';
import { packageRoot } from '../core/package-root.ts';
import type { LammpsInstallation } from './installation.ts';

/**
 * The include file of the route without a compiler: `fix external` with a callback in LAMMPS' own Python (PYTHON package, numpy,
 * the `lammps` module), for a server at `address`. `elements` are those of the atom types 1, 2, … Every setting is an index
 * variable, so that the input script or `-var` can set it before. Throws UsageError for an address that cannot be written there.
 */
export async function externalText(address: string, elements: readonly string[]): Promise<string> {
  if (/["'\\\s$#&]/.test(address)) {
    throw new UsageError(`an address in a LAMMPS input script cannot hold quotes, blanks or $#&: ${address}`);
  }
  const python = await readFile(join(packageRoot(), 'lammps-scripts', 'python', 'fix_external.py'), 'utf8');
  return `# Forces of nnp-bridge by fix external. Include it where the pair style is set, and again after "clear"; ids must be 1 to N.
# The energy is in pe through the fix: a minimization or a new run needs nothing else.
variable nnp_server index ${address}
# one element per atom type
variable nnp_elements index "${elements.join(' ')}"
# seconds: for an answer, for the server to listen
variable nnp_timeout index 60
variable nnp_wait index 10
variable nnp_token_file index none
pair_style zero 1.0 nocoeff
pair_coeff * *
fix nnp all external pf/callback 1 1
fix_modify nnp energy yes virial yes
python nnp_attach input 6 SELF v_nnp_server v_nnp_elements v_nnp_timeout v_nnp_wait v_nnp_token_file format pssffs here """
${python.trimEnd()}
"""
python nnp_attach invoke
`;
}

/** Why `fix external` cannot be used with this LAMMPS: asks its own Python, which need not be the one in PATH; undefined = it can. */
export function externalProblem({ path, packages }: LammpsInstallation): string | undefined {
  if (!packages.includes('PYTHON')) return 'this LAMMPS has no package PYTHON';
  const asked = spawnSync(path, ['-log', 'none'], {
    input: 'python nnp_probe here """\nimport numpy, lammps\ndef nnp_probe():\n    pass\n"""\n',
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
    timeout: 30_000,
  });
  if (asked.status === 0) return undefined;
  return 'its Python cannot import numpy and lammps (Debian: apt-get install python3-numpy python3-lammps)';
}
