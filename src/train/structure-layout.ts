import type { NeighborList } from '../../potentials/neighbors/neighbor-list.ts';

/** Which inputs of a center an atom of each element can change; the center itself changes all. */
export interface InputTable {
  /** [center element][element of the atom]: ascending indices. */
  readonly byElement: readonly (readonly Int32Array[])[];
  /** [center element]: all indices. */
  readonly all: readonly Int32Array[];
}

/** Where the derivatives of one structure go: the index arrays of a TrainingStructure, and their size. */
export interface StructureLayout {
  readonly elements: Uint8Array;
  readonly inputFirst: Int32Array;
  readonly blockFirst: Int32Array;
  readonly blockAtom: Int32Array;
  readonly blockStart: Int32Array;
  readonly blockInputs: readonly Int32Array[];
}

/** One block per center and atom it depends on, images folded onto their owners; the block of the center itself comes first. */
export function structureLayout(list: NeighborList, elements: Uint8Array, table: InputTable): StructureLayout {
  const n = list.ncenters;
  const inputFirst = new Int32Array(n + 1);
  const blockFirst = new Int32Array(n + 1);
  const blockAtom: number[] = [];
  const blockInputs: Int32Array[] = [];
  const seenBy = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    const element = elements[i];
    inputFirst[i + 1] = inputFirst[i] + table.all[element].length;
    seenBy[i] = i;
    blockAtom.push(i);
    blockInputs.push(table.all[element]);
    for (let k = list.first[i]; k < list.first[i + 1]; k++) {
      const owner = list.owner[list.neighbors[k]];
      if (seenBy[owner] === i) continue;
      seenBy[owner] = i;
      blockAtom.push(owner);
      blockInputs.push(table.byElement[element][elements[owner]]);
    }
    blockFirst[i + 1] = blockAtom.length;
  }
  const blockStart = new Int32Array(blockAtom.length + 1);
  for (let b = 0; b < blockAtom.length; b++) blockStart[b + 1] = blockStart[b] + 3 * blockInputs[b].length;
  return { elements, inputFirst, blockFirst, blockAtom: Int32Array.from(blockAtom), blockStart, blockInputs };
}

/** Bytes that a TrainingStructure of this layout takes, with the index of the kernel. */
export function layoutBytes({ inputFirst, blockAtom, blockStart }: StructureLayout): number {
  const atoms = inputFirst.length - 1;
  return 8 * (blockStart[blockAtom.length] + 7 * inputFirst[atoms] + 4 * atoms) + 48 * blockAtom.length;
}

/** The blocks of each atom, with their centers: the transpose of `blockFirst`, `blockAtom`. */
export function blocksByAtom({ blockFirst, blockAtom }: StructureLayout) {
  const n = blockFirst.length - 1;
  const atomFirst = new Int32Array(n + 1);
  for (let b = 0; b < blockAtom.length; b++) atomFirst[blockAtom[b] + 1]++;
  for (let j = 0; j < n; j++) atomFirst[j + 1] += atomFirst[j];
  const next = atomFirst.slice(0, n);
  const atomBlocks = new Int32Array(blockAtom.length);
  const atomCenters = new Int32Array(blockAtom.length);
  for (let i = 0; i < n; i++) {
    for (let b = blockFirst[i]; b < blockFirst[i + 1]; b++) {
      const at = next[blockAtom[b]]++;
      atomBlocks[at] = b;
      atomCenters[at] = i;
    }
  }
  return { atomFirst, atomBlocks, atomCenters };
}
