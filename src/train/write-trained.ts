import { Hdnnp } from '../../potentials/hdnnp.ts';
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
/** Trainer and potential sum the same terms in another order: relative to the energies of the atoms and to the largest force. */
const ENERGY_TOLERANCE = 1e-12;
const FORCE_TOLERANCE = 1e-10;

/**
 * Writes the n2p2 directory in one step and reads it back: the potential in the files must be the trained one to the last bit, and
 * its energies and forces those of the trainer up to rounding. Throws PotentialError when they are not.
 */
export async function writeTrained({
  model,
  directory,
  dataset,
  networks,
  manifest,
  files,
}: TrainedOutput): Promise<void> {
  await writeN2p2(model, directory, {
    comments: ['Trained by nnp-bridge; run.json says how, train.yaml with what settings.'],
    manifest,
    files,
  });
  const written = await loadPotential(directory, { backend: 'typescript' });
  const trained = new Hdnnp(model);
  const pass = new StructurePass(networks);
  const step = Math.max(1, Math.floor(dataset.training.length / COMPARED));
  for (let s = 0; s < dataset.training.length; s += step) {
    const structure = dataset.training[s];
    const { frame } = dataset.trainingFrames[s];
    const read = evaluateFrame(written, frame);
    const kept = evaluateFrame(trained, frame);
    if (read.energy !== kept.energy || read.forces.some((f, k) => f !== kept.forces[k]))
      throw new PotentialError(`${directory}: the files do not hold the trained potential exactly`);
    pass.load(structure);
    const forces = new Float64Array(3 * structure.natoms);
    pass.forces(forces);
    let reference = 0;
    for (const e of structure.elements) reference += model.elements[e].energyOffset;
    const energyError = Math.abs(read.energy - (pass.energy + reference)) / (Math.abs(reference) + structure.natoms);
    const largest = read.forces.reduce((max, f) => Math.max(max, Math.abs(f)), 1);
    const forceError = forces.reduce((max, f, k) => Math.max(max, Math.abs(f - read.forces[k])), 0) / largest;
    if (!(energyError <= ENERGY_TOLERANCE && forceError <= FORCE_TOLERANCE))
      throw new PotentialError(
        `${directory}: the written potential differs from what the trainer computes ` +
          `(energy ${energyError.toExponential(1)}, forces ${forceError.toExponential(1)}, relative)`,
      );
  }
}
