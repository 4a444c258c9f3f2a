import { expect, test } from 'vitest';
import { farthestFrames, type StructurePoint } from '../../src/learn/farthest-frames.ts';

const at = (...x: number[]): StructurePoint => new Map([[19, Float64Array.from(x)]]);
const candidates = (...points: [string, ...number[]][]) => points.map(([run, ...x]) => ({ run, point: at(...x) }));

test('the frames farthest from what is known and from each other are chosen, in their order', () => {
  const options = {
    candidates: candidates(['a', 0.1], ['a', 1], ['b', 0.95], ['b', -3], ['c', 0.5]),
    known: [at(0)],
    perRun: 9,
    novelty: 0,
  };
  expect(farthestFrames({ ...options, count: 1 })).toEqual([3]);
  expect(farthestFrames({ ...options, count: 2 })).toEqual([1, 3]);
  expect(farthestFrames({ ...options, count: 3 })).toEqual([1, 3, 4]);
  expect(farthestFrames({ ...options, count: 99 })).toHaveLength(5);
});

test('a run gives no more than its share, and what is known or chosen already is left out', () => {
  const options = { candidates: candidates(['a', 5], ['a', 9], ['b', 1], ['b', 1]), known: [at(0)], count: 9 };
  expect(farthestFrames({ ...options, perRun: 1, novelty: 0 })).toEqual([1, 2]);
  expect(farthestFrames({ ...options, perRun: 9, novelty: 0 })).toEqual([0, 1, 2]);
  expect(farthestFrames({ ...options, perRun: 9, novelty: 2 })).toEqual([0, 1]);
});

test('the distance does not grow with the number of features, and is infinite for another composition', () => {
  const options = { known: [at(0, 0, 0, 0)], count: 9, perRun: 9 };
  expect(farthestFrames({ ...options, candidates: candidates(['a', 1, 1, 1, 1]), novelty: 0.99 })).toEqual([0]);
  expect(farthestFrames({ ...options, candidates: candidates(['a', 1, 1, 1, 1]), novelty: 1 })).toEqual([]);
  const other = { run: 'a', point: new Map([[11, Float64Array.of(0, 0, 0, 0)]]) };
  expect(farthestFrames({ ...options, candidates: [other], novelty: 1e9 })).toEqual([0]);
});
