/** How well predictions agree with labels, both in G0. */
export interface Scores {
  readonly frames: number;
  /** Coefficient of determination. */
  readonly r2: number;
  readonly mae: number;
  readonly rmse: number;
  /** Mean of prediction less label. */
  readonly bias: number;
}

export function scoresOf(predictions: readonly number[], labels: readonly number[]): Scores {
  const n = labels.length;
  const mean = labels.reduce((sum, g) => sum + g, 0) / n;
  let squares = 0;
  let spread = 0;
  let absolute = 0;
  let bias = 0;
  for (let k = 0; k < n; k++) {
    const error = predictions[k] - labels[k];
    squares += error * error;
    absolute += Math.abs(error);
    bias += error;
    spread += (labels[k] - mean) ** 2;
  }
  return { frames: n, r2: 1 - squares / spread, mae: absolute / n, rmse: Math.sqrt(squares / n), bias: bias / n };
}
