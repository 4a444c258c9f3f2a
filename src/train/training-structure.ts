import type { SourceLocation } from '../core/errors.ts';

/**
 * One labelled structure with its descriptors, ready for any number of passes. `inputs` are scaled network inputs; a block holds
 * d(inputs of a center)/d(position of one atom), images of the atom folded onto it, so that forces are right in cells
 * smaller than the cutoff. Blocks hold only the inputs that the element of that atom can change.
 */
export interface TrainingStructure {
  readonly natoms: number;
  /** (natoms): index of the element in the model. */
  readonly elements: Uint8Array;
  /** Atom i has inputs[inputFirst[i] … inputFirst[i + 1]). */
  readonly inputs: Float64Array;
  readonly inputFirst: Int32Array;
  /** Center i has blocks blockFirst[i] … blockFirst[i + 1]. */
  readonly blockFirst: Int32Array;
  /** (blocks): the atom whose position the block differentiates by. */
  readonly blockAtom: Int32Array;
  /** (blocks + 1): block b is derivatives[blockStart[b] … blockStart[b + 1]): three rows (x, y, z) of its inputs; 1/Å. */
  readonly blockStart: Int32Array;
  readonly derivatives: Float64Array;
  /** (blocks): which inputs the columns of the block are. */
  readonly blockInputs: readonly Int32Array[];
  /** Atom j is differentiated by in the blocks atomBlocks[atomFirst[j] … atomFirst[j + 1]) of the centers atomCenters[same]. */
  readonly atomFirst: Int32Array;
  readonly atomBlocks: Int32Array;
  readonly atomCenters: Int32Array;
  /** eV, reference energies of the atoms subtracted; NaN = no label. */
  readonly energy: number;
  /** eV/Å, (natoms, 3); NaN = no label for this component. */
  readonly forces: Float64Array;
  /** Indices of the labelled force components. */
  readonly labelled: Int32Array;
  /** eV, xx yy zz xy xz yz of Σ r⊗f; NaN = no label. */
  readonly virial: Float64Array;
  /** Indices of the labelled virial components. */
  readonly labelledVirial: Int32Array;
  /**
   * What a strain does to the inputs: virial component v of center i is −Σ dE/dinput · six rows (xx yy zz xy xz yz) of its inputs from
   * virialDerivatives[6 · inputFirst[i]]; Å · 1/Å.
   */
  readonly virialDerivatives: Float64Array;
  /** How much the structure counts, 1 unless the configuration says otherwise. */
  readonly weight: number;
  /** `config_type` of the file, or an empty string. */
  readonly group: string;
  readonly origin: SourceLocation;
}
