import { describe, expect, test } from 'vitest';
import { ProgramError } from '../../src/core/errors.ts';
import { repairMatMulGradient } from '../../src/tensorflow/gradients.ts';
import { RUNGS, type Rung } from '../../src/tensorflow/rungs.ts';
import { loadTensorflow, rungText, type Tensor, type Tf } from '../../src/tensorflow/tensorflow.ts';

const LOCAL: readonly Rung[] = ['tfjs-cpu', 'tfjs-wasm'];

const values = (x: Tensor) => Array.from(x.dataSync());

/** A smooth matrix without symmetry. */
const matrix = (tf: Tf, shape: number[], phase: number) => {
  const size = shape.reduce((product, n) => product * n, 1);
  const numbers = Float32Array.from({ length: size }, (_, k) => Math.sin(1.7 * k + phase));
  return tf.tensor(numbers, shape);
};

describe('ladder', () => {
  test('an engine is found, and the text names it and why those above it were not used', async () => {
    const engine = await loadTensorflow();
    expect(RUNGS).toContain(engine.rung);
    const above = RUNGS.slice(0, RUNGS.indexOf(engine.rung));
    expect(engine.refused.map(({ rung }) => rung)).toEqual(above);
    for (const rung of above) expect(rungText(engine)).toContain(`${rung}: `);
    expect(rungText(engine)).toMatch(/^tfjs-\S+ \(TensorFlow\.js \d/);
  });

  test('a rung that is asked for is the one that computes, or is refused by name', async () => {
    for (const rung of RUNGS) {
      const found = await loadTensorflow(rung).catch((error: unknown) => error);
      if (found instanceof ProgramError) {
        expect(found.message).toContain(rung);
        expect(LOCAL).not.toContain(rung);
        continue;
      }
      const { tf, rung: used, refused } = found as Awaited<ReturnType<typeof loadTensorflow>>;
      expect([used, refused]).toEqual([rung, []]);
      if (LOCAL.includes(rung)) expect(`tfjs-${tf.getBackend()}`).toBe(rung);
      expect(values(tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])) as Tensor)).toEqual([11]);
    }
  });
});

describe.each(LOCAL)('gradients on %s', (rung) => {
  test('second derivatives of tanh, sigmoid and exp agree with central differences', async () => {
    const { tf } = await loadTensorflow(rung);
    const functions: [(x: Tensor) => Tensor, (x: number) => number][] = [
      [(x) => tf.tanh(x), (x) => Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
      [(x) => tf.sigmoid(x), (x) => (1 / (1 + Math.exp(-x))) ** 2 * (1 - 1 / (1 + Math.exp(-x)))],
      [(x) => tf.exp(x), (x) => Math.exp(2 * x)],
    ];
    for (const [f, product] of functions) {
      // The gradient of f f' mixes values, first and second derivatives, as a loss with forces does.
      const mixed = tf.grad((x: Tensor) => tf.sum(tf.mul(f(x), tf.grad(f)(x))));
      const h = 1e-5;
      for (const x of [-1.3, 0.7]) {
        const wanted = (product(x + h) - product(x - h)) / (2 * h);
        expect(values(mixed(tf.tensor1d([x])))[0]).toBeCloseTo(wanted, 4);
      }
    }
  });

  test('the gradient of matMul is that of the definition for all flags, and for a broadcast batch', async () => {
    const { tf } = await loadTensorflow(rung);
    repairMatMulGradient(tf);
    const cases: [number[], number[], boolean, boolean][] = [
      [[3, 4], [4, 2], false, false],
      [[4, 3], [4, 2], true, false],
      [[3, 4], [2, 4], false, true],
      [[4, 3], [2, 4], true, true],
      [[2, 3, 4], [2, 4, 5], false, false],
      [[2, 4, 3], [2, 5, 4], true, true],
      [[2, 3, 4], [1, 4, 5], false, false],
    ];
    for (const [left, right, turnA, turnB] of cases) {
      const a = matrix(tf, left, 0.3);
      const b = matrix(tf, right, 1.1);
      const product = (x: Tensor, y: Tensor) => tf.matMul(x, y, turnA, turnB) as Tensor;
      const weight = matrix(tf, product(a, b).shape, 2.3);
      const [da, db] = tf.grads((x: Tensor, y: Tensor) => tf.sum(tf.mul(weight, product(x, y))) as Tensor)([a, b]);
      expect([da.shape, db.shape]).toEqual([left, right]);
      // The sum is linear in either factor: its gradient times the factor is the sum itself.
      const sum = values(tf.sum(tf.mul(weight, product(a, b))) as Tensor)[0];
      expect(values(tf.sum(tf.mul(da, a)) as Tensor)[0]).toBeCloseTo(sum, 4);
      expect(values(tf.sum(tf.mul(db, b)) as Tensor)[0]).toBeCloseTo(sum, 4);
      const step = tf.oneHot(tf.tensor1d([1], 'int32'), a.size).reshape(left) as Tensor;
      const moved = values(tf.sum(tf.mul(weight, product(tf.add(a, step) as Tensor, b))) as Tensor)[0];
      expect(values(da)[1]).toBeCloseTo(moved - sum, 4);
    }
  });

  test('gather has a gradient that adds up rows taken twice', async () => {
    const { tf } = await loadTensorflow(rung);
    const rows = tf.tensor1d([0, 2, 2], 'int32');
    const gradient = tf.grad((x: Tensor) => tf.sum(tf.square(tf.gather(x, rows))) as Tensor);
    expect(
      values(
        gradient(
          tf.tensor2d([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
      ),
    ).toEqual([2, 4, 0, 0, 20, 24]);
  });
});
