import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cp2kOutput } from '../../../formats/cp2k/output.ts';
import { BAR, BOHR, GPA, HARTREE } from '../../../src/core/units.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readOne, readText } from '../vasp/read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data/cp2k-output', name, 'frame.out'), 'latin1');
const SILICON = data('silicon');

describe('CP2K output', () => {
  test('gives atoms, cell and periodicity of the run', async () => {
    const frame = await readOne(cp2kOutput, SILICON);
    expect([...frame.numbers]).toEqual([14, 14]);
    expect([...frame.positions]).toEqual([0, 0, 0, 1.3, 1.38, 1.4]);
    expect([...(frame.cell ?? [])]).toEqual([0, 2.715, 2.735, 2.7, 0, 2.715, 2.715, 2.75, 0]);
    expect(frame.pbc).toEqual([true, true, true]);
  });
  test('has the free energy of the smeared electrons, and apart from it the one without entropy', async () => {
    const { labels, info } = await readOne(cp2kOutput, SILICON);
    expect(labels?.energy).toBeCloseTo(-7.817956396735839 * HARTREE, 12);
    const entropic = Number(/Electronic entropic energy: +(\S+)/.exec(SILICON)?.[1]);
    expect(entropic).toBeLessThan(0);
    expect(info['energy_without_entropy']).toBeCloseTo((-7.817956396735839 - entropic) * HARTREE, 12);
    expect(labels?.energySigma0).toBeUndefined();
  });
  test('has forces in eV/A and a virial of volume times the printed tensor', async () => {
    const { labels } = await readOne(cp2kOutput, SILICON);
    expect(labels?.forces?.[0]).toBeCloseTo((-0.01575148 * HARTREE) / BOHR, 12);
    expect(labels?.forces?.[5]).toBeCloseTo((-0.02274312 * HARTREE) / BOHR, 12);
    const xx = Number(/STRESS\| +x +(-?\d\S+)/.exec(SILICON)?.[1]);
    const xy = Number(/STRESS\| +y +(-?\d\S+)/.exec(SILICON)?.[1]);
    expect(labels?.virial?.[0]).toBeCloseTo(xx * GPA * 40.320251, 10);
    expect(labels?.virial?.[3]).toBeCloseTo(xy * GPA * 40.320251, 10);
  });
  test('says that and in how many steps the SCF converged, and which version ran', async () => {
    const { labels, info } = await readOne(cp2kOutput, SILICON);
    expect(labels?.converged).toBe(true);
    expect(info).toMatchObject({ scf_steps: 8, program: 'CP2K version 2023.1' });
  });
  test('of an SCF that did not converge is marked and reported', async () => {
    const result = await readText(cp2kOutput, data('unconverged'));
    expect(result.frames.map((frame) => frame.labels?.converged)).toEqual([false]);
    expect(codesOf(result)[0]).toMatch(/^unconverged:\d+$/);
  });
  test('without a word about convergence does not count as converged', async () => {
    const frame = await readOne(cp2kOutput, SILICON.replace(/^.*SCF run converged.*$/m, ''));
    expect(frame.labels?.converged).toBeUndefined();
  });
  test('of molecular dynamics gives the step whose positions it holds and counts the others', async () => {
    const { frames, diagnostics } = await readText(cp2kOutput, data('dynamics'));
    expect(frames.length).toBe(1);
    expect(frames[0].labels?.energy).toBeCloseTo(-7.817956396735839 * HARTREE, 10);
    expect(diagnostics.map((d) => d.code)).toEqual(['no-positions']);
    expect(diagnostics[0].message).toContain('2 steps');
  });
  test('of later versions has other words for energy, forces, bar and the energy at T -> 0', async () => {
    const { labels } = await readOne(cp2kOutput, data('later-words'));
    expect(labels?.energy).toBeCloseTo(-7.817956396735839 * HARTREE, 12);
    expect(labels?.energySigma0).toBeCloseTo(-7.79 * HARTREE, 12);
    expect(labels?.forces?.[4]).toBeCloseTo((-0.01110884 * HARTREE) / BOHR, 8);
    expect(labels?.virial?.[4]).toBeCloseTo(-4000 * BAR * 40.320251, 10);
  });
  test('without "PROGRAM ENDED" is cut off: no frame, and an error', async () => {
    const cut = SILICON.slice(0, SILICON.indexOf('  **** **** ******  **  PROGRAM ENDED'));
    const { frames, error } = await readText(cp2kOutput, cut);
    expect(frames).toEqual([]);
    expect(error?.name).toBe('FormatError');
    expect(error).toMatchObject({ code: 'TRUNCATED' });
  });
  test.each([
    ['a force that is no number', SILICON.replace('-0.01575148', ' **********'), /force along x/],
    ['forces on fewer atoms', SILICON.replace(/^ +2 +1 +Si +0\.0157.*\n/m, ''), /2 atoms, found 1/],
    [
      'an energy that is no number',
      SILICON.replace(/(energy \[a\.u\.\]:).*/, '$1   NaN'),
      /expected a number, found "NaN"/,
    ],
    [
      'a run that says ABORT',
      SILICON.replace(/^ \*\*\* SCF run/m, ' *  [ABORT] SCF run').replace('  *** SCF run', ' [ABORT] run'),
      /ABORT/,
    ],
  ])('with %s is an error with its line', async (_, text, message) => {
    const { error, frames } = await readText(cp2kOutput, text);
    expect(frames).toEqual([]);
    expect(error?.message).toMatch(/^in:\d+/);
    expect(error?.message).toMatch(message);
  });
});
