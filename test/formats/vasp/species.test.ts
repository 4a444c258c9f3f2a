import { expect, test } from 'vitest';
import { speciesOfBlocks } from '../../../formats/vasp/species.ts';

test('deuterium and tritium are hydrogen, and their labels are kept', () => {
  const { numbers, species } = speciesOfBlocks(['D', 'O', 'T'], [2, 1, 1]);
  expect([...numbers]).toEqual([1, 1, 8, 1]);
  expect(species?.data).toEqual(['D', 'D', 'O', 'T']);
});

test('a label that names no element is unknown, not guessed', () => {
  expect([...speciesOfBlocks(['Xx', 'Fe_pv'], [1, 1]).numbers]).toEqual([0, 26]);
});
