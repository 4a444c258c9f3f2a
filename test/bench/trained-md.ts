import assert from 'node:assert/strict';
import { type Crystal, runCrystal } from '../train/crystal-run.ts';

/**
 * `npm run bench -- trained-md Si=DIR Mo=DIR Li=DIR [--ps=20]`: NVT at 300 K in LAMMPS with trained potentials. Fails when a crystal is
 * not at 300 K, or when its conserved energy drifts.
 */
export default async function bench(words: string[]): Promise<void> {
  const ps = Number(words.find((word) => word.startsWith('--ps='))?.slice(5) ?? 20);
  for (const word of words.filter((w) => !w.startsWith('--'))) {
    const [element, directory] = word.split('=');
    const run = await runCrystal(element as Crystal, directory, ps);
    console.log(
      `${element}, ${run.atoms} atoms, ${ps} ps: ${run.temperature.toFixed(1)} K, at most ${run.hottest.toFixed(0)} K, ` +
        `drift ${run.drift.toExponential(2)} eV/atom/ps, scatter ${run.scatter.toExponential(2)} eV/atom`,
    );
    assert(Math.abs(run.temperature - 300) < 40, 'the temperature is not 300 K');
    assert(Math.abs(run.drift) < 1e-5, 'the conserved energy drifts');
  }
}
