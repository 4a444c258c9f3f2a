import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readThermo, type ThermoTable } from '../../formats/lammps/log.ts';
import { readBytes } from '../../src/scan/byte-source.ts';
import { describeLane, ROOT } from '../lanes.ts';

const EXAMPLE = join(ROOT, 'examples/silicon');

/** Slope of y over x by least squares. */
function slope(x: Float64Array, y: Float64Array): number {
  const mean = (a: Float64Array) => a.reduce((sum, value) => sum + value, 0) / a.length;
  const x0 = mean(x);
  const y0 = mean(y);
  const up = x.reduce((sum, value, k) => sum + (value - x0) * (y[k] - y0), 0);
  return up / x.reduce((sum, value) => sum + (value - x0) ** 2, 0);
}

async function tables(path: string): Promise<ThermoTable[]> {
  const all: ThermoTable[] = [];
  for await (const table of readThermo(readBytes(path), { path, onDiagnostic: () => {} })) all.push(table);
  return all;
}

describeLane('lammps', 'the silicon example', () => {
  test('runs as `npm start` runs it: NVE conserves energy to 1e-5 eV/atom/ps at 1 fs, NVT holds 300 K, LAMMPS has the forces of the potential', async () => {
    expect(existsSync(join(ROOT, 'dist/src/cli/main.js')), 'npm run build comes before this test').toBe(true);
    const run = spawnSync(process.execPath, [join(EXAMPLE, 'run.mjs')], { encoding: 'utf8', timeout: 280_000 });
    expect(run.status, run.stdout + run.stderr).toBe(0); // `verify` is one of its steps
    const [nve, nvt] = await tables(join(EXAMPLE, 'output/log.lammps'));
    expect([nve.rows, nve.complete, nvt.complete]).toEqual([21, true, true]);
    expect(Math.abs(slope(nve.values['Time'], nve.values['TotEng']) / 216)).toBeLessThan(1e-5);
    const late = nvt.values['Temp'].slice(10);
    expect(Math.abs(late.reduce((a, b) => a + b, 0) / late.length - 300)).toBeLessThan(40);
    expect(readFileSync(join(EXAMPLE, 'output/report.html'), 'utf8').match(/<svg/g)?.length).toBeGreaterThanOrEqual(5);
  }, 300_000);
});
