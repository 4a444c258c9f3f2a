import { expect, test } from 'vitest';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { independentColumns } from '../../src/train/independent-columns.ts';

const random = seededRandom(3);
const rows = 200;

function matrixOf(...columns: ((row: readonly number[]) => number)[]): Float64Array {
  return Float64Array.from(
    Array.from({ length: rows }, () => {
      const base = [gaussian(random), gaussian(random), gaussian(random)];
      return columns.map((column) => column(base));
    }).flat(),
  );
}

test('columns that follow from others, and constant ones, are not taken', () => {
  const matrix = matrixOf(
    ([a]) => a,
    ([a]) => 3 * a - 7,
    ([, b]) => b,
    ([a, b]) => a + b,
    () => 4,
    ([, , c]) => 0.01 * c,
  );
  const chosen = independentColumns(matrix, 6, 6);
  expect(chosen).toHaveLength(3);
  expect(chosen).toContain(5);
  expect(chosen).not.toContain(4);
});

test('no more are taken than asked for, the most different ones first', () => {
  const matrix = matrixOf(
    ([a]) => a,
    ([a, b]) => a + 0.1 * b,
    ([, , c]) => c,
  );
  const chosen = independentColumns(matrix, 3, 2);
  expect(chosen).toContain(2);
  expect(chosen).toHaveLength(2);
});
