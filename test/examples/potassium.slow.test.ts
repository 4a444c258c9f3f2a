import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readThermo } from '../../formats/lammps/log.ts';
import { loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../../src/convert/open.ts';
import { parseLearnConfig } from '../../src/learn/learn-config.ts';
import { readBytes } from '../../src/scan/byte-source.ts';
import { frameId } from '../../src/store/shard-file.ts';
import { comparedSet } from '../../src/train/compared-set.ts';
import { labelledFrames } from '../../src/train/labelled-frames.ts';
import { ROOT } from '../lanes.ts';

const EXAMPLE = join(ROOT, 'examples/potassium');

async function dataset(name: string) {
  const path = join(EXAMPLE, name);
  const { frames } = await openFrames('extxyz', { path, strict: true, onDiagnostic: () => {} });
  const all = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

test('the data set is what the loop stored: every frame once, labelled by converged CP2K, test frames of other runs than training', async () => {
  const [train, held] = [await dataset('train.extxyz.gz'), await dataset('test.extxyz.gz')];
  const all = [...train, ...held];
  expect(new Set(all.map(frameId)).size).toBe(all.length);
  for (const { info, labels, natoms, numbers } of all) {
    expect(info['label_program']).toBe('CP2K version 2023.1');
    expect(info['labeller']).toBe('cp2k-pbe-potassium');
    expect(numbers.every((z) => z === 19)).toBe(true);
    // The energy of an atom with 9 valence electrons is about -768.9 eV.
    expect(Math.abs((labels?.energy ?? 0) / natoms + 768.7)).toBeLessThan(0.5);
    expect(labels?.forces).toHaveLength(3 * natoms);
    expect(labels?.virial).toHaveLength(9);
  }
  const sources = new Set(train.map(({ info }) => info['source']));
  expect(held.some(({ info }) => sources.has(info['source'] as string))).toBe(false);
  const config = parseLearnConfig(readFileSync(join(EXAMPLE, 'learn.yaml'), 'utf8'), join(EXAMPLE, 'learn.yaml'));
  const kinds = new Set([...config.structures, ...config.explore.runs].map(({ name }) => name));
  for (const { info } of all) expect(kinds).toContain(info['config_type']);
}, 60_000);

test('the potential has the errors on the test frames that the README states', async () => {
  const potential = await loadPotential(join(EXAMPLE, 'potential'));
  async function* held() {
    yield* await dataset('test.extxyz.gz');
  }
  const { metrics } = await comparedSet(
    'test',
    potential,
    labelledFrames(held(), 'test', () => {}),
  );
  const { energy, forces, structures } = metrics.total();
  const readme = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
  const row = /^\| test[^|]*\| (\d+) +\| ([\d.]+) +\| ([\d.]+) +\|/m.exec(readme);
  expect(row?.slice(1)).toEqual([String(structures), energy.mae.toFixed(2), forces.mae.toFixed(4)]);
}, 60_000);

test('the script of the example runs: errors, 200 steps of molecular dynamics that conserve energy, plots', async () => {
  expect(existsSync(join(ROOT, 'dist/src/cli/main.js')), 'npm run build comes before this test').toBe(true);
  const run = spawnSync(process.execPath, [join(EXAMPLE, 'run.mjs')], { encoding: 'utf8', timeout: 280_000 });
  expect(run.status, run.stdout + run.stderr).toBe(0);
  const tables = [];
  for await (const table of readThermo(readBytes(join(EXAMPLE, 'output/log.lammps')), {
    path: 'log.lammps',
    onDiagnostic: () => {},
  }))
    tables.push(table);
  const nve = tables[tables.length - 1]; // the only one of the built-in engine
  expect(nve.complete).toBe(true);
  const energy = nve.values['TotEng'];
  expect(Math.max(...energy) - Math.min(...energy)).toBeLessThan(1e-5 * 128 * 5);
  for (const page of ['errors.html', 'report.html'])
    expect(readFileSync(join(EXAMPLE, 'output', page), 'utf8')).toContain('<svg');
}, 300_000);
