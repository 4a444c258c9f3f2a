import { expect, test } from 'vitest';
import { parseConfig } from '../../src/train/config.ts';
import { surveyEnvironments } from '../../src/train/environments.ts';
import { generatedConfig } from '../../src/train/generated-config.ts';
import { symmetryFunctionsOf } from '../../src/train/symmetry-set.ts';
import { randomFrames } from './known-network.ts';

const frames = randomFrames(60, 9).map((frame, k) => ({
  frame,
  energy: -3,
  forces: new Float64Array(3 * frame.natoms),
  virial: new Float64Array(9).fill(Number.NaN),
  group: '',
  origin: { path: 'x', frame: k },
}));

/** A cubic crystal (one atom per cell) with a lattice constant in A. */
const crystal = (a: number) => ({
  ...frames[0],
  frame: {
    ...frames[0].frame,
    natoms: 1,
    cell: Float64Array.of(a, 0, 0, 0, a, 0, 0, 0, a),
    numbers: Uint8Array.of(26),
    positions: new Float64Array(3),
  },
  forces: new Float64Array(3),
});

test('the cutoff follows the density: about 58 neighbors are inside', () => {
  // A sphere that holds 58 atoms of density 1/a^3 has the radius 2.40 a.
  expect(surveyEnvironments([crystal(2)]).cutoff).toBe(4.8);
  expect(surveyEnvironments([crystal(2.5)])).toMatchObject({ cutoff: 6.1, species: [26], nearest: [[2.5]] });
  expect(surveyEnvironments([crystal(3)]).cutoff).toBe(7.2);
});

test('atoms without neighbors are refused with a hint', () => {
  expect(() => surveyEnvironments([crystal(20)])).toThrow(/no atom has a neighbor within/);
});

test('a generated configuration is a valid one and has functions for every pair of elements that meet', () => {
  const config = parseConfig(generatedConfig(frames), 'generated');
  const sets = symmetryFunctionsOf(config.symmetryFunctions, [8, 14]);
  for (const own of sets) {
    expect(own.length).toBeGreaterThan(20);
    expect(own.length).toBeLessThanOrEqual(65);
    const neighbors = own.flatMap((f) => (f.type === 2 ? [f.e1] : []));
    expect(neighbors).toContain(8);
    expect(neighbors).toContain(14);
    expect(own.some((f) => f.type === 3)).toBe(true);
  }
  expect(config.virialWeight).toBe(0);
});

test('the same data give the same configuration, and labelled virials are learned', () => {
  expect(generatedConfig(frames)).toBe(generatedConfig(frames));
  const stressed = frames.map((labelled) => ({ ...labelled, virial: new Float64Array(9) }));
  expect(parseConfig(generatedConfig(stressed), 'generated').virialWeight).toBeGreaterThan(0);
});
