import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCheckpoint } from '../../src/train/checkpoint.ts';
import { ROOT } from '../lanes.ts';
import { CONFIG, labelledExtxyz, randomFrames } from './known-network.ts';

for (const optimiser of ['name: ekf, force_rows: 11', 'name: lm', 'name: lbfgs', 'name: adam'])
  test(`killed (SIGKILL) in the middle and resumed, the weights are those of an uninterrupted run, ${optimiser}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kill-'));
    const at = (name: string) => join(folder, name);
    const start = (output: string, ...more: string[]): ChildProcess =>
      spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          join(ROOT, 'src/cli/main.ts'),
          ...['train', at('data.extxyz'), '--config', at('train.yaml'), '-O', at(output), ...more],
        ],
        { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
      );
    try {
      await writeFile(at('data.extxyz'), labelledExtxyz(randomFrames(60, 5)));
      await writeFile(
        at('train.yaml'),
        CONFIG.replace('epochs: 4', 'epochs: 60').replace('name: ekf, force_rows: 11', optimiser),
      );
      const whole = start('whole');
      whole.stderr?.resume();
      expect((await once(whole, 'exit'))[0]).toBe(0);

      const killed = start('killed');
      await new Promise<void>((resolve, reject) => {
        killed.once('exit', () => reject(new Error('it ended before it could be killed')));
        killed.stderr?.on('data', (text: Buffer) => {
          // The checkpoint of an epoch is written after its line.
          if (!/epoch +([3-9]|\d\d) /.test(text.toString())) return;
          killed.removeAllListeners('exit').once('exit', () => resolve());
          killed.kill('SIGKILL');
        });
      });
      const { record } = await readCheckpoint<{ trainer: { epoch: number } }>(at('killed.checkpoint'));
      expect(record.trainer.epoch).toBeGreaterThan(0);
      expect(record.trainer.epoch).toBeLessThan(60);

      const resumed = start('killed', '--resume');
      resumed.stderr?.resume();
      expect((await once(resumed, 'exit'))[0]).toBe(0);
      for (const name of ['weights.008.data', 'weights.014.data'])
        expect(await readFile(join(at('killed'), name), 'utf8')).toBe(await readFile(join(at('whole'), name), 'utf8'));
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 240_000);
