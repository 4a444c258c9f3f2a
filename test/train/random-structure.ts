import { seededRandom } from '../../src/core/random.ts';
import type { TrainingStructure } from '../../src/train/training-structure.ts';

/**
 * A structure with random inputs, derivatives and labels: what gradients and optimisers see, without any chemistry. Atoms alternate
 * between elements; every center has blocks of itself and of some others, each of a part of the inputs.
 */
export function randomStructure(natoms: number, inputs: readonly number[], seed: number): TrainingStructure {
  const random = seededRandom(seed);
  const number = () => 2 * random() - 1;
  const elements = Uint8Array.from({ length: natoms }, (_, i) => i % inputs.length);
  const inputFirst = new Int32Array(natoms + 1);
  for (let i = 0; i < natoms; i++) inputFirst[i + 1] = inputFirst[i] + inputs[elements[i]];
  const blockFirst = new Int32Array(natoms + 1);
  const blockAtom: number[] = [];
  const blockCenter: number[] = [];
  const blockInputs: Int32Array[] = [];
  const blockStart = [0];
  for (let i = 0; i < natoms; i++) {
    for (let j = 0; j < natoms; j++) {
      if (j !== i && (i + j) % 3 === 1) continue;
      const columns = Int32Array.from({ length: inputs[elements[i]] }, (_, f) => f).filter(
        (f) => j === i || f % 2 === 0,
      );
      blockAtom.push(j);
      blockCenter.push(i);
      blockInputs.push(columns);
      blockStart.push((blockStart.at(-1) ?? 0) + 3 * columns.length);
    }
    blockFirst[i + 1] = blockAtom.length;
  }
  const order = blockAtom.map((_, b) => b).sort((a, b) => blockAtom[a] - blockAtom[b] || a - b);
  const atomFirst = new Int32Array(natoms + 1);
  for (const j of blockAtom) for (let k = j + 1; k <= natoms; k++) atomFirst[k]++;
  const forces = Float64Array.from({ length: 3 * natoms }, number);
  return {
    natoms,
    elements,
    inputs: Float64Array.from({ length: inputFirst[natoms] }, number),
    inputFirst,
    blockFirst,
    blockAtom: Int32Array.from(blockAtom),
    blockStart: Int32Array.from(blockStart),
    derivatives: Float64Array.from({ length: blockStart.at(-1) ?? 0 }, number),
    blockInputs,
    atomFirst,
    atomBlocks: Int32Array.from(order),
    atomCenters: Int32Array.from(order, (b) => blockCenter[b]),
    energy: natoms * number(),
    forces,
    labelled: Int32Array.from(forces.keys()),
    virial: Float64Array.from({ length: 6 }, number),
    labelledVirial: Int32Array.of(0, 1, 2, 3, 4, 5),
    virialDerivatives: Float64Array.from({ length: 6 * inputFirst[natoms] }, number),
    weight: 1.7,
    group: '',
    origin: { path: 'random' },
  };
}
