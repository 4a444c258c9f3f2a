import { describe, expect, test } from 'vitest';
import { Metrics, metricsAsJson } from '../../src/train/metrics.ts';

const forces = (...values: number[]) => Float64Array.from(values);

describe('metrics', () => {
  const metrics = new Metrics();
  metrics.add({
    natoms: 2,
    energy: -1,
    forces: forces(0, 0, 0, 1, 1, 1),
    label: { energy: -1.02, forces: forces(0, 0, 0, 1, 1, 4) },
    group: 'a',
  });
  metrics.add({
    natoms: 1,
    energy: 5,
    forces: forces(1, 0, 0),
    label: { energy: 4.97, forces: forces(0, Number.NaN, 0) },
    group: 'b',
  });
  metrics.add({ natoms: 1, energy: 5, forces: forces(1, 0, 0), label: {}, group: 'b' });

  test('are errors per atom in meV and of force components in eV/A', () => {
    const { structures, energy, forces: f } = metrics.total();
    expect(structures).toBe(3);
    expect(energy.count).toBe(2);
    expect(energy.mae).toBeCloseTo(20, 10);
    expect(energy.rmse).toBeCloseTo(Math.sqrt((100 + 900) / 2), 10);
    expect(energy.max).toBeCloseTo(30, 10);
    expect(f).toMatchObject({ count: 8, mae: 4 / 8, rmse: Math.sqrt(10 / 8), max: 3 });
  });

  test('come by group, with the worst number of each', () => {
    expect(metrics.groups().get('b')).toMatchObject({
      structures: 2,
      energy: { count: 1 },
      forces: { count: 2, max: 1 },
    });
    expect(metricsAsJson(metrics)).toMatchObject({
      energy: { mae_meV_per_atom: expect.closeTo(20, 8) },
      forces: { rmse_eV_per_A: Math.sqrt(10 / 8), max_eV_per_A: 3 },
      byGroup: { a: { structures: 1 }, b: { structures: 2 } },
    });
  });

  test('force angles, magnitudes, virials per atom, R2 and elements', () => {
    const one = new Metrics();
    one.add({
      natoms: 2,
      numbers: Uint8Array.of(14, 8),
      energy: 0,
      forces: forces(0, 2, 0, 0.05, 0, 0),
      virial: forces(1, 2, 3, 4, 5, 6),
      label: { energy: 0, forces: forces(1, 0, 0, 0, 0.05, 0), virial: forces(1, 2, 3, 4, 5, 8) },
      group: '',
    });
    const { forces: f, virial } = one.total();
    // The second force is too small for its direction to mean something.
    expect(f.angle).toBeCloseTo(90, 10);
    expect(f.magnitude).toBeCloseTo(0.5, 12);
    expect(virial).toMatchObject({ count: 6, max: 1000 });
    expect(virial.mae).toBeCloseTo(1000 / 6, 9);
    const mean = 23 / 6;
    const spread = [1, 2, 3, 4, 5, 8].reduce((sum, w) => sum + (w - mean) ** 2, 0);
    expect(virial.r2).toBeCloseTo(1 - 4 / spread, 12);
    expect([...one.elements().keys()]).toEqual(['O', 'Si']);
    expect(metricsAsJson(one)).toMatchObject({
      byElement: { Si: { forces: { count: 3, max_eV_per_A: 2 } }, O: { forces: { max_eV_per_A: 0.05 } } },
    });
  });

  test('show a NaN prediction instead of hiding it', () => {
    const broken = new Metrics();
    broken.add({
      natoms: 1,
      energy: Number.NaN,
      forces: forces(1, Number.NaN, 0),
      label: { energy: 1, forces: forces(0, 0, 0) },
      group: '',
    });
    const { energy, forces: f } = broken.total();
    expect([energy.mae, energy.max, f.rmse, f.max]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });
});
