import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../../src/convert/open.ts';
import { evaluateDataset } from '../../src/train/evaluate-dataset.ts';
import { collectLabelled } from '../../src/train/labelled-frames.ts';
import { metricsAsJson } from '../../src/train/metrics.ts';
import { train } from '../../src/train/train.ts';
import { describeLane, ROOT, SHARED } from '../lanes.ts';

const data = (name: string) => join(SHARED, 'datasets', 'mlearn', name);
const example = (name: string) => join(ROOT, 'examples', 'silicon', name);

async function testErrors(directory: string) {
  const path = data('Si-test.extxyz');
  const { frames } = await openFrames(undefined, { path, onDiagnostic: () => {}, strict: true });
  return evaluateDataset(await loadPotential(directory), await collectLabelled(frames, path, () => {}));
}

describeLane('corpus', 'training on mlearn Si', () => {
  test('a few epochs of the shipped configuration reach 9 meV/atom and 0.15 eV/A on the test set', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'silicon-'));
    try {
      const before = process.cpuUsage();
      await train({
        data: data('Si-train.extxyz'),
        config: example('train.yaml'),
        output: join(folder, 'si'),
        seed: 1,
        epochs: 8,
        read: {},
        onDiagnostic: () => {},
      });
      const { user, system } = process.cpuUsage(before);
      const { energy, forces } = (await testErrors(join(folder, 'si'))).total();
      const cpu = (user + system) / 1e6;
      console.log(
        `E MAE ${energy.mae.toFixed(2)} meV/atom, F MAE ${forces.mae.toFixed(4)} eV/A, ${cpu.toFixed(0)} CPU s`,
      );
      expect(energy.mae).toBeLessThanOrEqual(9);
      expect(forces.mae).toBeLessThanOrEqual(0.15);
      expect(cpu).toBeLessThanOrEqual(600);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 240_000);

  test('the shipped potential has the errors that its record states', async () => {
    const record = JSON.parse(await readFile(example('potential/run.json'), 'utf8'));
    const { energy, forces } = metricsAsJson(await testErrors(example('potential'))) as {
      energy: Record<string, number>;
      forces: Record<string, number>;
    };
    const stated = record.errors.test;
    expect(energy['mae_meV_per_atom']).toBeCloseTo(stated.energy.mae_meV_per_atom, 6);
    expect(forces['mae_eV_per_A']).toBeCloseTo(stated.forces.mae_eV_per_A, 8);
  });
});
