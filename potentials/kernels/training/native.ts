import { availableParallelism } from 'node:os';
import { chosenVariant, type KernelAddon, loadAddon } from '../load-addon.ts';
import { type PackedStructure, TRAINING_VERSION, type TrainingKernel } from './training-kernel.ts';

type Structure = [index: Int32Array, inputs: Float64Array, derivatives: Float64Array, strain: Float64Array];

/** addon.c. */
interface Addon extends KernelAddon {
  program(variant: string, threads: number): object;
  networks(program: object, plan: Int32Array): object;
  load(networks: object, ...rest: [...Structure, weights: Float64Array]): number;
  forces(networks: object, ...rest: [...Structure, out: Float64Array]): void;
  virial(networks: object, ...rest: [...Structure, out: Float64Array]): void;
  rows(
    networks: object,
    ...rest: [...Structure, codes: Int32Array, scales: Float64Array, values: Float64Array, rows: Float64Array]
  ): void;
  gradient(
    networks: object,
    ...rest: [...Structure, energy: number, forces: Float64Array, virial: Float64Array, out: Float64Array]
  ): void;
  matrix(program: object, size: number, rows: number): object;
  setMatrix(matrix: object, packed: Float64Array): void;
  getMatrix(matrix: object, packed: Float64Array): void;
  addRows(matrix: object, count: number, h: Float64Array): void;
  kalman(
    matrix: object,
    ...rest: [
      h: Float64Array,
      errors: Float64Array,
      lambda: number,
      noise: number,
      limit: number,
      weights: Float64Array,
    ]
  ): number;
  solve(matrix: object, add: Float64Array, x: Float64Array): number;
}

export interface NativeTrainingOptions {
  /** Instruction set; default NNP_KERNEL_VARIANT of the environment, else the best this processor has. */
  readonly variant?: string;
  /** 0 = as many as there are processors. */
  readonly threads: number;
}

/** Throws Error with the reason when the addon, or the variant, does not run here. */
export function nativeTrainingKernel({ variant, threads }: NativeTrainingOptions): TrainingKernel {
  const addon = loadAddon<Addon>('training', TRAINING_VERSION);
  const chosen = chosenVariant(addon.variants(), variant);
  const count = threads === 0 ? availableParallelism() : threads;
  const program = addon.program(chosen, count);
  return {
    description: `native (${chosen}${count > 1 ? `, ${count} threads` : ''})`,
    networks: (plan) => {
      const handle = addon.networks(program, plan);
      return {
        load: (structure, weights) => addon.load(handle, ...arrays(structure), weights),
        forces: (structure, out) => addon.forces(handle, ...arrays(structure), out),
        virial: (structure, out) => addon.virial(handle, ...arrays(structure), out),
        rows: (structure, { codes, scales, values, rows }) =>
          addon.rows(handle, ...arrays(structure), codes, scales, values, rows),
        addGradient: (structure, { energy, forces, virial }, out) =>
          addon.gradient(handle, ...arrays(structure), energy, forces, virial, out),
      };
    },
    matrix: (size, rows) => {
      const handle = addon.matrix(program, size, rows);
      return {
        set: (packed) => addon.setMatrix(handle, packed),
        get: (packed) => addon.getMatrix(handle, packed),
        addRows: (some, h) => addon.addRows(handle, some, h),
        kalman: ({ h, errors, lambda, noise, limit }, weights) =>
          addon.kalman(handle, h, errors, lambda, noise, limit, weights) === 1,
        solve: (add, x) => addon.solve(handle, add, x) === 1,
      };
    },
  };
}

function arrays({ index, inputs, derivatives, virialDerivatives }: PackedStructure): Structure {
  return [index, inputs, derivatives, virialDerivatives];
}
