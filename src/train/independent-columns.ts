/** Columns whose values vary by less than this part of the most varying one are not looked at. */
const FLAT = 1e-4;
/** A column of which less than this part (of its variance) is not explained by those chosen adds nothing. */
const EXPLAINED = 1e-9;

/**
 * Which columns of a (rows, columns) row-major matrix say the most together: columns are centered and brought to variance 1; then the
 * one is taken whose part not explained by those already taken is the largest (QR with column pivoting, Businger and Golub, Numer. Math.
 * 7, 269 (1965); for symmetry functions: Imbalzano et al., J. Chem. Phys. 148, 241730 (2018)). At most `most`, ascending.
 */
export function independentColumns(matrix: Float64Array, columns: number, most: number): number[] {
  const rows = matrix.length / columns;
  const vectors = standardized(matrix, rows, columns);
  const left = vectors.map((vector) => (vector ? dot(vector, vector) : 0));
  const chosen: number[] = [];
  while (chosen.length < most) {
    const best = left.reduce((k, size, c) => (size > left[k] ? c : k), 0);
    const vector = vectors[best];
    if (!vector || left[best] < EXPLAINED) break;
    chosen.push(best);
    left[best] = 0;
    const size = Math.sqrt(dot(vector, vector));
    const unit = vector.map((x) => x / size);
    vectors[best] = undefined;
    vectors.forEach((other, c) => {
      if (!other) return;
      const along = dot(unit, other);
      for (let k = 0; k < rows; k++) other[k] -= along * unit[k];
      left[c] = dot(other, other);
    });
  }
  // A set of one element without any variation still needs an input.
  if (chosen.length === 0) chosen.push(0);
  return chosen.sort((a, b) => a - b);
}

/** Columns with mean 0 and length 1; undefined for those that hardly vary. */
function standardized(matrix: Float64Array, rows: number, columns: number): (Float64Array | undefined)[] {
  const vectors = Array.from({ length: columns }, (_, c) =>
    Float64Array.from({ length: rows }, (__, r) => matrix[r * columns + c]),
  );
  const sizes = vectors.map((vector) => {
    const mean = vector.reduce((sum, x) => sum + x, 0) / rows;
    for (let r = 0; r < rows; r++) vector[r] -= mean;
    return Math.sqrt(dot(vector, vector));
  });
  const largest = Math.max(...sizes);
  return vectors.map((vector, c) => (sizes[c] > FLAT * largest ? vector.map((x) => x / sizes[c]) : undefined));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
