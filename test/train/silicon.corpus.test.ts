import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../../src/convert/open.ts';
import { evaluateDataset } from '../../src/train/evaluate-dataset.ts';
import { labelledFrames } from '../../src/train/labelled-frames.ts';
import { metricsAsJson } from '../../src/train/metrics.ts';
import { train } from '../../src/train/train.ts';
import { describeLane, ROOT, SHARED } from '../lanes.ts';

const data = (name: string) => join(SHARED, 'datasets', 'mlearn', name);
const example = (name: string) => join(ROOT, 'examples', 'silicon', name);

async function testErrors(directory: string) {
  const path = data('Si-test.extxyz');
  const { frames } = await openFrames(undefined, { path, onDiagnostic: () => {}, strict: true });
  return evaluateDataset(
    await loadPotential(directory),
    labelledFrames(frames, path, () => {}),
  );
}

describeLane('corpus', 'training on mlearn Si', () => {
  test('the published potential has its known errors on the test set', async () => {
    const { energy, forces } = (await testErrors(join(SHARED, 'potentials', 'n2p2', 'mlearn-Si'))).total();
    // Measured with n2p2 itself, forces corrected for images of the central atom.
    expect([energy.mae.toFixed(3), energy.rmse.toFixed(3)]).toEqual(['5.633', '6.934']);
    expect([forces.mae.toFixed(4), forces.rmse.toFixed(4)]).toEqual(['0.1086', '0.1697']);
  });

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
