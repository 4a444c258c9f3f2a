import { expect, test } from 'vitest';
import { fitReferenceEnergies } from '../../src/train/reference-energies.ts';

test('reference energies of two elements are found from mixed compositions', () => {
  const counts = [Float64Array.of(1, 0), Float64Array.of(2, 1), Float64Array.of(1, 3)];
  const [a, b] = fitReferenceEnergies(
    counts,
    counts.map(([x, y]) => -13.6 * x - 430 * y),
  );
  expect(a).toBeCloseTo(-13.6, 5);
  expect(b).toBeCloseTo(-430, 5);
});

test('where one composition cannot tell the elements apart their energies are still finite and sum up right', () => {
  const counts = [Float64Array.of(2, 1), Float64Array.of(4, 2)];
  const [a, b] = fitReferenceEnergies(counts, [-30, -60]);
  expect(2 * a + b).toBeCloseTo(-30, 6);
  expect(Math.abs(a - b)).toBeLessThan(10);
});

test('of one element it is the mean energy per atom', () => {
  expect(fitReferenceEnergies([Float64Array.of(2), Float64Array.of(4)], [-2, -8])[0]).toBeCloseTo(-1.5, 12);
});
