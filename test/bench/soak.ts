import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from '../watch/soak.ts';

/** `npm run bench -- soak [minutes] [kills] [steps between frames]`: a watcher beside four LAMMPS runs (needs `lmp` on the PATH). */
export default async function ([minutes = '30', kills = '0', every = '1000']: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nnp-soak-'));
  console.log(
    `four LAMMPS runs of 32 atoms for ${minutes} min, a frame every ${every} steps, ${kills} kills (${folder})`,
  );
  const result = await soak({
    folder,
    seconds: 60 * Number(minutes),
    kills: Number(kills),
    every: Number(every),
    seed: 7,
    print: console.log,
  });
  const { written, stored, missing, wrong, samples, watcherKills, runKills } = result;
  console.log(`kill -9: ${watcherKills} of the watcher, ${runKills} of LAMMPS`);
  console.log(`complete frames written by LAMMPS: ${written}; in the store: ${stored}`);
  console.log(`missing: ${missing.length}; more than once or never written: ${wrong.length}`);
  for (const key of [...missing, ...wrong].slice(0, 20)) console.log(`  ${key}`);
  const most = (value: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((m, s) => Math.max(m, value(s)), 0);
  const mean = (part: typeof samples) => part.reduce((sum, { rss }) => sum + rss, 0) / part.length;
  const quarter = Math.floor(samples.length / 4);
  if (quarter > 0)
    console.log(
      `RSS of the watcher: mean of the second quarter ${mean(samples.slice(quarter, 2 * quarter)).toFixed(0)} MB, of the last ${mean(samples.slice(-quarter)).toFixed(0)} MB, most ${most(({ rss }) => rss).toFixed(0)} MB`,
    );
  console.log(`behind: at most ${most(({ megabytesBehind }) => megabytesBehind).toFixed(2)} MB`);
  if (missing.length + wrong.length > 0) {
    process.exitCode = 1;
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}
