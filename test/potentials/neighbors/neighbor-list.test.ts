import { describe, expect, test } from 'vitest';
import type { AtomsAndCell } from '../../../potentials/neighbors/atoms-and-cell.ts';
import { buildNeighborList, foldForces, type NeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { ReusableNeighborList } from '../../../potentials/neighbors/reusable-neighbor-list.ts';
import { bruteForceNeighbors, compareRows } from '../../oracle/brute-force-neighbors.ts';
import { randomStructure, seededRandom } from '../structures.ts';

/** Neighbors of each center as the oracle gives them, those beyond the cutoff (skin) left out. */
function neighborsOf(list: NeighborList, cutoff: number): number[][][] {
  const { positions, numbers } = list;
  return Array.from({ length: list.ncenters }, (_, i) => {
    const rows: number[][] = [];
    for (let k = list.first[i]; k < list.first[i + 1]; k++) {
      const j = list.neighbors[k];
      const d = [0, 1, 2].map((a) => positions[3 * j + a] - positions[3 * i + a]);
      if (Math.hypot(...d) < cutoff) rows.push([numbers[j], ...d]);
    }
    return rows.sort(compareRows);
  });
}

function expectSameNeighbors(list: NeighborList, structure: AtomsAndCell, cutoff: number, reach: number): void {
  const found = neighborsOf(list, cutoff);
  const wanted = bruteForceNeighbors(structure, cutoff, reach);
  found.forEach((rows, i) => {
    expect(rows.length, `number of neighbors of atom ${i}`).toBe(wanted[i].length);
    rows.forEach((row, k) => {
      row.forEach((x, a) => {
        expect(Math.abs(x - wanted[i][k][a]), `atom ${i}, neighbor ${k}`).toBeLessThan(1e-9);
      });
    });
  });
}

const SKEWED = [15.48, -3.5, 24.63, 2.7, 0.1, 0.3, -1.2, 2.9, -0.4];
const cases: [string, Parameters<typeof randomStructure>[0], number, number][] = [
  ['a cluster', { seed: 1, natoms: 20, cell: null, species: [1, 8] }, 2.5, 0],
  ['an orthogonal cell', { seed: 2, natoms: 30, cell: [7, 0, 0, 0, 8, 0, 0, 0, 9], species: [1, 8] }, 3.4, 2],
  ['a triclinic cell', { seed: 3, natoms: 25, cell: [7, 1, -2, 2, 8, 1, -3, 2, 9], species: [1, 6] }, 4.1, 3],
  ['a left-handed cell', { seed: 4, natoms: 12, cell: [0, 6, 0, 7, 0, 0, 0, 1, 8], species: [14] }, 4, 3],
  [
    'a cell smaller than the cutoff',
    { seed: 5, natoms: 3, cell: [2.1, 0, 0, 0.3, 2.4, 0, 0, -0.2, 3], species: [6] },
    6.1,
    8,
  ],
  ['one atom in a tiny cell', { seed: 6, natoms: 1, cell: [1.9, 0.2, 0, 0, 2, 0.4, 0.7, 0, 1.8], species: [3] }, 5, 8],
  ['an extremely skewed cell', { seed: 7, natoms: 4, cell: SKEWED, species: [42] }, 5.2, 14],
  [
    'a slab',
    { seed: 8, natoms: 14, cell: [5, 0, 1, 2, 6, 0, 0, 0, 30], pbc: [true, true, false], species: [14] },
    5,
    4,
  ],
  [
    'a slab open along a',
    { seed: 9, natoms: 14, cell: [9, 0, 1, 2, 6, 0, 1, 1, 7], pbc: [false, true, true], species: [14] },
    5,
    4,
  ],
  [
    'a wire',
    { seed: 10, natoms: 9, cell: [4, 1, 1, 0, 9, 0, 0, 0, 9], pbc: [true, false, false], species: [14] },
    6,
    4,
  ],
  [
    'an open structure with a cell',
    { seed: 11, natoms: 15, cell: [6, 0, 0, 0, 6, 0, 0, 0, 6], pbc: [false, false, false], species: [14] },
    4,
    0,
  ],
];

describe('buildNeighborList', () => {
  test.each(cases)('finds what brute force finds in %s', (_name, options, cutoff, reach) => {
    const structure = randomStructure(options);
    expectSameNeighbors(buildNeighborList(structure, cutoff), structure, cutoff, reach);
  });

  test('finds what brute force finds in 40 random triclinic cells', () => {
    const random = seededRandom(77);
    for (let k = 0; k < 40; k++) {
      const cell = Array.from({ length: 9 }, (_, a) => (a % 4 === 0 ? 3 + 4 * random() : 5 * random() - 2.5));
      const structure = randomStructure({ seed: 100 + k, natoms: 5, cell, species: [1, 8], apart: 0.3 });
      expectSameNeighbors(buildNeighborList(structure, 3.3), structure, 3.3, 7);
    }
  });

  test('gives every pair both ways, and images of an atom as its own neighbors', () => {
    const list = buildNeighborList(
      randomStructure({ seed: 5, natoms: 3, cell: [2.1, 0, 0, 0.3, 2.4, 0, 0, -0.2, 3], species: [6] }),
      4,
    );
    const counts = new Map<string, number>();
    for (let i = 0; i < list.ncenters; i++)
      for (let k = list.first[i]; k < list.first[i + 1]; k++) {
        const j = list.owner[list.neighbors[k]];
        const key = `${Math.min(i, j)} ${Math.max(i, j)}`;
        counts.set(key, (counts.get(key) ?? 0) + (i < j ? 1 : i > j ? -1 : 0));
      }
    expect(counts.has('0 0')).toBe(true);
    expect([...counts.values()].every((n) => n === 0)).toBe(true);
  });

  test('places every image at its owner plus whole cell vectors', () => {
    const structure = randomStructure({ seed: 7, natoms: 4, cell: SKEWED, species: [42] });
    const list = buildNeighborList(structure, 5);
    for (let g = 0; g < list.natoms; g++)
      for (let k = 0; k < 3; k++) {
        let x = structure.positions[3 * list.owner[g] + k];
        for (let a = 0; a < 3; a++) x += list.shift[3 * g + a] * SKEWED[3 * a + k];
        expect(list.positions[3 * g + k]).toBeCloseTo(x, 10);
      }
  });

  test('leaves its input alone', () => {
    const structure = randomStructure({ seed: 3, natoms: 25, cell: [7, 1, -2, 2, 8, 1, -3, 2, 9], species: [1, 6] });
    const before = JSON.stringify(structure);
    buildNeighborList(structure, 4);
    expect(JSON.stringify(structure)).toBe(before);
  });

  test('handles no atoms and one lone atom', () => {
    const none = buildNeighborList(
      { numbers: new Uint8Array(0), positions: new Float64Array(0), cell: null, pbc: [false, false, false] },
      5,
    );
    expect([none.ncenters, none.natoms, none.neighbors.length]).toEqual([0, 0, 0]);
    const one = buildNeighborList(
      { numbers: Uint8Array.of(1), positions: Float64Array.of(1, 2, 3), cell: null, pbc: [false, false, false] },
      5,
    );
    expect([...one.first]).toEqual([0, 0]);
  });

  test('is not slowed down by atoms that lie far apart', () => {
    const positions = Float64Array.of(0, 0, 0, 1e7, 0, 0, 0, 1e9, 1, 1, 0, 0);
    const list = buildNeighborList(
      { numbers: new Uint8Array(4).fill(1), positions, cell: null, pbc: [false, false, false] },
      5,
    );
    expect([...list.first]).toEqual([0, 1, 1, 1, 2]);
  });
});

describe('buildNeighborList refuses', () => {
  const atoms = {
    numbers: Uint8Array.of(1, 1),
    positions: Float64Array.of(0, 0, 0, 1, 1, 1),
    pbc: [true, true, true] as const,
  };
  const cubic = (a: number) => Float64Array.of(a, 0, 0, 0, a, 0, 0, 0, a);

  test.each([
    [
      'a coordinate that is not a number',
      { ...atoms, positions: Float64Array.of(0, 0, 0, 1, Number.NaN, 1), cell: cubic(5) },
      /coordinate y of atom 2 is NaN/,
    ],
    [
      'an infinite coordinate',
      { ...atoms, positions: Float64Array.of(0, 0, -Infinity, 1, 1, 1), cell: cubic(5) },
      /coordinate z of atom 1/,
    ],
    ['a cell without volume', { ...atoms, cell: Float64Array.of(1, 0, 0, 2, 0, 0, 0, 0, 1) }, /do not span/],
    ['a zero vector', { ...atoms, cell: Float64Array.of(0, 0, 0, 0, 5, 0, 0, 0, 5) }, /do not span/],
    [
      'a cell that is not a number',
      { ...atoms, cell: Float64Array.of(Number.NaN, 0, 0, 0, 5, 0, 0, 0, 5) },
      /not finite/,
    ],
    ['a periodic structure without a cell', { ...atoms, cell: null }, /no cell/],
    [
      'coincident atoms',
      { ...atoms, positions: Float64Array.of(0, 0, 0, 0, 0, 0), cell: cubic(5) },
      /atoms 1 and 2 coincide/,
    ],
    [
      'atoms that coincide through the cell',
      { ...atoms, positions: Float64Array.of(0, 0, 0, 5, 10, -5), cell: cubic(5) },
      /atoms 1 and 2 coincide/,
    ],
    [
      'an absurdly small cell',
      { ...atoms, positions: Float64Array.of(0, 0, 0, 0.003, 0.001, 0.002), cell: cubic(0.01) },
      /images within|neighbors within/,
    ],
    [
      'an atom absurdly far away',
      { ...atoms, positions: Float64Array.of(0, 0, 0, 1e300, 1, 1), cell: cubic(5) },
      /atom 2 lies/,
    ],
  ])('%s', (_name, structure, message) => {
    expect(() => buildNeighborList(structure, 4)).toThrow(message);
  });
});

describe('foldForces', () => {
  test('moves the forces on images to their owners', () => {
    const list = buildNeighborList(
      randomStructure({ seed: 2, natoms: 6, cell: [4, 0, 0, 0, 4, 0, 0, 0, 4], species: [1] }),
      3,
    );
    expect(list.natoms).toBeGreaterThan(list.ncenters);
    const forces = Float64Array.from({ length: 3 * list.natoms }, (_, k) => (k % 3) + 1);
    foldForces(list, forces);
    const copies = new Int32Array(list.ncenters);
    for (const owner of list.owner) copies[owner]++;
    for (let i = 0; i < list.ncenters; i++)
      expect([...forces.subarray(3 * i, 3 * i + 3)]).toEqual([copies[i], 2 * copies[i], 3 * copies[i]]);
    expect(forces.subarray(3 * list.ncenters).every((f) => f === 0)).toBe(true);
  });
});

describe('ReusableNeighborList', () => {
  test('covers the cutoff on a random walk in a changing cell, and builds less often than it is asked', () => {
    const random = seededRandom(5);
    let structure = randomStructure({ seed: 3, natoms: 20, cell: [6, 1, -2, 2, 7, 1, -3, 2, 6], species: [1, 6] });
    const reusable = new ReusableNeighborList(3, 0.8);
    const steps = 120;
    for (let step = 0; step < steps; step++) {
      expectSameNeighbors(reusable.update(structure), structure, 3, 3);
      const strain = 1 + 0.004 * (random() - 0.5);
      structure = {
        ...structure,
        cell: (structure.cell as Float64Array).map((x, k) => (k < 3 ? x * strain : x)),
        positions: structure.positions.map((x) => x + 0.06 * (random() - 0.5)),
      };
    }
    expect(reusable.builds).toBeGreaterThan(1);
    expect(reusable.builds).toBeLessThan(steps / 3);
  });

  test('builds anew when species, count or periodicity change', () => {
    const structure = randomStructure({ seed: 3, natoms: 8, cell: [6, 1, -2, 2, 7, 1, -3, 2, 6], species: [1, 6] });
    const reusable = new ReusableNeighborList(3, 0.8);
    reusable.update(structure);
    reusable.update(structure);
    expect(reusable.builds).toBe(1);
    expect(reusable.update({ ...structure, numbers: new Uint8Array(8).fill(6) }).numbers[0]).toBe(6);
    expect(reusable.builds).toBe(2);
    const open = reusable.update({ ...structure, pbc: [false, false, false] });
    expect(open.natoms).toBe(8);
    expect(() =>
      reusable.update({ ...structure, positions: structure.positions.map((x, k) => (k === 4 ? Number.NaN : x)) }),
    ).toThrow(/atom 2/);
  });
});
