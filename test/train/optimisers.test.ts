import { describe, expect, test } from 'vitest';
import { ENERGY_ROW, virialRow } from '../../potentials/kernels/training/training-kernel.ts';
import {
  addLossGradient,
  energyScale,
  forceScale,
  type LossWeights,
  totalLoss,
  virialScale,
} from '../../src/train/loss.ts';
import { type LossGradient, PassGradient } from '../../src/train/loss-gradient.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { Adam, type AdamOptions } from '../../src/train/optimisers/adam.ts';
import { ComponentChooser } from '../../src/train/optimisers/component-chooser.ts';
import { Lbfgs } from '../../src/train/optimisers/lbfgs.ts';
import { LevenbergMarquardt } from '../../src/train/optimisers/levenberg-marquardt.ts';
import type { Optimiser } from '../../src/train/optimisers/optimiser.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { typescriptProgram } from '../../src/train/training-program.ts';
import { randomStructure } from './random-structure.ts';

const LOSS: LossWeights = { energy: 3, force: 1, virial: 0.5, unit: 0.9 };
const structures = [4, 5, 3, 6].map((natoms, k) => randomStructure(natoms, [4, 3], 30 + k));

function setUp() {
  const networks = newNetworks([4, 3], { sizes: [5], activations: ['t'] });
  initializeWeights(networks, new RandomStream(1));
  const pass = typescriptProgram.passes(networks);
  const gradient: LossGradient = new PassGradient(pass, LOSS);
  return { networks, pass, gradient };
}

/** Losses before each update and after the last. */
function course(optimiser: Optimiser, pass: ReturnType<typeof setUp>['pass'], updates: number): number[] {
  const losses = [totalLoss(pass, structures, LOSS)];
  for (let k = 0; k < updates; k++) {
    optimiser.update(structures);
    losses.push(totalLoss(pass, structures, LOSS));
  }
  return losses;
}

/** A filter that was stopped, saved and restored must go on as one that was not. */
function expectExactContinuation(make: (parts: ReturnType<typeof setUp>, random: RandomStream) => Optimiser): void {
  const [whole, first, second] = [setUp(), setUp(), setUp()];
  const random = new RandomStream(9);
  course(make(whole, random), whole.pass, 6);
  const before = new RandomStream(9);
  const stopped = make(first, before);
  course(stopped, first.pass, 3);
  const state = structuredClone(stopped.state());
  second.networks.weights.set(first.networks.weights);
  const resumed = make(second, new RandomStream(9, before.draws));
  resumed.restore(state);
  course(resumed, second.pass, 3);
  expect(second.networks.weights).toEqual(whole.networks.weights);
}

describe('the total loss', () => {
  test('is the sum of the losses whose gradients are taken', () => {
    const { pass, networks } = setUp();
    const gradient = new Float64Array(networks.weights.length);
    const sum = structures.reduce((total, structure) => total + addLossGradient(pass, structure, LOSS, gradient), 0);
    expect(totalLoss(pass, structures, LOSS)).toBeCloseTo(sum, 12);
  });
});

describe('Levenberg-Marquardt', () => {
  const make = (forceFraction: number) => (parts: ReturnType<typeof setUp>, random: RandomStream) =>
    new LevenbergMarquardt(typescriptProgram, parts.pass, LOSS, { forceFraction, damping: 1 }, random);

  test('never raises the loss and comes far below the first one', () => {
    const parts = setUp();
    const losses = course(make(1)(parts, new RandomStream(2)), parts.pass, 12);
    for (let k = 1; k < losses.length; k++) expect(losses[k]).toBeLessThanOrEqual(losses[k - 1]);
    expect(losses[12]).toBeLessThan(0.3 * losses[0]);
  });

  test('its first step with all rows solves the damped normal equations', () => {
    const { pass, networks, gradient } = setUp();
    const n = networks.weights.length;
    const before = networks.weights.slice();
    // (JᵀJ + μ (diag + 10⁻⁶)) δ − Jᵀξ, summed up row by row.
    const rows = structures.flatMap((structure) => {
      const { natoms, energy, forces, virial, weight } = structure;
      const codes = Int32Array.of(ENERGY_ROW, ...forces.keys(), ...[0, 1, 2, 3, 4, 5].map(virialRow));
      const [e, w] = [energyScale(LOSS, natoms), virialScale(LOSS, natoms) / Math.sqrt(6)];
      const f = forceScale(LOSS) / Math.sqrt(3 * natoms);
      const scales = Float64Array.of(e, ...forces.map(() => f), w, w, w, w, w, w).map((x) => Math.sqrt(weight) * x);
      const labels = [energy, ...forces, ...virial];
      const [values, h] = [new Float64Array(codes.length), new Float64Array(codes.length * n)];
      pass.load(structure);
      pass.rows({ codes, scales, values, rows: h });
      return labels.map((label, r) => ({
        row: h.subarray(r * n, r * n + n),
        error: scales[r] * (label - values[r]),
      }));
    });
    const optimiser = make(1)({ pass, networks, gradient }, new RandomStream(2));
    optimiser.update(structures);
    // A success divides the damping by 4.
    const damping = 4 * optimiser.state()['numbers'][0];
    expect(damping).toBeGreaterThanOrEqual(1);
    const step = networks.weights.map((w, k) => w - before[k]);
    const right = new Float64Array(n);
    const left = new Float64Array(n);
    for (const { row, error } of rows) {
      const along = row.reduce((sum, x, k) => sum + x * step[k], 0);
      row.forEach((x, k) => {
        right[k] += x * error;
        left[k] += x * along + damping * x * x * step[k];
      });
    }
    for (let k = 0; k < n; k++)
      expect(Math.abs(left[k] + damping * 1e-6 * step[k] - right[k])).toBeLessThan(1e-9 * Math.hypot(...right));
  });

  test('goes on exactly where it was saved', () => expectExactContinuation(make(0.4)));
});

describe('L-BFGS', () => {
  const make = (parts: ReturnType<typeof setUp>) => new Lbfgs(parts.networks.weights, parts.gradient, { memory: 3 });

  test('never raises the loss and comes far below the first one', () => {
    const parts = setUp();
    const losses = course(make(parts), parts.pass, 60);
    for (let k = 1; k < losses.length; k++) expect(losses[k]).toBeLessThanOrEqual(losses[k - 1]);
    expect(losses[60]).toBeLessThan(0.3 * losses[0]);
  });

  test('finds the minimum of a quadratic function', () => {
    const weights = new Float64Array(12).fill(1);
    const scales = weights.map((_, k) => 10 ** (k / 4));
    const quadratic = {
      add: (_: unknown, gradient: Float64Array) => {
        weights.forEach((w, k) => {
          gradient[k] += scales[k] * (w - k);
        });
        return weights.reduce((sum, w, k) => sum + 0.5 * scales[k] * (w - k) ** 2, 0);
      },
    };
    const optimiser = new Lbfgs(weights, quadratic, { memory: 20 });
    for (let k = 0; k < 60; k++) optimiser.update(structures.slice(0, 1));
    weights.forEach((w, k) => {
      expect(w).toBeCloseTo(k, 6);
    });
  });

  test('goes on exactly where it was saved', () => expectExactContinuation(make));
});

describe('Adam', () => {
  const make = (options: Partial<AdamOptions>) => (parts: ReturnType<typeof setUp>) =>
    new Adam(
      parts.networks.weights,
      parts.gradient,
      { batch: 4, learningRate: 0.02, learningRateEnd: 0.0002, schedule: 'constant', ...options },
      40,
    );

  test('moves each weight by the learning rate of its schedule when the gradient stays the same', () => {
    const rates = (options: Partial<AdamOptions>) => {
      const weights = Float64Array.of(0);
      const slope = { add: (_: unknown, gradient: Float64Array) => (gradient[0] += 8) };
      const optimiser = make(options)({ ...setUp(), gradient: slope, networks: { shapes: [], weights } });
      return Array.from({ length: 12 }, () => {
        const before = weights[0];
        optimiser.update(structures);
        return before - weights[0];
      });
    };
    for (const rate of rates({})) expect(rate).toBeCloseTo(0.02, 8);
    const exponential = rates({ schedule: 'exponential' });
    expect(exponential[0]).toBeCloseTo(0.02, 8);
    expect(exponential[5]).toBeCloseTo(0.002, 8);
    expect(exponential[11]).toBeCloseTo(0.0002, 8);
    const cosine = rates({ schedule: 'cosine' });
    expect(cosine[0]).toBeCloseTo(0.02, 8);
    expect(cosine[5]).toBeCloseTo(0.0101, 8);
    expect(cosine[11]).toBeCloseTo(0.0002, 8);
  });

  test('lowers the loss', () => {
    const parts = setUp();
    const losses = course(make({})(parts), parts.pass, 100);
    expect(losses[100]).toBeLessThan(0.5 * losses[0]);
  });

  test('goes on exactly where it was saved', () => expectExactContinuation(make({ schedule: 'cosine' })));
});

describe('the choice of components', () => {
  const from = Int32Array.of(0, 2, 5, 7);

  test('is without repetition and alike for all', () => {
    const chooser = new ComponentChooser(new RandomStream(4));
    const counts = new Map<number, number>();
    for (let k = 0; k < 4000; k++) {
      const chosen = chooser.alike(from, 2).slice();
      expect(new Set(chosen).size).toBe(2);
      for (const c of chosen) counts.set(c, (counts.get(c) ?? 0) + 1);
    }
    for (const c of from) expect(Math.abs((counts.get(c) ?? 0) - 2000)).toBeLessThan(150);
    expect([...chooser.alike(from, 9)].sort()).toEqual([...from]);
  });

  test('is proportional to the sizes when one is drawn by size', () => {
    const chooser = new ComponentChooser(new RandomStream(4));
    const sizes = Float64Array.of(1, 100, 2, 100, 100, 0, 100, 5);
    const counts = new Map<number, number>();
    for (let k = 0; k < 8000; k++) {
      const [chosen] = chooser.bySize(from, sizes, 1);
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    for (const [c, expected] of [
      [0, 1000],
      [2, 2000],
      [7, 5000],
    ])
      expect(Math.abs((counts.get(c) ?? 0) - expected)).toBeLessThan(200);
    expect(counts.get(5) ?? 0).toBe(0);
  });
});
