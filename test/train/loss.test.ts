import { describe, expect, test } from 'vitest';
import type { Activation } from '../../potentials/hdnnp-model.ts';
import { addLossGradient, energyScale, forceScale, type LossWeights, virialScale } from '../../src/train/loss.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { StructurePass } from '../../src/train/structure-pass.ts';
import { randomStructure } from './random-structure.ts';

const LOSS: LossWeights = { energy: 7, force: 0.8, virial: 3, unit: 1.3 };

function passOf(letters: readonly Activation[]): StructurePass {
  const networks = newNetworks([5, 3], { sizes: letters.map((_, l) => 4 - l), activations: letters });
  const random = new RandomStream(5);
  initializeWeights(networks, random);
  for (let k = 0; k < networks.weights.length; k++) networks.weights[k] += 0.1 * (random.next() - 0.5);
  return new StructurePass(networks);
}

describe('gradient of the loss', () => {
  for (const letter of ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'] as const) {
    test(`equals central differences for activation ${letter}`, () => {
      const pass = passOf([letter, letter]);
      const structure = randomStructure(5, [5, 3], 11);
      const { weights } = pass.networks;
      const gradient = new Float64Array(weights.length);
      addLossGradient(pass, structure, LOSS, gradient);
      const scale = Math.hypot(...gradient);
      const loss = () => addLossGradient(pass, structure, LOSS, new Float64Array(weights.length));
      for (let k = 0; k < weights.length; k++) {
        const kept = weights[k];
        const at = (step: number) => {
          weights[k] = kept + step;
          return loss();
        };
        const h = 1e-3;
        // Sixth-order central difference.
        const slope = (45 * (at(h) - at(-h)) - 9 * (at(2 * h) - at(-2 * h)) + (at(3 * h) - at(-3 * h))) / (60 * h);
        weights[k] = kept;
        expect(Math.abs(slope - gradient[k])).toBeLessThan(1e-7 * scale);
      }
    });
  }

  test('is the sum of the Jacobian rows of the Kalman filter times the errors', () => {
    const pass = passOf(['t', 'p']);
    const structure = randomStructure(6, [5, 3], 3);
    const n = pass.networks.weights.length;
    const gradient = new Float64Array(n);
    addLossGradient(pass, structure, LOSS, gradient);
    const forces = new Float64Array(3 * structure.natoms);
    pass.forces(forces);
    const sum = new Float64Array(n);
    const eScale = energyScale(LOSS, structure.natoms);
    const { weight } = structure;
    pass.addEnergyRow(2 * weight * eScale * eScale * (pass.energy - structure.energy), sum, 0);
    const virial = new Float64Array(6);
    pass.virial(virial);
    for (let v = 0; v < 6; v++) {
      const byVirial = (2 * weight * virialScale(LOSS, 6) ** 2 * (virial[v] - structure.virial[v])) / 6;
      pass.addVirialRow(v, byVirial, sum, 0);
    }
    for (let k = 0; k < forces.length; k++) {
      expect(pass.force(k)).toBeCloseTo(forces[k], 13);
      const byForce = (2 * weight * forceScale(LOSS) ** 2 * (forces[k] - structure.forces[k])) / forces.length;
      pass.addForceRow(k, byForce, sum, 0);
    }
    const scale = Math.hypot(...gradient);
    for (let k = 0; k < n; k++) expect(Math.abs(sum[k] - gradient[k])).toBeLessThan(1e-12 * scale);
  });

  test('does not count labels that are NaN', () => {
    const pass = passOf(['t']);
    const full = randomStructure(4, [5, 3], 9);
    const forces = full.forces.map((f, k) => (k % 2 === 0 ? f : Number.NaN));
    const structure = {
      ...full,
      energy: Number.NaN,
      forces,
      labelled: Int32Array.of(0, 2, 4, 6, 8, 10),
      virial: full.virial.map(() => Number.NaN),
      labelledVirial: new Int32Array(0),
    };
    const gradient = new Float64Array(pass.networks.weights.length);
    const loss = addLossGradient(pass, structure, LOSS, gradient);
    const predicted = new Float64Array(12);
    pass.forces(predicted);
    const expected =
      structure.weight *
      structure.labelled.reduce((sum, k) => sum + (forceScale(LOSS) * (predicted[k] - forces[k])) ** 2 / 6, 0);
    expect(loss).toBeCloseTo(expected, 12);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});
