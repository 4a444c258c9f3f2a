import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainPredictor } from '../../../src/conductance/predictor/train-predictor.ts';
import { describeLane, SHARED } from '../../lanes.ts';

const at = (name: string) => join(SHARED, 'datasets/nanowire', `${name}.extxyz.gz`);

describeLane('corpus', 'nanowire data set', () => {
  test('the recommended predictor beats the cross-section baseline on unseen short pulls and on longer wires', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nanowire-'));
    const tests = [at('test_trajectory'), at('long')];
    const { scores } = await trainPredictor({
      training: [at('train')],
      tests,
      output: join(folder, 'K'),
      split: { kind: 'trajectories', validation: ['s001', 's012', 's040', 's047'] },
      splitSeed: 1,
      models: ['neck-kernel'],
      changes: {},
      seeds: 3,
      seed: 1,
      key: 'conductance_jellium',
      wire: { grips: { kind: 'type', bottom: 2, top: 3 }, axis: 'z' },
      read: { strict: true, onDiagnostic: () => {} },
      resume: false,
      overwrite: false,
    });
    const found = (set: string, model: string) => {
      const score = scores.find((s) => s.set === set && s.model === model);
      if (!score) throw new Error(`no score of ${model} on ${set}`);
      return score.ensemble;
    };
    tests.forEach((set, k) => {
      const [ours, baseline] = [found(set, 'neck-kernel'), found(set, 'cross-section')];
      expect(ours.r2).toBeGreaterThan([0.98, 0.965][k]);
      expect(ours.mae).toBeLessThan(0.9 * baseline.mae);
    });
    await rm(folder, { recursive: true });
  }, 900_000);
});
