import type { Tensor, Tf } from './engines.ts';

/**
 * Second derivatives of tanh, sigmoid and exp. TensorFlow.js saves the output of these for the gradient, and the saved copy no longer
 * depends on x: a loss that contains a first derivative (forces) gets a wrong gradient without any message
 * (https://github.com/tensorflow/tfjs/issues/3252). Here the input is saved and the output computed again. Not repaired: elu, selu,
 * softmax and others that save their output.
 */
export function repairSecondDerivatives(tf: Tf): void {
  const register = (kernelName: string, slope: (x: Tensor) => Tensor) => {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as Tensor, slope(x)) }),
    });
  };
  register('Tanh', (x) => tf.sub(1, tf.square(tf.tanh(x))));
  register('Sigmoid', (x) => {
    const y = tf.sigmoid(x);
    return tf.mul(y, tf.sub(1, y));
  });
  register('Exp', (x) => tf.exp(x));
}

/**
 * Gradient of matMul with explicit transposes. On wasm a transpose flag takes a plain loop that is about ten times slower than the
 * multiplication without flags, and the gradient that comes with TensorFlow.js uses nothing else.
 */
export function repairMatMulGradient(tf: Tf): void {
  const turned = (x: Tensor) => tf.transpose(x, [...Array(x.rank - 2).keys(), x.rank - 1, x.rank - 2]);
  tf.unregisterGradient('BatchMatMul');
  tf.registerGradient({
    kernelName: 'BatchMatMul',
    inputsToSave: ['a', 'b'],
    gradFunc: (gradient, [a, b], attributes) => {
      const dy = gradient as Tensor;
      const { transposeA, transposeB } = attributes as unknown as { transposeA: boolean; transposeB: boolean };
      return {
        a: () => {
          const da = unbroadcast(tf, tf.matMul(dy, transposeB ? b : turned(b)), a.shape, transposeA);
          return transposeA ? turned(da) : da;
        },
        b: () => {
          const db = unbroadcast(tf, tf.matMul(transposeA ? a : turned(a), dy), b.shape, transposeB);
          return transposeB ? turned(db) : db;
        },
      };
    },
  });
}

/** Sums over the batch where the operand of shape (…, p, q) has a batch of 1 that was broadcast. */
function unbroadcast(tf: Tf, gradient: Tensor, shape: readonly number[], isTurned: boolean): Tensor {
  const axes = shape.slice(0, -2).flatMap((size, axis) => (size === 1 && gradient.shape[axis] !== 1 ? [axis] : []));
  if (axes.length === 0) return gradient;
  const [rows, columns] = shape.slice(-2);
  return tf.reshape(tf.sum(gradient, axes), [...shape.slice(0, -2), ...(isTurned ? [columns, rows] : [rows, columns])]);
}
