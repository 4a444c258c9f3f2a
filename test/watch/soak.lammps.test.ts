import { expect, test } from 'vitest';
import { describeLane } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type SoakOptions, soak } from './soak.ts';

const short = (options: Partial<SoakOptions>) =>
  soak({ folder: temporaryFolder(), seconds: 12, kills: 0, every: 4000, seed: 3, print: () => {}, ...options });

/** `npm run bench -- soak 30 50` is the same for long. */
describeLane('lammps', 'a watcher beside four LAMMPS runs that dump into one folder', () => {
  test('stores every complete frame once', { timeout: 600_000 }, async () => {
    const { written, stored, missing, wrong } = await short({});
    expect({ missing, wrong }).toEqual({ missing: [], wrong: [] });
    expect(stored).toBe(written);
    expect(written).toBeGreaterThan(8);
  });

  test('also when watcher and runs are killed (SIGKILL) at random times', { timeout: 600_000 }, async () => {
    const { written, stored, missing, wrong, watcherKills, runKills } = await short({ kills: 5 });
    expect({ missing, wrong }).toEqual({ missing: [], wrong: [] });
    expect(stored).toBe(written);
    expect(watcherKills + runKills).toBe(5);
  });
});
