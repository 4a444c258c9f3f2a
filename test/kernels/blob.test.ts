import { describe, expect, test } from 'vitest';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { planExponents } from '../../potentials/kernels/exponent-plan.ts';
import { nativeKernel, nativeVariants } from '../../potentials/kernels/native.ts';
import { wasmKernel } from '../../potentials/kernels/wasm.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure, seededRandom } from '../potentials/structures.ts';

describe('a plan of exponents', () => {
  const exponentials = (etas: number[]) => planExponents(etas).operations.filter(({ kind }) => kind === 'exp').length;

  test('makes multiples of a base from products: one exponential for 0.01, 0.03, 0.07, 0.2', () => {
    const plan = planExponents([0.2, 0.01, 0.07, 0.03]);
    expect(plan.etas).toEqual([0.01, 0.03, 0.07, 0.2]);
    expect(exponentials(plan.etas as number[])).toBe(1);
    expect(plan.operations.length).toBeLessThanOrEqual(7);
  });

  test('gives every eta its exponential', () => {
    const etas = [0, 0.011, 0.02, 0.022, 0.04, 0.7, 1.4, 2.8001, -0.3];
    const { operations, slots, etas: sorted } = planExponents([...etas, ...etas]);
    const x = 1.7;
    const values: number[] = [];
    for (const op of operations) values.push(op.kind === 'exp' ? Math.exp(-op.eta * x) : values[op.a] * values[op.b]);
    expect(sorted).toEqual([...etas].sort((a, b) => a - b));
    sorted.forEach((eta, k) => {
      const value = slots[k] < 0 ? 1 : values[slots[k]];
      expect(Math.abs(value / Math.exp(-eta * x) - 1)).toBeLessThan(1e-14);
    });
  });

  test('does not take a near multiple for a multiple', () => {
    expect(exponentials([0.01, 0.0300000001])).toBe(2);
    expect(exponentials([0.01, 0.65])).toBe(2);
  });
});

const structure = randomStructure({ seed: 1, natoms: 6, cell: null, species: [1, 8], box: 3 });
const functions = ([2, 3, 9, 12, 13, 20, 22, 25] as const).flatMap((type) => functionsOfType(type, [1, 8], 3));
const model = randomModel({ seed: 1, trainedOn: structure, species: [1, 8], functions });
const kernels = [
  ...nativeVariants().map((variant) => (blob: Float64Array) => nativeKernel(blob, { variant })),
  wasmKernel,
];

describe('a kernel', () => {
  test('refuses a blob that is empty, cut, too long or of another version', () => {
    const blob = planBlob([model]);
    const changed = (at: number, value: number) => blob.map((x, k) => (k === at ? value : x));
    for (const create of kernels) {
      expect(() => create(new Float64Array(0))).toThrow(/invalid at entry 0/);
      for (let length = 1; length < blob.length; length += 7)
        expect(() => create(blob.slice(0, length))).toThrow(/invalid/);
      expect(() => create(Float64Array.of(...blob, 0))).toThrow(/invalid/);
      expect(() => create(changed(0, 1))).toThrow(/entry 0/);
      expect(() => create(changed(1, 99))).toThrow(/entry 1/);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
        expect(() => create(changed(blob.length - 1, value))).toThrow();
    }
  });

  test('refuses or survives any changed entry of a blob', () => {
    const random = seededRandom(7);
    const blob = planBlob([model]);
    const values = [-1, 0, 1, 2, 7, 1e9, 2 ** 31, 2 ** 53, -1e300, 0.5];
    for (let k = 0; k < 400; k++) {
      const changed = blob.slice();
      changed[Math.floor(random() * blob.length)] = values[Math.floor(random() * values.length)];
      for (const create of kernels)
        try {
          create(changed);
        } catch (error) {
          expect((error as Error).message).toMatch(/invalid at entry \d+|cannot be prepared/);
        }
    }
  });
});

test('a weight that is not a number is an error of the kernel, not a NaN energy', () => {
  const broken = structuredClone(model);
  broken.elements[1].network.layers[0].weights[3] = Number.NaN;
  for (const create of kernels) expect(() => create(planBlob([broken]))).toThrow(/invalid/);
});

test('a function of an unknown element or subtype is named', () => {
  const withFunction = (sf: object) => () =>
    planBlob([{ ...model, elements: model.elements.map((e) => ({ ...e, symmetryFunctions: [sf as never] })) }]);
  expect(withFunction({ type: 2, e1: 92, eta: 1, rs: 0, rc: 3 })).toThrow(/atomic number 92/);
  expect(withFunction({ type: 20, e1: 1, rl: 0, rc: 3, subtype: 'q7' })).toThrow(/q7/);
});
