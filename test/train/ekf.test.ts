import { describe, expect, test } from 'vitest';
import { energyScale, forceScale, virialScale } from '../../src/train/loss.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { Covariance } from '../../src/train/optimisers/covariance.ts';
import { type EkfOptions, ExtendedKalmanFilter } from '../../src/train/optimisers/ekf.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { StructurePass } from '../../src/train/structure-pass.ts';
import { typescriptProgram } from '../../src/train/training-program.ts';
import { randomStructure } from './random-structure.ts';

const random = new RandomStream(8);
const numbers = (count: number) => Float64Array.from({ length: count }, () => 2 * random.next() - 1);

describe('covariance', () => {
  for (const size of [1, 2, 3, 4, 5, 8, 13, 30]) {
    test(`of size ${size} multiplies and downdates as plain loops do, and stays symmetric`, () => {
      const rows = 4;
      const covariance = new Covariance(size, 2);
      const plain = covariance.values.slice();
      for (let turn = 0; turn < 2; turn++) {
        const zt = numbers(size * rows).map((z) => 0.1 * z);
        covariance.update(zt, rows, 1, 0.9);
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            let sum = plain[i * size + j];
            for (let k = 0; k < rows; k++) sum -= zt[i * rows + k] * zt[j * rows + k];
            plain[i * size + j] = sum / 0.9;
          }
        }
      }
      const h = numbers(rows * size);
      const y = new Float64Array(rows * size);
      covariance.multiply(h, rows, y);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          expect(covariance.values[i * size + j]).toBeCloseTo(plain[i * size + j], 12);
          expect(covariance.values[i * size + j]).toBe(covariance.values[j * size + i]);
        }
        for (let k = 0; k < rows; k++) {
          let sum = 0;
          for (let j = 0; j < size; j++) sum += h[k * size + j] * plain[j * size + i];
          expect(y[k * size + i]).toBeCloseTo(sum, 12);
        }
      }
    });
  }
});

describe('extended Kalman filter', () => {
  const setUp = (forceRows: number) => {
    const networks = newNetworks([3], { sizes: [2], activations: ['t'] });
    initializeWeights(networks, new RandomStream(1));
    const pass = new StructurePass(networks);
    const loss = { energy: 5, force: 1, virial: 0.6, unit: 0.7 };
    const options: EkfOptions = {
      ...{ forceRows, forceChoice: 'random' as const, virialRows: 6, streams: 1 },
      ...{ lambda: 0.97, nu: 0.99, covariance: 10, processNoise: 0.1 },
    };
    return {
      networks,
      pass,
      loss,
      filter: new ExtendedKalmanFilter(typescriptProgram, pass, loss, options, new RandomStream(2)),
    };
  };

  test('with all force and virial components does one step of its textbook equations', () => {
    const structure = randomStructure(2, [3], 4);
    const { networks, pass, loss, filter } = setUp(6);
    const n = networks.weights.length;
    // H, ξ in file order: A and P do not depend on the order of the rows.
    const m = 13;
    const root = Math.sqrt(structure.weight);
    const h = Array.from({ length: m }, () => new Float64Array(n));
    const xi = new Float64Array(m);
    pass.load(structure);
    pass.addEnergyRow(root * energyScale(loss, 2), h[0], 0);
    xi[0] = root * energyScale(loss, 2) * (structure.energy - pass.energy);
    for (let k = 0; k < 6; k++) {
      pass.addForceRow(k, root * forceScale(loss), h[k + 1], 0);
      xi[k + 1] = root * forceScale(loss) * (structure.forces[k] - pass.force(k));
    }
    const virial = new Float64Array(6);
    pass.virial(virial);
    for (let v = 0; v < 6; v++) {
      pass.addVirialRow(v, root * virialScale(loss, 2), h[v + 7], 0);
      xi[v + 7] = root * virialScale(loss, 2) * (structure.virial[v] - virial[v]);
    }
    const before = networks.weights.slice();
    filter.update([structure]);
    // w + P Hᵀ (H P Hᵀ + λ)⁻¹ ξ with P = 10, by Gauss-Jordan elimination.
    const a = h.map((row, r) => [...h.map((other, s) => 10 * dot(row, other) + (r === s ? 0.97 : 0)), xi[r]]);
    for (let k = 0; k < m; k++) {
      for (let r = 0; r < m; r++) {
        if (r === k) continue;
        const factor = a[r][k] / a[k][k];
        for (let c = k; c <= m; c++) a[r][c] -= factor * a[k][c];
      }
    }
    const gain = a.map((row, k) => row[m] / row[k]);
    for (let w = 0; w < n; w++) {
      const step = h.reduce((sum, row, r) => sum + 10 * row[w] * gain[r], 0);
      expect(networks.weights[w]).toBeCloseTo(before[w] + step, 12);
    }
    expect(filter.state()['lambda'][0]).toBeCloseTo(0.99 * 0.97 + 0.01, 15);
  });

  test('does not use structures without labels', () => {
    const { networks, filter } = setUp(3);
    const before = networks.weights.slice();
    const structure = randomStructure(2, [3], 4);
    filter.update([
      { ...structure, energy: Number.NaN, labelled: new Int32Array(0), labelledVirial: new Int32Array(0) },
    ]);
    expect(networks.weights).toEqual(before);
  });

  test('says so when the numbers leave the finite range', () => {
    const { networks, filter } = setUp(3);
    networks.weights[0] = Number.NaN;
    expect(() => filter.update([randomStructure(2, [3], 4)])).toThrow(/training diverged/);
  });

  test('refuses a saved state of another size', () => {
    const { filter } = setUp(3);
    expect(() => filter.restore({ covariance: new Float64Array(4), lambda: new Float64Array(1) })).toThrow(
      /saved state "covariance": expected 66 numbers, found 4/,
    );
  });
});

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, k) => sum + x * b[k], 0);
}
