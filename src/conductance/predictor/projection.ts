import { seededRandom } from '../../core/random.ts';
import type { Tf } from '../../tensorflow/tensorflow.ts';
import { symmetricEigen } from '../linear-algebra/symmetric-eigen.ts';

/** Principal components of standardised features: y = (x − mean)/scale · components. */
export interface Projection {
  readonly features: number;
  readonly kept: number;
  /** (features). */
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  /** (features,kept) row-major; component k divided by the fourth root of its variance. */
  readonly components: Float64Array;
}

/** Room for directions beyond those that are kept, and rounds of the subspace iteration. */
const SPARE = 32;
const ROUNDS = 24;
const CHUNK = 2000;
/** Of the largest: components below it are the rounding of features in single precision. */
const LEAST_VARIANCE = 1e-5;

/**
 * Fits the projection to rows (count, features) of training features, by subspace iteration on their covariance. `scale` is the
 * standard deviation plus 1e-3 of that of all entries, so that features that never change stay small.
 */
export function fitProjection(tf: Tf, rows: Float32Array, features: number, wanted: number): Projection {
  const count = rows.length / features;
  const most = Math.min(wanted, features, count);
  const { mean, scale } = moments(rows, features);
  const covariance = covarianceOf(tf, rows, { features, mean, scale });
  const { values, vectors } = leadingEigenvectors(tf, covariance, features, most);
  const kept = values.filter((v) => v > LEAST_VARIANCE * values[0]).length;
  const components = new Float64Array(features * kept);
  for (let k = 0; k < kept; k++) {
    const whitened = values[k] ** -0.25;
    for (let f = 0; f < features; f++) components[f * kept + k] = vectors[f * most + k] * whitened;
  }
  return { features, kept, mean, scale, components };
}

function moments(rows: Float32Array, features: number): { mean: Float64Array; scale: Float64Array } {
  const count = rows.length / features;
  const mean = new Float64Array(features);
  const square = new Float64Array(features);
  for (let r = 0, k = 0; r < count; r++) for (let f = 0; f < features; f++, k++) mean[f] += rows[k] / count;
  for (let r = 0, k = 0; r < count; r++) for (let f = 0; f < features; f++, k++) square[f] += (rows[k] - mean[f]) ** 2;
  const middle = mean.reduce((sum, m) => sum + m, 0) / features;
  let all = 0;
  for (let f = 0; f < features; f++) all += (square[f] / count + (mean[f] - middle) ** 2) / features;
  const floor = 1e-3 * Math.sqrt(all) || 1;
  return { mean, scale: square.map((s) => Math.sqrt(s / count) + floor) };
}

type Standard = Pick<Projection, 'features' | 'mean' | 'scale'>;

/** Rows (count, features) standardised, in single precision. */
function standardised(rows: Float32Array, { features, mean, scale }: Standard): Float32Array {
  const out = new Float32Array(rows.length);
  for (let k = 0; k < rows.length; k++) {
    const f = k % features;
    out[k] = (rows[k] - mean[f]) / scale[f];
  }
  return out;
}

/** Sums of CHUNK rows in single precision, over the chunks in double. */
function covarianceOf(tf: Tf, rows: Float32Array, standard: Standard): Float64Array {
  const { features } = standard;
  const count = rows.length / features;
  const out = new Float64Array(features * features);
  for (let from = 0; from < count; from += CHUNK) {
    const part = standardised(rows.subarray(from * features, Math.min(count, from + CHUNK) * features), standard);
    const product = tf.tidy(() => {
      const x = tf.tensor2d(part, [part.length / features, features]);
      return tf.matMul(tf.transpose(x), x).dataSync() as Float32Array;
    });
    for (let k = 0; k < out.length; k++) out[k] += product[k] / count;
  }
  return out;
}

/** The `kept` largest eigenvalues and their eigenvectors as columns (n,kept): Rayleigh-Ritz after subspace iteration. */
function leadingEigenvectors(tf: Tf, matrix: Float64Array, n: number, kept: number) {
  const width = Math.min(n, kept + SPARE);
  const random = seededRandom(1);
  let basis = orthonormal(
    Float64Array.from({ length: n * width }, () => random() - 0.5),
    n,
    width,
  );
  const single = tf.tensor2d(Float32Array.from(matrix), [n, n]);
  for (let round = 0; round < ROUNDS; round++) {
    const product = tf.tidy(() => tf.matMul(single, tf.tensor2d(Float32Array.from(basis), [n, width])).dataSync());
    basis = orthonormal(Float64Array.from(product), n, width);
  }
  single.dispose();
  const image = multiply(matrix, basis, n, width);
  const small = new Float64Array(width * width);
  for (let f = 0; f < n; f++)
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++) small[i * width + j] += basis[f * width + i] * image[f * width + j];
  for (let i = 0; i < width; i++)
    for (let j = 0; j < i; j++)
      small[i * width + j] = small[j * width + i] = (small[i * width + j] + small[j * width + i]) / 2;
  const { values, vectors } = symmetricEigen(small, width);
  const largest = Float64Array.from({ length: kept }, (_, k) => values[width - 1 - k]);
  const out = new Float64Array(n * kept);
  for (let f = 0; f < n; f++)
    for (let k = 0; k < kept; k++) {
      const row = (width - 1 - k) * width;
      for (let i = 0; i < width; i++) out[f * kept + k] += basis[f * width + i] * vectors[row + i];
    }
  return { values: largest, vectors: out };
}

function multiply(a: Float64Array, b: Float64Array, n: number, width: number): Float64Array {
  const out = new Float64Array(n * width);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const value = a[i * n + k];
      for (let j = 0; j < width; j++) out[i * width + j] += value * b[k * width + j];
    }
  return out;
}

/** Columns of (n,width) made orthonormal, Gram-Schmidt done twice; a column that vanishes becomes a unit vector first. */
function orthonormal(columns: Float64Array, n: number, width: number): Float64Array {
  const rows = new Float64Array(width * n);
  for (let f = 0; f < n; f++) for (let k = 0; k < width; k++) rows[k * n + f] = columns[f * width + k];
  for (let k = 0; k < width; k++) {
    const own = rows.subarray(k * n, (k + 1) * n);
    let norm = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0));
    if (!(norm > 1e-30)) own[k % n] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < k; j++) {
        const other = rows.subarray(j * n, (j + 1) * n);
        let overlap = 0;
        for (let f = 0; f < n; f++) overlap += own[f] * other[f];
        for (let f = 0; f < n; f++) own[f] -= overlap * other[f];
      }
      norm = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0));
      for (let f = 0; f < n; f++) own[f] /= norm || 1;
    }
  }
  const out = new Float64Array(n * width);
  for (let f = 0; f < n; f++) for (let k = 0; k < width; k++) out[f * width + k] = rows[k * n + f];
  return out;
}

/** Rows (count, features) as components (count, kept), on the engine of TensorFlow.js: for training. */
export function projectRows(tf: Tf, rows: Float32Array, projection: Projection): Float32Array {
  const { features, kept, components } = projection;
  const part = standardised(rows, projection);
  return tf.tidy(() => {
    const x = tf.tensor2d(part, [part.length / features, features]);
    return tf.matMul(x, tf.tensor2d(Float32Array.from(components), [features, kept])).dataSync() as Float32Array;
  });
}

/** One row (features) as components (kept), in double precision. */
export function projectRow(
  row: ArrayLike<number>,
  { features, kept, mean, scale, components }: Projection,
): Float64Array {
  const out = new Float64Array(kept);
  for (let f = 0; f < features; f++) {
    const value = (row[f] - mean[f]) / scale[f];
    for (let k = 0; k < kept; k++) out[k] += value * components[f * kept + k];
  }
  return out;
}
