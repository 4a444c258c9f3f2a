import { expect, test } from 'vitest';

import { RandomStream } from '../../src/train/random-stream.ts';
import { type SplitRule, splitIndices } from '../../src/train/split.ts';

const random = (validation: number) => ({ rule: 'random' as const, validation, test: 0 });
const groups = Array.from({ length: 100 }, (_, k) => (k < 60 ? 'melt' : k < 90 ? 'crystal' : 'surface'));

test('every group gives its fraction to the validation part, and nothing is lost or doubled', () => {
  const { training, validation } = splitIndices(groups, random(0.2), new RandomStream(4));
  const count = (group: string) => validation.filter((k) => groups[k] === group).length;
  expect([count('melt'), count('crystal'), count('surface')]).toEqual([12, 6, 2]);
  expect([...training, ...validation].sort((a, b) => a - b)).toEqual(groups.map((_, k) => k));
});

test('the seed decides which', () => {
  const split = (seed: number) => splitIndices(groups, random(0.2), new RandomStream(seed)).validation;
  expect(split(1)).toEqual(split(1));
  expect(split(1)).not.toEqual(split(2));
});

test('one structure is trained on whatever the fraction', () => {
  expect(splitIndices([''], random(0.9), new RandomStream(1))).toEqual({ training: [0], validation: [], test: [] });
  expect(splitIndices(['', ''], random(0.01), new RandomStream(1)).validation).toHaveLength(1);
  expect(splitIndices(['', ''], random(0), new RandomStream(1)).validation).toHaveLength(0);
});

for (const rule of ['random', 'group', 'trajectory'] as const satisfies readonly SplitRule[]) {
  test(`${rule}: three parts without overlap hold everything`, () => {
    const {
      training,
      validation,
      test: testing,
    } = splitIndices(groups, { rule, validation: 0.1, test: 0.2 }, new RandomStream(2));
    expect([...training, ...validation, ...testing].sort((a, b) => a - b)).toEqual(groups.map((_, k) => k));
    expect([training.length, validation.length, testing.length].every((n) => n > 0)).toBe(true);
  });
}

test('by group no group is on two sides', () => {
  const { training, validation } = splitIndices(
    groups,
    { rule: 'group', validation: 0.1, test: 0 },
    new RandomStream(1),
  );
  const of = (part: readonly number[]) => new Set(part.map((s) => groups[s]));
  expect([...of(training)].filter((group) => of(validation).has(group))).toEqual([]);
});

test('by trajectory what is set aside are stretches of several consecutive structures of one group', () => {
  const { validation } = splitIndices(groups, { rule: 'trajectory', validation: 0.2, test: 0 }, new RandomStream(1));
  expect(validation.length).toBeGreaterThanOrEqual(16);
  expect(validation.length).toBeLessThanOrEqual(24);
  const breaks = validation.filter((s, k) => k > 0 && s !== validation[k - 1] + 1).length;
  expect(breaks).toBeLessThan(validation.length / 3);
});
