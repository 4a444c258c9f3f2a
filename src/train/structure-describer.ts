import { SymmetryFunctions } from '../../potentials/descriptors/symmetry-functions.ts';
import type { HdnnpModel, SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { buildNeighborList, type NeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { UsageError } from '../core/errors.ts';
import { DescriptorStatistics } from './descriptor-statistics.ts';
import { within } from './environments.ts';
import type { LabelledFrame } from './labelled-frames.ts';
import { type InputTable, layoutBytes, type StructureLayout, structureLayout } from './structure-layout.ts';

export interface DescriptorOptions extends Pick<HdnnpModel, 'cutoffType' | 'cutoffAlpha'> {
  /** GB (10⁹ bytes) that descriptors and their derivatives may take; checked before they are allocated. */
  readonly memoryGB: number;
}

export interface DescriptorProgress {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Values and derivatives of the symmetry functions, not scaled. */
export interface RawStructure extends StructureLayout {
  readonly inputs: Float64Array;
  readonly derivatives: Float64Array;
  /** As in TrainingStructure. */
  readonly virialDerivatives: Float64Array;
}

/** Computes the symmetry functions of many structures. */
export class StructureDescriber {
  readonly #species: readonly number[];
  readonly #options: DescriptorOptions;
  readonly #progress: DescriptorProgress;
  #jacobian = new Float64Array(0);
  #offsets = new Int32Array(0);

  constructor(species: readonly number[], options: DescriptorOptions, progress: DescriptorProgress) {
    this.#species = species;
    this.#options = options;
    this.#progress = progress;
  }

  /**
   * All structures (undefined ones are left out), and statistics over the training ones, for these functions of each element. Throws UsageError when they
   * would not fit in the memory, PotentialError for broken structures, the reason of the signal when it is aborted.
   */
  async describe(
    frames: readonly (LabelledFrame | undefined)[],
    training: readonly number[],
    functions: readonly (readonly SymmetryFunction[])[],
  ) {
    const { cutoffType, cutoffAlpha } = this.#options;
    const descriptors = functions.map(
      (own) => new SymmetryFunctions(own, { cutoffType, cutoffAlpha, species: this.#species }),
    );
    const table: InputTable = {
      byElement: descriptors.map(({ featuresOf }) => featuresOf),
      all: descriptors.map(({ count }) => Int32Array.from({ length: count }, (_, s) => s)),
    };
    const cutoff = Math.max(...descriptors.map((d) => d.cutoff));
    const bytes = this.#checkMemory(frames, cutoff, table);
    const statistics = descriptors.map(({ count }) => new DescriptorStatistics(count));
    const inTraining = new Set(training);
    const structures: (RawStructure | undefined)[] = [];
    for (const [s, labelled] of frames.entries()) {
      if (!labelled) {
        structures.push(undefined);
        continue;
      }
      const list = neighborsOf(labelled, cutoff);
      const structure = this.#describeOne(list, this.#elementsOf(labelled), descriptors, table);
      structures.push(structure);
      const { elements, inputs, inputFirst } = structure;
      if (inTraining.has(s))
        for (let i = 0; i < elements.length; i++) statistics[elements[i]].add(inputs, inputFirst[i]);
      this.#progress.onProgress?.(s + 1, frames.length);
      await new Promise((go) => setImmediate(go));
      this.#progress.signal?.throwIfAborted();
    }
    return { structures, statistics, bytes };
  }

  /** Bytes needed for all structures; UsageError when they are more than allowed. Holds one neighbor list at a time. */
  #checkMemory(frames: readonly (LabelledFrame | undefined)[], cutoff: number, table: InputTable): number {
    const limit = this.#options.memoryGB * 1e9;
    let bytes = 0;
    for (const labelled of frames)
      if (labelled)
        bytes += layoutBytes(structureLayout(neighborsOf(labelled, cutoff), this.#elementsOf(labelled), table));
    if (bytes > limit)
      throw new UsageError(
        `descriptors and their derivatives would take ${(bytes / 1e9).toPrecision(3)} GB, more than memory_gb: ` +
          `${this.#options.memoryGB}; allow more in the configuration, or use fewer functions, a smaller cutoff or fewer structures`,
      );
    return bytes;
  }

  #elementsOf({ frame }: LabelledFrame): Uint8Array {
    return frame.numbers.map((z) => this.#species.indexOf(z));
  }

  #describeOne(
    list: NeighborList,
    elements: Uint8Array,
    descriptors: readonly SymmetryFunctions[],
    table: InputTable,
  ): RawStructure {
    const layout = structureLayout(list, elements, table);
    const structure = {
      ...layout,
      inputs: new Float64Array(layout.inputFirst[elements.length]),
      derivatives: new Float64Array(layout.blockStart[layout.blockAtom.length]),
      virialDerivatives: new Float64Array(6 * layout.inputFirst[elements.length]),
    };
    const blockOf = new Int32Array(elements.length);
    for (let i = 0; i < elements.length; i++) {
      for (let b = layout.blockFirst[i]; b < layout.blockFirst[i + 1]; b++) blockOf[layout.blockAtom[b]] = b;
      const descriptor = descriptors[elements[i]];
      descriptor.compute(list, i, structure.inputs.subarray(layout.inputFirst[i], layout.inputFirst[i + 1]));
      this.#addBlocks(structure, list, descriptor, blockOf, i);
    }
    return structure;
  }

  /** Σ over neighbors, images included, of distance ⊗ derivative, for each input of one center. */
  #addStrain(out: Float64Array, at: number, descriptor: SymmetryFunctions): void {
    const { count, environment, featuresOf } = descriptor;
    const { dx, dy, dz, segment, species } = environment;
    for (let e = 0; e < species.length; e++) {
      const columns = featuresOf[e];
      for (let n = segment[e]; n < segment[e + 1]; n++) {
        for (let f = 0, from = this.#offsets[n]; f < columns.length; f++, from += 3) {
          const to = at + columns[f];
          const gy = this.#jacobian[from + 1];
          const gz = this.#jacobian[from + 2];
          out[to] += dx[n] * this.#jacobian[from];
          out[to + count] += dy[n] * gy;
          out[to + 2 * count] += dz[n] * gz;
          out[to + 3 * count] += dx[n] * gy;
          out[to + 4 * count] += dx[n] * gz;
          out[to + 5 * count] += dy[n] * gz;
        }
      }
    }
  }

  /** Adds the derivatives by each neighbor to the block of its owner, and subtracts them from the block of the center. */
  #addBlocks(
    { derivatives, virialDerivatives, inputFirst, blockStart, blockInputs }: RawStructure,
    list: NeighborList,
    descriptor: SymmetryFunctions,
    blockOf: Int32Array,
    center: number,
  ): void {
    const neighbors = descriptor.neighborCount;
    if (this.#offsets.length <= neighbors) this.#offsets = new Int32Array(2 * neighbors + 1);
    const length = descriptor.jacobianOffsets(this.#offsets);
    if (this.#jacobian.length < length) this.#jacobian = new Float64Array(Math.ceil(1.5 * length));
    descriptor.jacobian(this.#jacobian, this.#offsets);
    this.#addStrain(virialDerivatives, 6 * inputFirst[center], descriptor);
    const own = blockOf[center];
    const ownCount = blockInputs[own].length;
    for (let n = 0; n < neighbors; n++) {
      const from = this.#offsets[n];
      const owner = list.owner[descriptor.neighborIndex[n]];
      // The derivatives of a function by the images of its own center cancel with those by the center.
      if (owner === center) continue;
      const block = blockOf[owner];
      const columns = blockInputs[block];
      for (let f = 0; f < columns.length; f++) {
        for (let c = 0; c < 3; c++) {
          const value = this.#jacobian[from + 3 * f + c];
          derivatives[blockStart[block] + c * columns.length + f] += value;
          derivatives[blockStart[own] + c * ownCount + columns[f]] -= value;
        }
      }
    }
  }
}

function neighborsOf({ frame, origin }: LabelledFrame, cutoff: number): NeighborList {
  return within(() => buildNeighborList(frame, cutoff), origin);
}
