import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { checkData } from '../../src/train/data-checks.ts';
import type { LabelledFrame } from '../../src/train/labelled-frames.ts';
import { randomFrames } from './known-network.ts';

function labelled(): LabelledFrame[] {
  const [frame] = randomFrames(6, 2).slice(5);
  return Array.from({ length: 30 }, (_, k) => ({
    frame: { ...frame, positions: frame.positions.map((x) => x + 0.001 * k) },
    energy: frame.natoms * (-5 + 0.01 * Math.sin(k)),
    forces: frame.positions.map((_x, c) => (1 + 0.1 * Math.sin(7 * k)) * Math.cos(c + k)),
    virial: new Float64Array(9).fill(Number.NaN),
    group: '',
    origin: { path: 'x', frame: k },
  }));
}

function found(frames: readonly LabelledFrame[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  checkData(frames, (diagnostic) => diagnostics.push(diagnostic));
  return diagnostics;
}

test('says nothing about usual data', () => {
  expect(found(labelled())).toEqual([]);
});

test('names structures that are repeated', () => {
  const frames = labelled();
  frames[20] = { ...frames[3], origin: { path: 'x', frame: 20 } };
  expect(found(frames)).toMatchObject([{ code: 'duplicate', at: { frame: 20 } }]);
  expect(found(frames)[0].message).toMatch(/^1 of 30 structures .* repeats frame 3$/);
});

test('names energies and forces that stand out', () => {
  const frames = labelled();
  frames[4] = { ...frames[4], energy: 10 * frames[4].energy };
  frames[9] = { ...frames[9], forces: frames[9].forces.map((f, k) => (k === 2 ? 500 : f)) };
  expect(found(frames)).toMatchObject([
    { code: 'outlier', at: { frame: 4 }, message: expect.stringMatching(/^energy per atom/) },
    { code: 'outlier', at: { frame: 9 }, message: expect.stringMatching(/^largest force component .* 500/) },
  ]);
});
