import { expect, test } from 'vitest';
import { splitIndices } from '../../src/train/labelled-frames.ts';
import { RandomStream } from '../../src/train/random-stream.ts';

const groups = Array.from({ length: 100 }, (_, k) => (k < 60 ? 'melt' : k < 90 ? 'crystal' : 'surface'));

test('every group gives its fraction to the validation part, and nothing is lost or doubled', () => {
  const { training, validation } = splitIndices(groups, 0.2, new RandomStream(4));
  const count = (group: string) => validation.filter((k) => groups[k] === group).length;
  expect([count('melt'), count('crystal'), count('surface')]).toEqual([12, 6, 2]);
  expect([...training, ...validation].sort((a, b) => a - b)).toEqual(groups.map((_, k) => k));
});

test('the seed decides which', () => {
  const split = (seed: number) => splitIndices(groups, 0.2, new RandomStream(seed)).validation;
  expect(split(1)).toEqual(split(1));
  expect(split(1)).not.toEqual(split(2));
});

test('one structure is trained on whatever the fraction', () => {
  expect(splitIndices([''], 0.9, new RandomStream(1))).toEqual({ training: [0], validation: [] });
  expect(splitIndices(['', ''], 0.01, new RandomStream(1)).validation).toHaveLength(1);
  expect(splitIndices(['', ''], 0, new RandomStream(1)).validation).toHaveLength(0);
});
