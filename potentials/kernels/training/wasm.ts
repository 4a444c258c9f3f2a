import { join } from 'node:path';
import { kernelFolder } from '../kernel-folder.ts';
import { instantiate, type WasmExports, WasmMemory } from '../wasm-memory.ts';
import {
  type GradientRequest,
  type KalmanUpdate,
  type KernelMatrix,
  type KernelNetworks,
  type PackedStructure,
  type RowRequest,
  TRAINING_VERSION,
  type TrainingKernel,
} from './training-kernel.ts';

/** wasm.cpp; addresses are unsigned 32-bit numbers. */
interface Exports extends WasmExports {
  networks_bytes(plan: number, length: number): number;
  networks_init(plan: number, length: number, networks: number): number;
  space_bytes(networks: number, natoms: number): number;
  structure(...addressesAndLengths: number[]): number;
  load(networks: number, space: number, weights: number): number;
  forces(networks: number, space: number, out: number): void;
  virial(networks: number, space: number, out: number): void;
  rows(...numbers: number[]): void;
  gradient(...numbers: number[]): void;
  matrix_bytes(size: number, rows: number): number;
  matrix_init(matrix: number, size: number, rows: number): void;
  matrix_set(matrix: number, packed: number): void;
  matrix_get(matrix: number, packed: number): void;
  matrix_add(matrix: number, count: number, h: number): void;
  kalman(...numbers: number[]): number;
  solve(matrix: number, work: number, add: number, x: number): number;
}

/** Throws Error with the reason when the module does not load here. Networks and matrices have an instance each. */
export function wasmTrainingKernel(): TrainingKernel {
  const fresh = () => instantiate<Exports>(join(kernelFolder(), 'training', 'training.wasm'), TRAINING_VERSION);
  fresh();
  return {
    description: 'wasm',
    networks: (plan) => new WasmNetworks(fresh(), plan),
    matrix: (size, rows) => new WasmMatrix(fresh(), size, rows),
  };
}

class WasmNetworks implements KernelNetworks {
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  readonly #networks: number;
  /** End of the networks; behind them lie the loaded structure and its space. */
  readonly #free: number;
  #space = 0;
  /** End of the space. */
  #loaded = 0;

  constructor(exports: Exports, plan: Int32Array) {
    this.#exports = exports;
    this.#memory = new WasmMemory(exports);
    const at = this.#memory.put(plan);
    const bytes = exports.networks_bytes(at, plan.length) >>> 0;
    if (bytes === 0) throw new Error('networks: the plan is not valid');
    this.#networks = this.#memory.take(bytes);
    exports.networks_init(at, plan.length, this.#networks);
    this.#free = this.#memory.mark();
  }

  load({ index, inputs, derivatives, virialDerivatives }: PackedStructure, weights: Float64Array): number {
    const memory = this.#memory;
    memory.release(this.#free);
    const arrays = [index, inputs, derivatives, virialDerivatives].flatMap((a) => [memory.put(a), a.length]);
    if (!this.#exports.structure(...arrays)) throw new Error('load: wrong arguments');
    this.#space = memory.take(this.#exports.space_bytes(this.#networks, index[0]) >>> 0);
    this.#loaded = memory.mark();
    return this.#exports.load(this.#networks, this.#space, memory.put(weights));
  }

  forces(_structure: PackedStructure, out: Float64Array): void {
    this.#memory.release(this.#loaded);
    const at = this.#memory.take(out.byteLength);
    this.#exports.forces(this.#networks, this.#space, at);
    out.set(this.#memory.view(Float64Array, at, out.length));
  }

  virial(_structure: PackedStructure, out: Float64Array): void {
    this.#memory.release(this.#loaded);
    const at = this.#memory.take(out.byteLength);
    this.#exports.virial(this.#networks, this.#space, at);
    out.set(this.#memory.view(Float64Array, at, out.length));
  }

  rows(_structure: PackedStructure, { codes, scales, values, rows }: RowRequest): void {
    const memory = this.#memory;
    memory.release(this.#loaded);
    const [from, by] = [memory.put(codes), memory.put(scales)];
    const [to, matrix] = [memory.take(values.byteLength), memory.take(rows.byteLength)];
    this.#exports.rows(this.#networks, this.#space, codes.length, from, by, to, matrix);
    values.set(memory.view(Float64Array, to, codes.length));
    rows.set(memory.view(Float64Array, matrix, rows.length));
  }

  addGradient(_structure: PackedStructure, { energy, forces, virial }: GradientRequest, out: Float64Array): void {
    const memory = this.#memory;
    memory.release(this.#loaded);
    const [f, w, to] = [memory.put(forces), memory.put(virial), memory.put(out)];
    this.#exports.gradient(this.#networks, this.#space, energy, f, w, to);
    out.set(memory.view(Float64Array, to, out.length));
  }
}

class WasmMatrix implements KernelMatrix {
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  readonly #size: number;
  readonly #matrix: number;
  #work = 0;
  #free: number;

  constructor(exports: Exports, size: number, rows: number) {
    this.#exports = exports;
    this.#memory = new WasmMemory(exports);
    this.#size = size;
    this.#matrix = this.#newMatrix(rows);
    this.#free = this.#memory.mark();
  }

  set(packed: Float64Array): void {
    this.#memory.release(this.#free);
    this.#exports.matrix_set(this.#matrix, this.#memory.put(packed));
  }

  get(packed: Float64Array): void {
    this.#memory.release(this.#free);
    const at = this.#memory.take(packed.byteLength);
    this.#exports.matrix_get(this.#matrix, at);
    packed.set(this.#memory.view(Float64Array, at, packed.length));
  }

  addRows(count: number, h: Float64Array): void {
    this.#memory.release(this.#free);
    this.#exports.matrix_add(this.#matrix, count, this.#memory.put(h.subarray(0, count * this.#size)));
  }

  kalman({ h, errors, lambda, noise, limit }: KalmanUpdate, weights: Float64Array): boolean {
    const memory = this.#memory;
    memory.release(this.#free);
    const [rows, differences, to] = [memory.put(h), memory.put(errors), memory.put(weights)];
    const done = this.#exports.kalman(this.#matrix, errors.length, rows, differences, lambda, noise, limit, to);
    weights.set(memory.view(Float64Array, to, weights.length));
    return done === 1;
  }

  solve(add: Float64Array, x: Float64Array): boolean {
    const memory = this.#memory;
    memory.release(this.#free);
    if (this.#work === 0) {
      this.#work = this.#newMatrix(8);
      this.#free = memory.mark();
    }
    const [by, to] = [memory.put(add), memory.put(x)];
    const done = this.#exports.solve(this.#matrix, this.#work, by, to);
    x.set(memory.view(Float64Array, to, x.length));
    return done === 1;
  }

  #newMatrix(rows: number): number {
    const bytes = this.#exports.matrix_bytes(this.#size, rows) >>> 0;
    if (bytes === 0) throw new Error('matrix: too large');
    const at = this.#memory.take(bytes);
    this.#exports.matrix_init(at, this.#size, rows);
    return at;
  }
}
