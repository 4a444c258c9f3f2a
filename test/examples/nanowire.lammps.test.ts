import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

describeLane('lammps', 'the nanowire example', () => {
  test('its study runs from pulls to compared histograms, and a second call does nothing again', {
    timeout: 1_200_000,
  }, () => {
    const main = join(ROOT, 'dist/src/cli/main.js');
    expect(existsSync(main), 'npm run build comes before this test').toBe(true);
    const folder = join(temporaryFolder(), 'study');
    const run = () =>
      spawnSync(process.execPath, [join(ROOT, 'examples/nanowire/study.mjs'), folder, '--size', 'tiny'], {
        encoding: 'utf8',
        timeout: 900_000,
      });
    const first = run();
    expect(first.status, `${first.stdout}\n${first.stderr}`).toBe(0);
    const { scores, cost } = JSON.parse(readFileSync(join(folder, 'results/study.json'), 'utf8'));
    expect(scores).toHaveLength(2);
    for (const { frames, R2, MAE } of scores) {
      expect(frames).toBeGreaterThan(20);
      expect(Number.isFinite(R2) && MAE > 0).toBe(true);
    }
    expect(cost).toHaveLength(5);
    for (const name of ['histogram.svg', 'speeds.svg', 'training-sets.svg', 'histograms.csv', 'report.html'])
      expect(existsSync(join(folder, 'results', name)), name).toBe(true);
    const second = run();
    expect(second.status).toBe(0);
    expect(second.stdout).not.toContain('conductance train');
    expect(second.stdout).not.toContain('conductance predict');
    expect(second.stdout).toContain('(6 before)');
  });
});
