import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBytes } from '../../../src/scan/byte-source.ts';
import { deviationText, summariseDeviations } from '../../../src/watch/selection/deviation-summary.ts';
import {
  appendModelDevi,
  type ModelDeviRow,
  modelDeviHeader,
  modelDeviRow,
  readModelDevi,
} from '../../../src/watch/selection/model-devi-file.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const DEVIATION = {
  maxVirial: 1.234567e-3,
  minVirial: 0,
  avgVirial: 6.5e-4,
  maxForce: 0.125,
  minForce: 1e-12,
  avgForce: 12345.678,
};
/** As `setw` and `scientific` of C++ write them (pair_deepmd.cpp): 12 columns, then a blank and 18 columns for each value. */
const LAMMPS_HEADER =
  '#       step         max_devi_v         min_devi_v         avg_devi_v         max_devi_f         min_devi_f         avg_devi_f\n';
const LAMMPS_ROW =
  '         100       1.234567e-03       0.000000e+00       6.500000e-04       1.250000e-01       1.000000e-12       1.234568e+04\n';

async function rowsOf(text: string): Promise<ModelDeviRow[]> {
  async function* source() {
    yield Buffer.from(text);
  }
  const rows: ModelDeviRow[] = [];
  for await (const row of readModelDevi(source(), 'model_devi.out')) rows.push(row);
  return rows;
}

test('header and rows stand in the columns of LAMMPS', () => {
  expect(modelDeviHeader()).toBe(LAMMPS_HEADER);
  expect(modelDeviRow(100, DEVIATION)).toBe(LAMMPS_ROW);
  const atomic = modelDeviRow(7, { ...DEVIATION, forces: Float64Array.of(0.5, Number.NaN) }, true);
  expect(modelDeviHeader(true)).toBe(`${LAMMPS_HEADER.slice(0, -1)}      atm_devi_f(N)\n`);
  expect(atomic.endsWith('       5.000000e-01                nan\n')).toBe(true);
});

test('a file begins with the header and goes on without, as after a restart; it reads back', async () => {
  const path = join(temporaryFolder(), 'model_devi.out');
  await appendModelDevi(path, [{ step: 0, deviation: DEVIATION }]);
  await appendModelDevi(path, [
    { step: 50, deviation: DEVIATION },
    { step: 50, deviation: { ...DEVIATION, maxForce: Number.NaN } },
  ]);
  expect(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#')).length,
  ).toBe(1);
  const rows: ModelDeviRow[] = [];
  for await (const row of readModelDevi(readBytes(path), path)) rows.push(row);
  expect(rows.map(({ step }) => step)).toEqual([0, 50, 50]);
  expect(rows[0].deviation.maxVirial).toBe(1.234567e-3);
  expect(rows[0].deviation.energy).toBeUndefined();
  expect(rows[2].deviation.maxForce).toBeNaN();
});

test('the dialect of dp model-devi: eight columns, and a header with its path for each system', async () => {
  const names = ['max_devi_v', 'min_devi_v', 'avg_devi_v', 'max_devi_f', 'min_devi_f', 'avg_devi_f', 'devi_e'];
  const head = (system: string) =>
    `# data/${system}\n# ${'step'.padEnd(10)}${names.map((name) => name.padEnd(19)).join('')}\n`;
  const row = (step: number, value: number) =>
    `${String(step).padStart(12)}${Array.from({ length: 7 }, (_, k) => (value + k).toExponential(6).padStart(19)).join('')}\n`;
  const rows = await rowsOf(`${head('a')}${row(0, 1)}${row(10, 2)}${head('b')}${row(0, 3)}`);
  expect(rows.map(({ system, step }) => [system, step])).toEqual([
    ['data/a', 0],
    ['data/a', 10],
    ['data/b', 0],
  ]);
  expect(rows[2].deviation).toEqual({
    maxVirial: 3,
    minVirial: 4,
    avgVirial: 5,
    maxForce: 6,
    minForce: 7,
    avgForce: 8,
    energy: 9,
  });
});

test('deviations of the atoms follow the last named column, in both dialects', async () => {
  const lammps = `${LAMMPS_HEADER.slice(0, -1)}  atm_devi_f(N)\n1 1 2 3 4 5 6 0.1 0.2 0.3\n2 1 2 3 4 5 6 0.4 -nan 0.6\n`;
  const rows = await rowsOf(lammps);
  expect(Array.from(rows[0].deviation.forces ?? [])).toEqual([0.1, 0.2, 0.3]);
  expect(rows[1].deviation.forces?.[1]).toBeNaN();
  await expect(rowsOf(`${lammps}3 1 2 3 4 5 6 0.1 0.2\n`)).rejects.toThrow('expected deviations of 3 atoms, found 2');
});

test('what is no such file, or cut, is refused with its line', async () => {
  await expect(rowsOf(LAMMPS_ROW)).rejects.toThrow('model_devi.out:1: expected a header');
  await expect(rowsOf(`${LAMMPS_HEADER}1 2 3\n`)).rejects.toThrow(':2: expected column avgVirial');
  await expect(rowsOf(`${LAMMPS_HEADER}${LAMMPS_ROW.trim()} 9\n`)).rejects.toThrow('found more ("9")');
  await expect(rowsOf(LAMMPS_HEADER.replace('avg_devi_f', 'avg_devi_x') + LAMMPS_ROW)).rejects.toThrow('avg_devi_x');
  await expect(rowsOf(LAMMPS_HEADER + LAMMPS_ROW.slice(0, -2))).rejects.toMatchObject({ code: 'TRUNCATED' });
});

test('a summary counts the rows by level and by decade of the largest force', async () => {
  const path = join(temporaryFolder(), 'model_devi.out');
  const forces = [0.01, 0.02, 0.06, 0.25, 0.5, Number.NaN];
  await appendModelDevi(
    path,
    forces.map((maxForce, k) => ({ step: 10 * k, deviation: { ...DEVIATION, maxForce } })),
  );
  const summary = await summariseDeviations(path, { force: { lo: 0.05, hi: 0.3 } });
  expect(summary).toMatchObject({
    rows: 6,
    accurate: 2,
    candidate: 2,
    failed: 2,
    largestForce: 0.5,
    candidates: [20, 30],
  });
  expect([...summary.histogram.values()].reduce((a, b) => a + b)).toBe(5);
  expect(summary.histogram.get(-10)).toBe(1); // 0.01 is the lower edge of its bin
  expect(deviationText(summary)).toContain('2 accurate, 2 candidate, 2 failed');
  const strict = await summariseDeviations(path, { force: { lo: 0.05, hi: 0.3 }, virial: { lo: 1e-4, hi: 1e-3 } });
  expect(strict.failed).toBe(6);
});
