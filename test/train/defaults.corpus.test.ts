import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { train } from '../../src/train/train.ts';
import { describeLane, SHARED } from '../lanes.ts';

const data = (name: string) => join(SHARED, 'datasets', 'mlearn', `${name}.extxyz`);

/** Trains with the settings made from the data for some epochs; errors over the test set of mlearn. */
async function trained(folder: string, element: string, epochs: number) {
  const output = join(folder, `${element}-${epochs}`);
  const before = process.cpuUsage();
  const { errors } = await train({
    data: data(`${element}-train`),
    output,
    seed: 1,
    epochs,
    test: data(`${element}-test`),
    read: {},
    onDiagnostic: () => {},
  });
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1e6;
  const table = errors.test?.total();
  if (!table) throw new Error('no test errors');
  const { energy, forces, virial } = table;
  console.log(
    `${element}, ${epochs} epochs, ${cpu.toFixed(1)} CPU s: E MAE ${energy.mae.toFixed(2)} meV/atom, ` +
      `F MAE ${forces.mae.toFixed(4)} RMSE ${forces.rmse.toFixed(4)} eV/A, W MAE ${virial.mae.toFixed(1)} meV/atom`,
  );
  return { output, energy, forces, virial, cpu };
}

describeLane('corpus', 'training without a configuration', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'defaults-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  // Errors over the test sets after a few epochs, meV/atom and eV/A; the whole runs are in examples/silicon/README.md.
  for (const [element, energyBound, forceBound] of [
    ['Si', 6, 0.095],
    ['Mo', 6, 0.145],
    ['Li', 1, 0.0165],
  ] as const)
    test(`${element}: five epochs reach ${energyBound} meV/atom and ${forceBound} eV/A`, async () => {
      const { energy, forces, output } = await trained(folder, element, 5);
      expect(energy.mae).toBeLessThanOrEqual(energyBound);
      expect(forces.mae).toBeLessThanOrEqual(forceBound);
      const page = await readFile(join(output, 'report.html'), 'utf8');
      for (const title of ['Energy per atom', 'Force components', 'Virial per atom', 'Force errors', 'Angle between forces'])
        expect(page).toContain(title);
      expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(9);
    }, 240_000);

  // nnp-train of n2p2 2.3.0, ten epochs: 0.268 eV/A after 46 CPU s (recommended settings), 0.162 after 298 CPU s (the published ones).
  test('Si: what nnp-train reaches in ten epochs is reached in less than a fifth of its CPU time', async () => {
    const first = await trained(folder, 'Si', 1);
    expect(first.forces.rmse).toBeLessThanOrEqual(0.268);
    expect(first.cpu).toBeLessThanOrEqual(46 / 5);
    const third = await trained(folder, 'Si', 4);
    expect(third.forces.rmse).toBeLessThanOrEqual(0.162);
    expect(third.cpu).toBeLessThanOrEqual(298 / 5);
  }, 240_000);
});
