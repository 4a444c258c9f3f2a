import type { HdnnpModel } from '../../potentials/hdnnp-model.ts';
import { loadPotential } from '../../potentials/load.ts';
import { writeN2p2 } from '../../potentials/trained/n2p2/write.ts';
import { PotentialError } from '../core/errors.ts';
import { evaluateFrame } from '../evaluate/evaluate-structure.ts';
import type { Dataset } from './dataset.ts';
import type { Networks } from './networks.ts';
import { StructurePass } from './structure-pass.ts';

export interface TrainedOutput {
  readonly model: HdnnpModel;
  /** Networks with the weights of the model. */
  readonly networks: Networks;
  readonly dataset: Dataset;
  readonly directory: string;
  /** Further keys of `potential.json`. */
  readonly manifest: Readonly<Record<string, string>>;
  /** Further files of the directory. */
  readonly files: ReadonlyMap<string, string>;
}

/** Structures compared after reading back. */
const COMPARED = 10;
/** Relative to the energy scale of the atoms and to the largest force. */
const TOLERANCE = 1e-12;

/**
 * Writes the n2p2 directory in one step and reads it back: the potential in the files must give the energies and forces that the
 * trainer has. Throws PotentialError when it does not.
 */
export async function writeTrained(output: TrainedOutput): Promise<void> {
  const { model, directory, dataset, networks, manifest, files } = output;
  await writeN2p2(model, directory, {
    comments: ['Trained by nnp-bridge; run.json says how, train.yaml with what settings.'],
    manifest,
    files,
  });
  const potential = await loadPotential(directory, { backend: 'typescript' });
  const pass = new StructurePass(networks);
  const step = Math.max(1, Math.floor(dataset.training.length / COMPARED));
  for (let s = 0; s < dataset.training.length; s += step) {
    const structure = dataset.training[s];
    const read = evaluateFrame(potential, dataset.trainingFrames[s].frame);
    pass.load(structure);
    const forces = new Float64Array(3 * structure.natoms);
    pass.forces(forces);
    let reference = 0;
    for (const e of structure.elements) reference += model.elements[e].energyOffset;
    const energyError = Math.abs(read.energy - (pass.energy + reference)) / (Math.abs(reference) + structure.natoms);
    let largest = 1;
    let forceError = 0;
    for (let k = 0; k < forces.length; k++) {
      largest = Math.max(largest, Math.abs(forces[k]));
      forceError = Math.max(forceError, Math.abs(read.forces[k] - forces[k]));
    }
    if (!(energyError <= TOLERANCE && forceError <= TOLERANCE * largest))
      throw new PotentialError(
        `${directory}: the potential read back differs from the trained one ` +
          `(energy ${energyError.toExponential(1)}, forces ${(forceError / largest).toExponential(1)}, relative)`,
      );
  }
}
