import { join } from 'node:path';
import { loadPotential } from '../../potentials/load.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';
import type { Labeller } from '../../src/label/labeller.ts';
import { ROOT } from '../lanes.ts';

/** Two rounds on a small silicon crystal, which take seconds. */
export const SMALL_LOOP = `seed: 3
cores: 2
rounds: 2
converged: 0
structures:
  - {name: crystal, element: Si, lattice: diamond, a: 5.47, cells: [1, 1, 2], strain: 0.03, shear: 0.02,
     rattle: [0.02, 0.15], count: 8}
labeller: {potential: [si]}
train: {config: train.yaml, committee: 2, test: 0.2}
explore:
  engine: builtin
  runs:
    - {start: crystal, ensemble: nvt, temperature: [300, 900], steps: 60, timestep: 0.001, every: 10}
select: {lo: 0.02, hi: 0.6, per_round: 6, per_run: 4}
`;

export const SMALL_TRAINING = `cutoff_function: {type: 6}
symmetry_functions:
  - {type: 2, eta: 2, rs: [2.0, 2.5, 3.0, 3.5], rc: 4.5}
  - {type: 3, eta: 0.01, lambda: [-1, 1], zeta: [1], rc: 4.5}
network: {hidden: [5]}
validation: 0.2
epochs: 4
`;

/** The silicon potential of the examples, which plays the part of DFT; `onLabel` may throw in its place. */
export async function teacher(onLabel: (count: number) => void = () => {}): Promise<Labeller> {
  const potential = await loadPotential(join(ROOT, 'examples/silicon/potential'));
  let count = 0;
  return {
    provenance: { labeller: 'silicon potential of the examples' },
    concurrency: 2,
    label: async (frame) => {
      onLabel(++count);
      const { energy, forces, virial } = evaluateFrame(potential, frame);
      return { labels: { energy, forces, virial } };
    },
    close: async () => {},
  };
}
