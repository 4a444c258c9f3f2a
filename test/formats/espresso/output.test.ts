import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { espressoOutput } from '../../../formats/espresso/output.ts';
import { volume } from '../../../src/core/cell.ts';
import { BOHR, HARTREE } from '../../../src/core/units.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readOne, readText } from '../vasp/read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data/espresso-output', name, 'frame.out'), 'latin1');
const SILICON = data('silicon');
const RYDBERG = HARTREE / 2;

describe('pw.x output', () => {
  test('gives atoms and cell from units of alat with the digits of celldm', async () => {
    const frame = await readOne(espressoOutput, SILICON);
    expect([...frame.numbers]).toEqual([14, 14]);
    const wanted = [0, 2.715, 2.735, 2.7, 0, 2.715, 2.715, 2.75, 0];
    frame.cell?.forEach((x, k) => {
      expect(Math.abs(x - wanted[k])).toBeLessThan(5e-6);
    });
    [0, 0, 0, 1.3, 1.38, 1.4].forEach((x, k) => {
      expect(Math.abs(frame.positions[k] - x)).toBeLessThan(2e-6);
    });
  });
  test('has F = E - TS as energy, and E without entropy apart from it', async () => {
    const { labels, info } = await readOne(espressoOutput, SILICON);
    expect(labels?.energy).toBeCloseTo(-15.8229114 * RYDBERG, 10);
    expect(info['energy_without_entropy']).toBeCloseTo(-15.82280783 * RYDBERG, 10);
    expect(labels?.energySigma0).toBeUndefined();
  });
  test('has forces, a virial of volume times the printed pressure tensor, and converged in 7 steps', async () => {
    const { labels, info, cell } = await readOne(espressoOutput, SILICON);
    expect(labels?.forces?.[0]).toBeCloseTo((-0.03098038 * RYDBERG) / BOHR, 10);
    expect(labels?.virial?.[1]).toBeCloseTo(((-0.00060352 * RYDBERG) / BOHR ** 3) * Math.abs(volume(cell ?? [])), 10);
    expect(labels?.converged).toBe(true);
    expect(info).toMatchObject({ scf_steps: 7, program: 'PWSCF v.6.7MaX' });
  });
  test('of a relaxation has every step with its own positions in fractions of the cell', async () => {
    const { frames, error } = await readText(espressoOutput, data('relax'));
    expect(error).toBeUndefined();
    expect(frames.map((f) => Number(((f.labels?.energy ?? 0) / RYDBERG).toFixed(8)))).toEqual([
      -15.82497027, -15.82567071, -15.82578168,
    ]);
    const second = /ATOMIC_POSITIONS \(crystal\)\nSi +(\S+) +(\S+) +(\S+)\nSi +(\S+) +(\S+) +(\S+)/.exec(data('relax'));
    const [u, v, w] = (second ?? []).slice(4).map(Number);
    const cell = frames[1].cell ?? new Float64Array(9);
    [0, 1, 2].forEach((k) => {
      expect(frames[1].positions[3 + k]).toBeCloseTo(u * cell[k] + v * cell[3 + k] + w * cell[6 + k], 10);
    });
  });
  test('of a relaxation of the cell has the cell of every step', async () => {
    const { frames, error } = await readText(espressoOutput, data('vc-relax'));
    expect(error).toBeUndefined();
    const cells = [...data('vc-relax').matchAll(/CELL_PARAMETERS \(angstrom\)\n +(\S+)/g)].map((m) => Number(m[1]));
    expect(cells.length).toBe(3);
    expect(frames.map((f) => f.cell?.[0]).slice(1)).toEqual(cells.slice(0, 2));
  });
  test('of an SCF that did not converge and left no energy is an error that says so', async () => {
    const { error, frames } = await readText(espressoOutput, data('unconverged'));
    expect(frames).toEqual([]);
    expect(error?.message).toContain('did not converge');
  });
  test('with an energy in spite of that is marked as not converged', async () => {
    const text = SILICON.replace(
      /convergence has been achieved in.*/,
      'convergence NOT achieved after 7 iterations: stopping',
    );
    const result = await readText(espressoOutput, text);
    expect(result.frames[0].labels?.converged).toBe(false);
    expect(codesOf(result)[0]).toMatch(/^unconverged:/);
  });
  test.each([
    ['that was cut off', SILICON.slice(0, SILICON.indexOf('JOB DONE')), /JOB DONE/],
    ['with a force that is no number', SILICON.replace('-0.03098038 ', '*********** '), /force along x/],
    ['with a negative number of atoms', SILICON.replace(/(number of atoms\/cell +=).*/, '$1 -2'), /number of atoms/],
    ['with too many atoms', SILICON.replace(/(number of atoms\/cell +=).*/, '$1 900000000'), /site/],
  ])('%s is an error with its line and gives no frame', async (_, text, message) => {
    const { error, frames } = await readText(espressoOutput, text);
    expect(frames).toEqual([]);
    expect(error?.message).toMatch(/^in:\d+/);
    expect(error?.message).toMatch(message);
  });
});
