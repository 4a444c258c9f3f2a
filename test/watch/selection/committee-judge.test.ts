import { describe, expect, test } from 'vitest';
import { evaluateCommittee, SeparateCommittee } from '../../../potentials/committee.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import type { Potential } from '../../../potentials/potential.ts';
import { CommitteeJudge } from '../../../src/watch/selection/committee-judge.ts';
import { levelOf } from '../../../src/watch/selection/levels.ts';
import { modelDeviation } from '../../../src/watch/selection/model-deviation.ts';
import { lennardJones } from '../../oracle/lennard-jones.ts';
import { frameOf, pair } from './frames.ts';

const DEPTHS = [0.9, 1, 1.1, 1.4];
const committeeOf = (potentials: readonly Potential[]) => new SeparateCommittee(potentials, 'lj');
const COMMITTEE = committeeOf(DEPTHS.map((depth) => lennardJones(depth, 1, 5)));
const levels = { force: { lo: 0.05, hi: 0.3 } };

/** dU/dr of Lennard-Jones with ε = σ = 1. */
const slope = (r: number) => -48 * r ** -13 + 24 * r ** -7;
const deviationOf = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
};

test('deviations of a pair are those of its members: force, virial per atom, energy per atom', () => {
  const r = 1.3;
  const frame = pair(r);
  const { disagreement } = evaluateCommittee(COMMITTEE, buildNeighborList(frame, 5));
  const found = modelDeviation(disagreement, true);
  const spread = deviationOf(DEPTHS);
  const force = Math.abs(slope(r)) * spread;
  expect(found.maxForce).toBeCloseTo(force, 12);
  expect(found.minForce).toBeCloseTo(force, 12);
  expect(found.avgForce).toBeCloseTo(force, 12);
  expect(Array.from(found.forces ?? [])).toHaveLength(2);
  // Only xx of the virial is not zero: r·f, over 2 atoms.
  expect(found.maxVirial).toBeCloseTo((r * force) / 2, 12);
  expect(found.minVirial).toBe(0);
  expect(found.avgVirial).toBeCloseTo((r * force) / 2 / 3, 12);
  expect(found.energy).toBeCloseTo((Math.abs(4 * (r ** -12 - r ** -6)) * spread) / 2, 12);
});

describe('levels', () => {
  const deviation = { maxForce: 0.1, minForce: 0, avgForce: 0, maxVirial: 0.1, minVirial: 0, avgVirial: 0 };
  const decide = (maxForce: number, more: object = {}, periodic = true) =>
    levelOf({ ...deviation, maxForce }, { ...levels, ...more }, periodic).decision;

  test('accurate < lo <= candidate < hi <= failed, and what is no number has failed', () => {
    expect([0, 0.0499, 0.05, 0.2999, 0.3, Number.POSITIVE_INFINITY, Number.NaN].map((f) => decide(f))).toEqual([
      'accurate',
      'accurate',
      'candidate',
      'candidate',
      'failed',
      'failed',
      'failed',
    ]);
  });

  test('the worse of force and virial decides, and the virial of a cluster does not count', () => {
    const virial = (lo: number, hi: number) => ({ virial: { lo, hi } });
    expect(decide(0.01, virial(0.05, 0.2))).toBe('candidate');
    expect(decide(0.1, virial(0.01, 0.05))).toBe('failed');
    expect(decide(0.01, virial(0.2, 0.4))).toBe('accurate');
    expect(decide(0.01, virial(0.01, 0.05), false)).toBe('accurate');
  });

  test('levels that no number can pass are refused', () => {
    for (const force of [
      { lo: 0.3, hi: 0.1 },
      { lo: -1, hi: 1 },
      { lo: Number.NaN, hi: 1 },
      { lo: 0.1, hi: 0.1 },
    ])
      expect(() => new CommitteeJudge(COMMITTEE, { levels: { force } })).toThrow('0 <= lo < hi');
  });
});

describe('a committee', () => {
  const judge = new CommitteeJudge(COMMITTEE, { levels });

  test('agrees where the force vanishes, disagrees where it is steep', () => {
    expect(judge.judge(pair(2 ** (1 / 6))).decision).toBe('accurate');
    expect(judge.judge(pair(1.45))).toMatchObject({ decision: 'candidate', reason: expect.stringContaining('force') });
    expect(judge.judge(pair(0.95)).decision).toBe('failed');
  });

  test('fails frames that it cannot evaluate, with the reason', () => {
    const unknown = pair(1.3, { numbers: Uint8Array.of(18, 79) });
    expect(judge.judge(unknown)).toMatchObject({ decision: 'failed', reason: expect.stringContaining('Au') });
    expect(judge.judge(pair(0)).decision).toBe('failed');
    expect(judge.judge(frameOf([Number.NaN, 0, 0, 1, 1, 1])).decision).toBe('failed');
  });

  test('fails a frame for which one member gives no number', () => {
    const broken: Potential = {
      ...lennardJones(1, 1, 5),
      evaluate: (_, out) => {
        out.forces.fill(Number.NaN);
      },
    };
    const members = [lennardJones(1, 1, 5), broken];
    expect(new CommitteeJudge(committeeOf(members), { levels }).judge(pair(1.3))).toMatchObject({
      decision: 'failed',
      reason: expect.stringContaining('no number'),
    });
  });

  test('that agrees but extrapolates makes a candidate, unless that is not wanted', () => {
    const lj = lennardJones(1, 1, 5);
    const extrapolating: Potential = {
      ...lj,
      evaluate: (neighborhood, out) => {
        lj.evaluate(neighborhood, out);
        out.extrapolationCount += 3;
      },
    };
    const committee = committeeOf([extrapolating, extrapolating]);
    const decide = (options: object) => new CommitteeJudge(committee, { levels, ...options }).judge(pair(1.3));
    expect(decide({})).toMatchObject({ decision: 'candidate', extrapolations: 6 });
    expect(decide({ extrapolating: 'accurate' })).toMatchObject({ decision: 'accurate', extrapolations: 6 });
  });

  test('of one member is refused: it always agrees', () => {
    expect(() => new CommitteeJudge(committeeOf([lennardJones(1, 1, 5)]), { levels })).toThrow('at least 2');
  });
});
