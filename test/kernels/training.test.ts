import { describe, expect, test } from 'vitest';
import type { Activation } from '../../potentials/hdnnp-model.ts';
import { nativeTrainingKernel } from '../../potentials/kernels/training/native.ts';
import { ENERGY_ROW, type TrainingKernel, virialRow } from '../../potentials/kernels/training/training-kernel.ts';
import { wasmTrainingKernel } from '../../potentials/kernels/training/wasm.ts';
import { KernelPass } from '../../src/train/kernel-pass.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { SymmetricMatrix } from '../../src/train/optimisers/symmetric-matrix.ts';
import type { Passes } from '../../src/train/passes.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { StructurePass } from '../../src/train/structure-pass.ts';
import { randomStructure } from '../train/random-structure.ts';
import { KERNELS_HERE } from './kernels-here.ts';

const kernelOf = (name: string, threads = 1): TrainingKernel =>
  name === 'wasm' ? wasmTrainingKernel() : nativeTrainingKernel({ variant: name, threads });

const random = new RandomStream(21);
const numbers = (count: number) => Float64Array.from({ length: count }, () => 2 * random.next() - 1);
const zeros = (count: number) => new Float64Array(count);

function networksOf(letter: Activation, inputs: readonly number[] = [11, 5]) {
  const networks = newNetworks(inputs, { sizes: [9, 6], activations: [letter, letter] });
  initializeWeights(networks, new RandomStream(5));
  networks.weights.forEach((w, k) => {
    networks.weights[k] = w + 0.05 * Math.sin(k);
  });
  return networks;
}

/** Largest difference, relative to the largest number. */
function difference(a: Float64Array, b: Float64Array): number {
  const largest = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((x, k) => Math.abs(x - b[k]))) / largest;
}

function everything(pass: Passes, natoms: number) {
  const n = pass.networks.weights.length;
  const codes = Int32Array.of(ENERGY_ROW, ...Array(3 * natoms).keys(), ...[0, 1, 2, 3, 4, 5].map(virialRow));
  const scales = Float64Array.from(codes, (_, k) => 0.3 + 0.1 * k);
  const request = { codes, scales, values: zeros(codes.length), rows: zeros(codes.length * n) };
  const forces = zeros(3 * natoms);
  const virial = zeros(6);
  pass.forces(forces);
  pass.virial(virial);
  pass.rows(request);
  const gradient = zeros(n).fill(0.25);
  const asked = Float64Array.from(forces.keys(), (k) => Math.cos(k));
  pass.addGradient({ energy: 0.7, forces: asked, virial: Float64Array.of(1, 0, -2, 0.5, 0, 0.1) }, gradient);
  return { energy: Float64Array.of(pass.energy), forces, virial, values: request.values, rows: request.rows, gradient };
}

for (const name of KERNELS_HERE) {
  describe(`the training kernel ${name}`, () => {
    for (const letter of ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'] as const) {
      test(`has the energies, forces, virials and derivatives of TypeScript with activation ${letter}`, () => {
        const networks = networksOf(letter);
        const structure = randomStructure(19, [11, 5], 3);
        const [own, right] = [new KernelPass(kernelOf(name), networks), new StructurePass(networks)].map((pass) => {
          pass.load(structure);
          return everything(pass, 19);
        });
        for (const key of ['energy', 'forces', 'virial', 'values', 'rows', 'gradient'] as const)
          expect(difference(own[key], right[key]), key).toBeLessThan(1e-12);
      });
    }

    test('takes blocks that no input depends on', () => {
      const full = randomStructure(7, [11, 5], 3);
      const kept = full.blockInputs.map((list, b) => (b % 3 === 1 ? new Int32Array(0) : list));
      const blockStart = new Int32Array(kept.length + 1);
      kept.forEach((list, b) => {
        blockStart[b + 1] = blockStart[b] + 3 * list.length;
      });
      const structure = { ...full, blockInputs: kept, blockStart, derivatives: numbers(blockStart[kept.length]) };
      const networks = networksOf('t');
      const [own, right] = [new KernelPass(kernelOf(name), networks), new StructurePass(networks)].map((pass) => {
        pass.load(structure);
        return everything(pass, 7);
      });
      for (const key of ['forces', 'rows', 'gradient'] as const)
        expect(difference(own[key], right[key]), key).toBeLessThan(1e-12);
    });

    test('has gradients of energy, forces and virial that equal central differences', () => {
      const networks = networksOf('t');
      const { weights } = networks;
      const structure = randomStructure(5, [11, 5], 7);
      const pass = new KernelPass(kernelOf(name), networks);
      const terms = {
        energy: { energy: 1, forces: zeros(15), virial: zeros(6) },
        forces: { energy: 0, forces: numbers(15), virial: zeros(6) },
        virial: { energy: 0, forces: zeros(15), virial: numbers(6) },
      };
      for (const [term, { energy, forces, virial }] of Object.entries(terms)) {
        const quantity = () => {
          const [f, w] = [zeros(15), zeros(6)];
          pass.load(structure);
          pass.forces(f);
          pass.virial(w);
          return energy * pass.energy + dot(forces, f) + dot(virial, w);
        };
        const gradient = zeros(weights.length);
        pass.load(structure);
        pass.addGradient({ energy, forces, virial }, gradient);
        const differences = weights.map((kept, k) => {
          const at = (step: number) => {
            weights[k] = kept + step;
            const value = quantity();
            weights[k] = kept;
            return value;
          };
          const h = 1e-3;
          return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        });
        expect(difference(gradient, differences), term).toBeLessThan(1e-8);
      }
    });

    for (const [size, rows] of [
      [1, 1],
      [7, 3],
      [8, 8],
      [9, 5],
      [65, 16],
      [130, 33],
    ]) {
      test(`does the algebra of TypeScript with ${size} weights and ${rows} rows`, () => {
        const [own, right] = [kernelOf(name).matrix(size, rows), new SymmetricMatrix(size)];
        const start = zeros((size * (size + 1)) / 2);
        for (let i = 0, at = 0; i < size; i++, at += i + 1) start[at] = 2 + 0.01 * i;
        const packed = [own, right].map((matrix) => {
          matrix.set(start);
          return start.slice();
        });
        const weights = [zeros(size), zeros(size)];
        const get = () => [own, right].forEach((matrix, k) => void matrix.get(packed[k]));
        // The last update has fewer rows than there is room for; the limit of the third stops the forgetting.
        for (const [turn, count] of [rows, rows, rows, 1].entries()) {
          const update = { h: numbers(count * size), errors: numbers(count), lambda: 0.97, noise: 0.001 * turn };
          const limit = turn === 2 ? 0.1 : 1e9;
          expect([own, right].map((m, k) => m.kalman({ ...update, limit }, weights[k]))).toEqual([true, true]);
          expect(difference(weights[0], weights[1])).toBeLessThan(1e-12);
          if (turn !== 1) get();
          expect(difference(packed[0], packed[1])).toBeLessThan(1e-12);
        }
        const h = numbers(2 * rows * size);
        for (const matrix of [own, right]) matrix.addRows(2 * rows, h);
        get();
        expect(difference(packed[0], packed[1])).toBeLessThan(1e-12);
        const add = numbers(size).map((x) => 1 + x * x);
        const x = numbers(size);
        const solutions = [x.slice(), x.slice()];
        expect([own, right].map((m, k) => m.solve(add, solutions[k]))).toEqual([true, true]);
        expect(difference(solutions[0], solutions[1])).toBeLessThan(1e-10);
        get();
        expect(difference(packed[0], packed[1])).toBeLessThan(1e-12);
      });
    }

    test('refuses what is not positive definite or not a number', () => {
      const matrix = kernelOf(name).matrix(20, 4);
      const update = { h: numbers(40), errors: zeros(2), lambda: 1, noise: 0, limit: 1 };
      expect(matrix.kalman({ ...update, h: update.h.map(() => Number.NaN) }, zeros(20))).toBe(false);
      const minus = zeros(210).fill(-1);
      matrix.set(minus);
      expect(matrix.kalman({ ...update, lambda: 1e-9 }, zeros(20))).toBe(false);
      expect(matrix.solve(zeros(20), zeros(20))).toBe(false);
    });

    test('says so when a plan or an array does not fit', () => {
      const kernel = kernelOf(name);
      expect(() => kernel.networks(Int32Array.of(1, 2, 3))).toThrow(/plan is not valid/);
      expect(() => kernel.networks(Int32Array.of(1, 1, 3, 2, 1))).toThrow(/plan is not valid/);
      expect(() => kernel.matrix(0, 1)).toThrow(/too large/);
      expect(() => kernel.matrix(10, 5000)).toThrow(/too large/);
      const networks = kernel.networks(Int32Array.of(1, 1, 2, 1, 0));
      const empty = { index: Int32Array.of(1, 1, 1), inputs: zeros(2), derivatives: zeros(6) };
      expect(() => networks.load({ ...empty, virialDerivatives: zeros(12) }, zeros(3))).toThrow(/wrong arguments/);
    });
  });
}

const native = KERNELS_HERE.filter((name) => name !== 'wasm');
describe.skipIf(native.length === 0)('threads of the native training kernel', () => {
  test('do not change a single bit, however many there are', () => {
    const networks = networksOf('t', [11, 5]);
    const structure = randomStructure(37, [11, 5], 8);
    const h = numbers(20 * 150);
    const numbersOnce = numbers(20 * 150);
    const errors = numbers(20);
    const results = [1, 2, 3, 5].map((threads) => {
      const kernel = kernelOf(native[0], threads);
      const pass = new KernelPass(kernel, networks);
      pass.load(structure);
      const matrix = kernel.matrix(150, 20);
      matrix.addRows(20, numbersOnce);
      const weights = zeros(150);
      const packed = zeros((150 * 151) / 2);
      for (let turn = 0; turn < 3; turn++) matrix.kalman({ h, errors, lambda: 0.98, noise: 0, limit: 1e9 }, weights);
      matrix.get(packed);
      const x = errors.slice();
      const solution = zeros(150);
      solution.set(x);
      matrix.solve(zeros(150).fill(5), solution);
      return { ...everything(pass, 37), weights, packed, solution };
    });
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });
});

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, k) => sum + x * b[k], 0);
}
