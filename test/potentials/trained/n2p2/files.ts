import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small potential for water as files: 2 functions each, network 2-2-1, in bohr and hartree. */
export const WATER: Readonly<Record<string, string>> = {
  'input.nn': `# a comment
number_of_elements\t2  # tabs and comments
elements O H
atom_energy O -75.0   # after the elements, in another order
atom_energy H -0.5
cutoff_type 1
scale_symmetry_functions   # all of them
scale_min_short 0.0
scale_max_short 1.0
global_hidden_layers_short 1
global_nodes_short 2
global_activation_short t l
epochs 10
use_short_forces
symfunction_short O 3 H H 0.01 -1.0 2.0 8.0
symfunction_short O 2 H 0.1 0.0 8.0
symfunction H 2 O 0.2 0.5 8.0
  symfunction_short H 2 O 0.1 0.0 8.0   # sorted before the line above
`,
  'scaling.data': `# e_index sf_index min max mean sigma
1 1 0.0 2.0 1.0 0.5
1 2 0.1 1.1 0.5 0.2
2 1 0.0 4.0 1.0 0.5
2 2 0.0 0.5 0.1 0.1
`,
  'weights.001.data': `# H
 1.0E-01 a 1 0 1 1 1
 2.0E-01 a 2 0 1 1 2
 3.0E-01 a 3 0 2 1 1
 4.0E-01 a 4 0 2 1 2
 5.0E-01 b 5 1 1
 6.0E-01 b 6 1 2
 7.0E-01 a 7 1 1 2 1
 8.0E-01 a 8 1 2 2 1
 9.0E-01 b 9 2 1
`,
  'weights.008.data': '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
  'potential.json': '{"schema": "nnp-potential/1", "format": "n2p2", "lengthUnit": "bohr", "energyUnit": "hartree"}',
};

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'nnp-bridge-test-'));
}

/** Writes files into a new folder; undefined leaves one out. */
export async function folderOf(files: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) if (text !== undefined) await writeFile(join(folder, name), text);
  return folder;
}
