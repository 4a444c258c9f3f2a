import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Frame } from '../../src/core/frame.ts';
import type { Labeller } from '../../src/label/labeller.ts';
import { openLabeller } from '../../src/label/open-labeller.ts';
import { findTemplate } from '../../src/label/template/description.ts';
import { describeLane } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

vi.setConfig({ testTimeout: 600_000 });

const never = new AbortController().signal;
const CELL = [0, 2.715, 2.735, 2.7, 0, 2.715, 2.715, 2.75, 0];
const POSITIONS = [0, 0, 0, 1.3, 1.38, 1.4];

/** Two silicon atoms off their places, in a skewed cell strained in one component of 3 x 3. */
function silicon(component = 0, strain = 0, dx = 0): Frame {
  const strained = (rows: readonly number[]) => {
    const out = Float64Array.from(rows);
    const [from, to] = [Math.floor(component / 3), component % 3];
    for (let i = 0; i < rows.length; i += 3) out[i + to] += strain * rows[i + from];
    return out;
  };
  const positions = strained(POSITIONS);
  positions[3] += dx;
  const none = { arrays: {}, info: {} };
  return {
    natoms: 2,
    cell: strained(CELL),
    pbc: [true, true, true],
    numbers: Uint8Array.of(14, 14),
    positions,
    ...none,
  };
}

/** Force and virial are derivatives of the energy, in sign, unit and place; `loose` is for what a coarse basis does to the virial. */
async function expectDerivatives(labeller: Labeller, component: number, loose: number): Promise<void> {
  const energy = async (frame: Frame) => (await labeller.label(frame, never)).labels.energy ?? Number.NaN;
  const { labels, info } = await labeller.label(silicon(), never);
  expect(labels.converged).toBe(true);
  expect(info?.['label_program']).toMatch(/\d/);
  expect(Number(info?.['energy_without_entropy'])).toBeGreaterThan(labels.energy ?? 0);
  const [h, d] = [0.004, 0.01];
  const force = -((await energy(silicon(0, 0, d))) - (await energy(silicon(0, 0, -d)))) / (2 * d);
  expect(Math.abs(force)).toBeGreaterThan(0.3);
  expect(Math.abs((labels.forces?.[3] ?? 0) - force)).toBeLessThan(0.005);
  const virial = -((await energy(silicon(component, h))) - (await energy(silicon(component, -h)))) / (2 * h);
  expect(Math.abs(virial)).toBeGreaterThan(1);
  expect(Math.abs((labels.virial?.[component] ?? 0) - virial)).toBeLessThan(loose);
}

describeLane('espresso', 'pw.x by the shipped template', () => {
  test('gives forces and a virial that are derivatives of its energy', async () => {
    const folder = await findTemplate('quantum-espresso');
    const labeller = await openLabeller({ kind: 'template', folder }, { scratch: temporaryFolder(), cores: 1 });
    await expectDerivatives(labeller, 1, 0.05);
  });
});

describeLane('cp2k', 'CP2K by the shipped input', () => {
  test('gives forces and a virial that are derivatives of its energy', async () => {
    const folder = join(temporaryFolder(), 'silicon');
    mkdirSync(folder);
    copyFileSync(join(await findTemplate('cp2k'), 'frame.inp'), join(folder, 'frame.inp'));
    writeFileSync(
      join(folder, 'labeller.yaml'),
      `name: silicon
command: [cp2k.psmp, -i, frame.inp, -o, frame.out]
render: [frame.inp]
output: {file: frame.out, format: cp2k-output}
environment: {OMP_NUM_THREADS: 1, CP2K_DATA_DIR: /usr/share/cp2k, OMPI_ALLOW_RUN_AS_ROOT: 1, OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: 1}
timeout: 300
values: {cutoff: 200, eps_scf: 1.0E-7, max_scf: 60, added_mos: 8, temperature: 3000, mixing: 0.3, k_points: MACDONALD 1 1 1 0.25 0.25 0.25}
elements:
  Si: {basis: SZV-MOLOPT-SR-GTH, potential: GTH-PBE-q4}
`,
    );
    const labeller = await openLabeller({ kind: 'template', folder }, { scratch: temporaryFolder(), cores: 1 });
    await expectDerivatives(labeller, 1, 0.05);
  });
});
