import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../potentials/kernels/backends.ts';
import { baselineFiles } from '../../src/conductance/features/baseline-files.ts';
import { coulombSpectrum } from '../../src/conductance/features/coulomb-matrix.ts';
import { fitBaseline, minimumCrossSection, predictBaseline } from '../../src/conductance/features/cross-section.ts';
import { type FeatureKind, featureFiles } from '../../src/conductance/features/feature-files.ts';
import { scoresOf } from '../../src/conductance/scores.ts';
import { chain, potassiumWire } from './wires.ts';

describe('cross-section baseline', () => {
  test('a chain has one atom per distance everywhere, a wire somewhat less than its mean between two layers', () => {
    expect(minimumCrossSection(chain(2, 40, 5).positions)).toBeCloseTo(0.5, 3);
    const wire = potassiumWire('100', 12);
    const found = minimumCrossSection(wire.positions) / (9 / 5.2205);
    expect(found).toBeGreaterThan(0.95);
    expect(found).toBeLessThan(1);
  });

  test('a wire too short to have a middle is refused', () => {
    expect(() => minimumCrossSection(chain(2, 8, 2).positions)).toThrow(/too short/);
  });

  test('a cubic is found exactly, and fewer than four points are refused', () => {
    const x = [0.1, 0.7, 1.3, 2.2, 3.9, 4.1];
    const cubic = { coefficients: [-0.05, 3.94, -0.63, 0.12] };
    const found = fitBaseline(
      x,
      x.map((v) => predictBaseline(cubic, v)),
    );
    found.coefficients.forEach((c, k) => {
      expect(c).toBeCloseTo(cubic.coefficients[k], 9);
    });
    expect(() => fitBaseline([1, 1, 2, 2, 3], [1, 1, 1, 1, 1])).toThrow(/not enough/);
  });

  test('scores are those of a perfect and of a shifted prediction', () => {
    expect(scoresOf([1, 2, 3], [1, 2, 3])).toEqual({ frames: 3, r2: 1, mae: 0, rmse: 0, bias: 0 });
    const shifted = scoresOf([2, 3, 4], [1, 2, 3]);
    expect([shifted.mae, shifted.bias, shifted.r2]).toEqual([1, 1, -0.5]);
  });

  test('frames without labels are named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'baseline-'));
    const path = join(folder, 'a.extxyz');
    const atoms = Array.from({ length: 30 }, (_, k) => `K 0 0 ${k}`).join('\n');
    await writeFile(path, `30\nProperties=species:S:1:pos:R:3\n${atoms}\n`);
    const read = { strict: true, onDiagnostic: () => {} };
    await expect(baselineFiles({ training: [path], validation: [], tests: [], read })).rejects.toThrow(
      /a\.extxyz:.*no conductance/,
    );
    await rm(folder, { recursive: true });
  });
});

describe('Coulomb matrix', () => {
  test('of two atoms has the eigenvalues ½Z^2.4 ± Z²/r, padded with zeros', () => {
    const spectrum = coulombSpectrum(Uint8Array.of(1, 1), Float64Array.of(0, 0, 0, 0, 0, 4), 4);
    expect([...spectrum]).toEqual([expect.closeTo(0.75, 12), expect.closeTo(0.25, 12), 0, 0]);
  });

  test('does not depend on the order of atoms, and refuses more than its width', () => {
    const a = coulombSpectrum(Uint8Array.of(1, 8, 1), Float64Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0), 3);
    const b = coulombSpectrum(Uint8Array.of(8, 1, 1), Float64Array.of(0, 0, 1, 1, 0, 0, 0, 0, 0), 3);
    b.forEach((value, k) => {
      expect(value).toBeCloseTo(a[k], 10);
    });
    expect(() => coulombSpectrum(new Uint8Array(4), new Float64Array(12), 3)).toThrow(/4 atoms do not fit/);
  });
});

describe('conductance features', () => {
  let folder: string;
  let input: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'features-'));
    input = join(folder, 'w.extxyz');
    const rows = (shift: number) =>
      Array.from({ length: 20 }, (_, k) => `K ${0.3 * Math.sin(k)} 0 ${4 * k + shift} ${k < 3 ? 2 : k > 16 ? 3 : 1}`);
    const frame = (shift: number) => `20\nProperties=species:S:1:pos:R:3:type:I:1\n${rows(shift).join('\n')}\n`;
    await writeFile(input, frame(0) + frame(1));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = async (kind: FeatureKind, backend: Backend = 'typescript') => {
    const output = join(folder, `${kind}.npy`);
    const soap = { cutoff: 6, sigma: 1, nmax: 4, lmax: 2 };
    const read = { strict: true, onDiagnostic: () => {} };
    const words = { soap, withoutTypes: [2, 3], width: 20, backend, read };
    const shape = await featureFiles({ inputs: [input], output, kind, ...words });
    const bytes = await readFile(output);
    expect(bytes.toString('latin1', 0, 128)).toContain(`(${shape.join(', ')})`);
    return {
      shape,
      values: new Float64Array(bytes.buffer.slice(bytes.byteOffset + 128, bytes.byteOffset + bytes.length)),
    };
  };

  test('SOAP has a row for each mobile atom, its average one for each frame', async () => {
    const { shape, values } = await run('soap');
    expect(shape).toEqual([28, 30]);
    expect(values.length).toBe(28 * 30);
    const averaged = await run('averaged-soap');
    expect(averaged.shape).toEqual([2, 30]);
    for (let f = 0; f < 30; f++) {
      let mean = 0;
      for (let i = 0; i < 14; i++) mean += values[i * 30 + f] / 14;
      expect(averaged.values[f]).toBeCloseTo(mean, 10);
      expect(averaged.values[30 + f]).toBeCloseTo(mean, 8);
    }
  });

  test('SOAP by the fastest program is that of the TypeScript one to single precision', async () => {
    for (const kind of ['soap', 'averaged-soap'] as const) {
      const { values } = await run(kind);
      const fast = await run(kind, 'auto');
      const largest = Math.max(...values);
      values.forEach((p, k) => {
        expect(Math.abs(fast.values[k] - p) / largest).toBeLessThan(1e-5);
      });
    }
  });

  test('Coulomb matrices and cross-sections have a row for each frame', async () => {
    expect((await run('coulomb')).shape).toEqual([2, 20]);
    expect((await run('cross-section')).shape).toEqual([2, 1]);
  });
});
