import { describe, expect, test } from 'vitest';
import { evaluatePooledNetwork } from '../../../potentials/networks/pooled-network-evaluate.ts';
import { symmetricEigen } from '../../../src/conductance/linear-algebra/symmetric-eigen.ts';
import { foldedNetwork } from '../../../src/conductance/predictor/fit-models.ts';
import { plainMap } from '../../../src/conductance/predictor/input-map.ts';
import {
  forward,
  initialParameters,
  layoutOf,
  maskedMaximum,
  parameterTensors,
} from '../../../src/conductance/predictor/network.ts';
import { fitProjection, projectRow, projectRows } from '../../../src/conductance/predictor/projection.ts';
import { RECIPES } from '../../../src/conductance/predictor/recipes.ts';
import { trainMember } from '../../../src/conductance/predictor/train-member.ts';
import { batchTensors, type Input } from '../../../src/conductance/predictor/training-set.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { loadTensorflow } from '../../../src/tensorflow/tensorflow.ts';

const { tf } = await loadTensorflow();
const WIDTHS = { atomLayers: [7, 5], sliceLayers: [6], headLayers: [4] };

function snapshots(counts: readonly number[], width: number): Input[] {
  const random = seededRandom(5);
  return counts.map((n) => ({
    rows: Float32Array.from({ length: n * width }, () => 2 * random() - 1),
    heights: Float64Array.from({ length: n }, () => 30 * random()),
  }));
}

describe('masked maximum', () => {
  test('takes the largest that counts and sends the gradient to the first of equal ones', () => {
    const h = tf.tensor3d([1, 5, 3, 5, 9, 9, 2, 8, 3, 8, 0, 7], [2, 3, 2]);
    const mask = tf.tensor3d([1, 1, 0, 1, 1, 1], [2, 3, 1]);
    expect(Array.from(maskedMaximum(tf, h, mask).dataSync())).toEqual([3, 5, 3, 8]);
    const gradient = tf.grad((x) => tf.sum(maskedMaximum(tf, x, mask)))(h);
    expect(Array.from(gradient.dataSync())).toEqual([0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
  });

  test('a snapshot without atoms is an error, not a zero', () => {
    const layout = layoutOf('gmp', 3, { ...RECIPES.gmp, ...WIDTHS });
    expect(() => batchTensors(tf, layout, snapshots([2, 0], 3))).toThrow(/no mobile atom/);
  });
});

describe.each(['gmp', 'gap', 'slice'] as const)('%s', (model) => {
  test('the folded network gives what TensorFlow.js gives, for snapshots of different size in one batch', () => {
    const rows = Float32Array.from({ length: 200 * 9 }, (_, k) => 3 + Math.sin(k * k) * (1 + (k % 9)));
    const projection = fitProjection(tf, rows, 9, 6);
    const raw = snapshots([4, 11, 1], 9);
    const layout = layoutOf(model, 6, { ...RECIPES[model], ...WIDTHS });
    const parameters = initialParameters(layout, 3);
    parameters.forEach((p, k) => {
      if (k % 2 === 1) p.fill(0.3);
    });
    const inputs = raw.map(({ rows: r, heights }) => ({ rows: projectRows(tf, r, projection), heights }));
    const trained = forward(tf, layout, parameterTensors(tf, layout, parameters), batchTensors(tf, layout, inputs));
    const network = foldedNetwork(layout, parameters, plainMap(projection));
    trained.dataSync().forEach((g, k) => {
      expect(Math.abs(evaluatePooledNetwork(network, raw[k].rows, raw[k].heights) - g)).toBeLessThan(
        1e-5 * (1 + Math.abs(g)),
      );
    });
  });

  test('learns a function of the atoms it pools', async () => {
    const width = 3;
    const inputs = snapshots(
      Array.from({ length: 60 }, (_, k) => 3 + (k % 5)),
      width,
    );
    const targets = Float64Array.from(inputs, ({ rows }) => {
      const first = Array.from(rows.filter((_, k) => k % width === 0));
      return model === 'gap' ? first.reduce((a, b) => a + b) / first.length : Math.max(...first);
    });
    const recipe = { ...RECIPES[model], ...WIDTHS, noise: 0, epochs: 60, learningRate: 1e-2, batch: 16 };
    const all = { inputs, targets };
    const state = await trainMember(tf, {
      layout: layoutOf(model, width, recipe),
      recipe,
      seeds: { weights: 1, order: 2, noise: 3 },
      training: all,
      validation: all,
      onEpoch: async () => true,
    });
    const mean = targets.reduce((a, b) => a + b) / targets.length;
    const spread = targets.reduce((sum, t) => sum + Math.abs(t - mean), 0) / targets.length;
    // A slice is a mean over several atoms: their largest number can be told less well from it.
    expect(state.best.error).toBeLessThan((model === 'slice' ? 0.6 : 0.3) * spread);
    expect(state.epochs[59].loss).toBeLessThan(state.epochs[0].loss);
  });
});

describe('projection', () => {
  test('has the leading eigenvectors of the covariance, divided by the fourth root of the variance', () => {
    const [count, n] = [300, 8];
    const random = seededRandom(4);
    const rows = Float32Array.from(
      { length: count * n },
      (_, k) => (random() - 0.5) * (1 + (k % n)) + 0.5 * Math.sin(k),
    );
    const projection = fitProjection(tf, rows, n, 3);
    const standard = Float64Array.from(rows, (v, k) => (v - projection.mean[k % n]) / projection.scale[k % n]);
    const covariance = new Float64Array(n * n);
    for (let r = 0; r < count; r++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) covariance[i * n + j] += (standard[r * n + i] * standard[r * n + j]) / count;
    const { values, vectors } = symmetricEigen(covariance, n);
    for (let k = 0; k < 3; k++) {
      const column = Float64Array.from({ length: n }, (_, f) => projection.components[f * 3 + k]);
      const norm = Math.hypot(...column);
      expect(norm).toBeCloseTo(values[n - 1 - k] ** -0.25, 4);
      const overlap = column.reduce((sum, c, f) => sum + c * vectors[(n - 1 - k) * n + f], 0) / norm;
      expect(Math.abs(overlap)).toBeCloseTo(1, 4);
    }
    const once = projectRow(rows.subarray(0, n), projection);
    projectRows(tf, rows.slice(0, n), projection).forEach((value, k) => {
      expect(value).toBeCloseTo(once[k], 5);
    });
  });
});
