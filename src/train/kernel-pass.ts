import {
  ACTIVATION_NUMBERS,
  type GradientRequest,
  type KernelNetworks,
  type PackedStructure,
  type RowRequest,
  type TrainingKernel,
} from '../../potentials/kernels/training/training-kernel.ts';
import type { Networks } from './networks.ts';
import type { Passes } from './passes.ts';
import type { TrainingStructure } from './training-structure.ts';

/** The passes by the compiled kernel. */
export class KernelPass implements Passes {
  readonly networks: Networks;
  energy = 0;
  readonly #kernel: KernelNetworks;
  readonly #packed = new WeakMap<TrainingStructure, PackedStructure>();
  #loaded: PackedStructure | undefined;

  constructor(kernel: TrainingKernel, networks: Networks) {
    this.networks = networks;
    this.#kernel = kernel.networks(planOf(networks));
  }

  load(structure: TrainingStructure): void {
    let packed = this.#packed.get(structure);
    if (!packed) {
      packed = pack(structure);
      this.#packed.set(structure, packed);
    }
    this.#loaded = packed;
    this.energy = this.#kernel.load(packed, this.networks.weights);
  }

  forces(out: Float64Array): void {
    this.#kernel.forces(this.#structure(), out);
  }

  virial(out: Float64Array): void {
    this.#kernel.virial(this.#structure(), out);
  }

  rows(request: RowRequest): void {
    this.#kernel.rows(this.#structure(), request);
  }

  addGradient(request: GradientRequest, gradient: Float64Array): void {
    this.#kernel.addGradient(this.#structure(), request, gradient);
  }

  #structure(): PackedStructure {
    if (!this.#loaded) throw new Error('KernelPass: load a structure first');
    return this.#loaded;
  }
}

/** The networks as training.h wants them. */
function planOf({ shapes }: Networks): Int32Array {
  const plan = shapes.flatMap(({ sizes, activations }) => [
    sizes.length - 1,
    ...sizes,
    ...activations.map((letter) => ACTIVATION_NUMBERS.indexOf(letter)),
  ]);
  return Int32Array.of(shapes.length, ...plan);
}

/** Lists of columns are stored once, however many blocks have them. */
function pack(structure: TrainingStructure): PackedStructure {
  const { natoms, blockInputs, inputs, derivatives, virialDerivatives } = structure;
  const places = new Map<Int32Array, number>();
  const columns: number[] = [];
  const blockColumns = Int32Array.from(blockInputs, (list) => {
    const known = places.get(list);
    if (known !== undefined) return known;
    const place = columns.length;
    places.set(list, place);
    columns.push(...list);
    return place;
  });
  const arrays = [
    Int32Array.from(structure.elements),
    structure.inputFirst,
    structure.blockFirst,
    structure.blockAtom,
    structure.blockStart,
    blockColumns,
    structure.atomFirst,
    structure.atomBlocks,
    structure.atomCenters,
    Int32Array.from(columns),
  ];
  const index = new Int32Array(arrays.reduce((sum, { length }) => sum + length, 3));
  index.set([natoms, blockInputs.length, columns.length]);
  let at = 3;
  for (const array of arrays) {
    index.set(array, at);
    at += array.length;
  }
  return { index, inputs, derivatives, virialDerivatives };
}
