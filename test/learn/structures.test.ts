import { expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { type CubicLattice, type CubicPlane, crystalBlock } from '../../src/learn/structures/crystal.ts';
import { drawCrystal, varied } from '../../src/learn/structures/draw-structure.ts';
import { seedStructures } from '../../src/learn/structures/seed-structures.ts';
import type { CrystalSource, StructurePlan } from '../../src/learn/structures/structure-plan.ts';

/** Distances between all pairs in a rectangular periodic box, ascending, rounded. */
function shells(edges: readonly number[], positions: Float64Array): Map<string, number> {
  const found = new Map<string, number>();
  for (let i = 0; i < positions.length; i += 3)
    for (let j = 0; j < positions.length; j += 3)
      for (let n = -1; n <= 1; n++)
        for (let m = -1; m <= 1; m++)
          for (let l = -1; l <= 1; l++) {
            const shift = [n, m, l];
            const r = Math.hypot(...[0, 1, 2].map((k) => positions[i + k] - positions[j + k] + shift[k] * edges[k]));
            if (r > 1e-9 && r < 1.05) found.set(r.toFixed(6), (found.get(r.toFixed(6)) ?? 0) + 1);
          }
  return found;
}

const NEAREST: readonly (readonly [CubicLattice, number, number])[] = [
  ['sc', 1, 6],
  ['bcc', Math.sqrt(3) / 2, 8],
  ['fcc', Math.SQRT1_2, 12],
  ['diamond', Math.sqrt(3) / 4, 4],
];

test.each(
  NEAREST.flatMap(([lattice, distance, neighbors]) =>
    (['100', '110', '111'] as const).map((plane) => [lattice, plane, distance, neighbors] as const),
  ),
)(
  '%s along %s has the density and the nearest neighbors of the lattice',
  (lattice, orientation, distance, neighbors) => {
    const { edges, positions } = crystalBlock({ lattice, a: 1, orientation, cells: [2, 2, 2] });
    const natoms = positions.length / 3;
    const perCell = { sc: 1, bcc: 2, fcc: 4, diamond: 8 }[lattice];
    expect(natoms / (edges[0] * edges[1] * edges[2])).toBeCloseTo(perCell, 9);
    const all = [...shells(edges, positions)].sort(([a], [b]) => Number(a) - Number(b));
    expect(Number(all[0][0])).toBeCloseTo(distance, 6);
    expect(all[0][1] / natoms).toBe(neighbors);
  },
);

const bulk = (more: Partial<CrystalSource> = {}): CrystalSource => ({
  kind: 'crystal',
  element: 19,
  lattice: 'bcc',
  a: 5.3,
  orientation: '100' as CubicPlane,
  cells: [3, 3, 3],
  vacancies: 0,
  vacuum: 0,
  ...more,
});

const extent = (positions: Float64Array, axis: number) => {
  const along = positions.filter((_, k) => k % 3 === axis);
  return Math.max(...along) - Math.min(...along);
};

test('a vacancy takes an atom, a slab has its vacuum along z, a wire around it', () => {
  const random = seededRandom(1);
  expect(drawCrystal(bulk(), random).natoms).toBe(54);
  expect(drawCrystal(bulk({ vacancies: 2 }), random).natoms).toBe(52);
  const slab = drawCrystal(bulk({ cells: [3, 3, 2], vacuum: 8 }), random);
  expect(slab.natoms).toBe(36);
  expect(slab.cell?.[8]).toBeCloseTo(1.5 * 5.3 + 8, 9);
  expect(extent(slab.positions, 2)).toBeCloseTo(1.5 * 5.3, 9);
  const wire = drawCrystal(bulk({ diameter: 12, vacuum: 7 }), random);
  expect(wire.natoms).toBeLessThan(54);
  for (const axis of [0, 1]) expect(wire.cell?.[4 * axis]).toBeCloseTo(extent(wire.positions, axis) + 7, 9);
  expect(wire.cell?.[8]).toBeCloseTo(3 * 5.3, 9);
});

test('a crystal of which nothing is left is an error', () => {
  expect(() => drawCrystal(bulk({ vacancies: 54 }), seededRandom(1))).toThrow(/no atom is left/);
  expect(() => drawCrystal(bulk({ cells: [99, 99, 99] }), seededRandom(1))).toThrow(/1940598 atoms/);
});

test('strain and shear stay within their limits and the atoms follow the cell', () => {
  const frame = drawCrystal(bulk(), seededRandom(1));
  for (let seed = 0; seed < 50; seed++) {
    const { cell, positions } = varied(frame, { strain: 0.04, shear: 0.02, rattle: [0, 0] }, seededRandom(seed));
    const h = Array.from(cell ?? [], (x) => x / 15.9 - 0);
    for (const k of [0, 4, 8]) expect(Math.abs(h[k] - 1)).toBeLessThanOrEqual(0.04 + 1e-12);
    for (const k of [1, 2, 5]) expect(Math.abs(h[k])).toBeLessThanOrEqual(0.01 + 1e-12);
    expect([h[1], h[2], h[5]]).toEqual([h[3], h[6], h[7]]);
    // The atom in the middle of the cell stays there.
    const middle = frame.positions.findIndex((_, k) => k % 3 === 0 && frame.positions[k] === 2.65);
    for (const k of [0, 1, 2])
      expect(positions[middle + k]).toBeCloseTo(
        [0, 1, 2].reduce((sum, row) => sum + frame.positions[middle + row] * h[3 * row + k], 0),
        9,
      );
  }
});

test('displacements have the standard deviation that was asked for', () => {
  const frame = drawCrystal(bulk({ cells: [8, 8, 8] }), seededRandom(1));
  const { positions } = varied(frame, { strain: 0, shear: 0, rattle: [0.2, 0.2] }, seededRandom(5));
  const square = positions.reduce((sum, x, k) => sum + (x - frame.positions[k]) ** 2, 0) / positions.length;
  expect(Math.sqrt(square)).toBeGreaterThan(0.19);
  expect(Math.sqrt(square)).toBeLessThan(0.21);
});

test('structures of round 0 follow from the seed, each with the name of its entry', async () => {
  const plans: StructurePlan[] = [
    { name: 'bulk', count: 2, variation: { strain: 0.02, shear: 0, rattle: [0.1, 0.2] }, source: bulk() },
    { name: 'hole', count: 1, variation: { strain: 0, shear: 0, rattle: [0, 0] }, source: bulk({ vacancies: 1 }) },
  ];
  const [first, again, other] = await Promise.all([7, 7, 8].map((seed) => seedStructures(plans, seed, () => {})));
  expect(first.map(({ info }) => info['config_type'])).toEqual(['bulk', 'bulk', 'hole']);
  expect(again).toEqual(first);
  expect(other[0].positions).not.toEqual(first[0].positions);
  expect(first[0].positions).not.toEqual(first[1].positions);
});
