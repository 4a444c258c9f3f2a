import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { train } from '../../src/train/train.ts';
import { CONFIG, labelledExtxyz, randomFrames } from './known-network.ts';

test('labels of a known network are learned to 0.1 meV/atom on structures never seen', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'known-'));
  try {
    await writeFile(join(folder, 'data.extxyz'), labelledExtxyz(randomFrames(300, 5)));
    await writeFile(join(folder, 'test.extxyz'), labelledExtxyz(randomFrames(40, 6)));
    const config = CONFIG.replace('hidden: [6]', 'hidden: [12]').replace(
      'force_rows: 11',
      'force_rows: 11, nu: 0.9997',
    );
    await writeFile(join(folder, 'train.yaml'), config);
    const { errors } = await train({
      data: join(folder, 'data.extxyz'),
      config: join(folder, 'train.yaml'),
      output: join(folder, 'out'),
      test: join(folder, 'test.extxyz'),
      seed: 1,
      epochs: 80,
      read: {},
      onDiagnostic: () => {},
    });
    const result = errors.test?.total();
    console.log(`test: E MAE ${result?.energy.mae} meV/atom, F MAE ${result?.forces.mae} eV/A`);
    expect(result?.energy.mae).toBeLessThan(0.1);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 240_000);
