import { expect, test } from 'vitest';
import { fitReferenceEnergies, referenceEnergies } from '../../src/train/reference-energies.ts';

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

const atom = (z: number, energy: number) => ({
  frame: {
    natoms: 1,
    cell: null,
    pbc: [false, false, false] as const,
    numbers: Uint8Array.of(z),
    positions: new Float64Array(3),
    arrays: {},
    info: {},
  },
  energy,
  forces: new Float64Array(3),
  virial: new Float64Array(9),
  group: '',
  origin: { path: 'x' },
});

test('energies of isolated atoms or of a table are taken as they are, and one that is missing is named', () => {
  const frames = [atom(8, -1.5), atom(14, -0.8)];
  expect([...referenceEnergies('isolated', frames, [], [8, 14])]).toEqual([-1.5, -0.8]);
  expect(() => referenceEnergies('isolated', frames, [], [6, 8])).toThrow(/no reference energy for C/);
  expect([...referenceEnergies(new Map([[8, -2]]), frames, [], [8])]).toEqual([-2]);
});
