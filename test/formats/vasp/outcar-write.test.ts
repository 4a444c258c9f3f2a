import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outcar } from '../../../formats/vasp/outcar.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { ROOT } from '../../lanes.ts';
import { readText, writeText } from './read-text.ts';

const TWO = readFileSync(join(ROOT, 'test/data/vasp-outcar/two-steps/OUTCAR'), 'latin1');

test('a written OUTCAR reads back with every digit of positions, cell, energies and forces', async () => {
  const [first, second] = (await readText(outcar, TWO)).frames;
  const exact = {
    ...first,
    positions: Float64Array.from([1 / 3, -2e-9, 0.1, 1e5 / 7, -1e7 / 3, 2]),
    labels: { ...first.labels, energy: -1e6 / 3, forces: Float64Array.from([Math.PI, -1e-12, 0, -Math.E, 1 / 3, 5]) },
  };
  const { frames, error } = await readText(outcar, await writeText(outcar, [exact, second]));
  expect(error).toBeUndefined();
  for (const [k, wanted] of [exact, second].entries()) {
    const { labels, positions, cell, numbers, arrays } = frames[k];
    expect([positions, cell, numbers, arrays]).toEqual([wanted.positions, wanted.cell, wanted.numbers, wanted.arrays]);
    expect([labels?.energy, labels?.energySigma0, labels?.converged]).toEqual([
      wanted.labels?.energy,
      wanted.labels?.energySigma0,
      wanted.labels?.converged,
    ]);
    expect(labels?.forces).toEqual(wanted.labels?.forces);
    labels?.virial?.forEach((w, j) => {
      expect(w).toBeCloseTo(wanted.labels?.virial?.[j] ?? Number.NaN, 12);
    });
  }
});

test('a frame with one kind of energy only is written with a note', async () => {
  const [first] = (await readText(outcar, TWO)).frames;
  const { energySigma0: _, ...labels } = first.labels ?? {};
  const diagnostics: Diagnostic[] = [];
  await writeText(outcar, [{ ...first, labels }], diagnostics);
  expect(diagnostics.map((d) => d.code)).toEqual(['energy-kind']);
});

test('a frame without cell, energy or forces, or of another composition, is refused', async () => {
  const [first, second] = (await readText(outcar, TWO)).frames;
  await expect(writeText(outcar, [{ ...first, cell: null }])).rejects.toThrow(/no cell/);
  await expect(writeText(outcar, [{ ...first, labels: {} }])).rejects.toThrow(/no energy/);
  await expect(writeText(outcar, [{ ...first, labels: { energy: 1 } }])).rejects.toThrow(/no forces/);
  const other = { ...second, arrays: {}, numbers: Uint8Array.of(8, 26) };
  await expect(writeText(outcar, [first, other])).rejects.toThrow(/other atoms/);
});
