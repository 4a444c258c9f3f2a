import { describe, expect, test } from 'vitest';
import { buildWire } from '../../src/conductance/geometry/build-wire.ts';
import { isConnected } from '../../src/conductance/geometry/connected.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { bondLength } from '../../src/conductance/pull/job-folder.ts';
import { seededRandom } from '../../src/core/random.ts';

const BOND = bondLength('bcc', 5.2205);

const wire = () =>
  buildWire({ z: 19, lattice: 'bcc', a: 5.2205, orientation: '111', diameter: 10, free: 30, grip: 9.5 });

function pulledApart(given: Wire, gap: number): Wire {
  const half = (given.positions[3 * (given.natoms - 1) + 2] + given.positions[2]) / 2;
  return { ...given, positions: given.positions.map((x, k) => (k % 3 === 2 && x > half ? x + gap : x)) };
}

describe('the connection of the grips', () => {
  test('bonds of potassium reach to between 6.0 and 6.3 Å', () => {
    expect(BOND).toBeGreaterThan(6);
    expect(BOND).toBeLessThan(6.3);
  });

  test('is there in a whole wire and gone when a gap is wider than a bond', () => {
    expect(isConnected(wire(), BOND)).toBe(true);
    expect(isConnected(pulledApart(wire(), 2), BOND)).toBe(true);
    expect(isConnected(pulledApart(wire(), 7), BOND)).toBe(false);
  });

  test('may be a single chain of atoms', () => {
    const chain = (d: number): Wire => ({
      natoms: 8,
      numbers: new Uint8Array(8).fill(19),
      positions: Float64Array.from({ length: 24 }, (_, k) => (k % 3 === 2 ? d * Math.floor(k / 3) : 0)),
      bottom: 1,
      top: 1,
      leadPeriod: d,
      order: new Int32Array(8),
    });
    expect(isConnected(chain(6.1), BOND)).toBe(true);
    expect(isConnected(chain(6.3), BOND)).toBe(false);
  });

  test('is the one that all pairs of atoms give', () => {
    const random = seededRandom(11);
    for (let round = 0; round < 60; round++) {
      const natoms = 40;
      const size = 14 + 14 * random();
      const positions = Float64Array.from({ length: 3 * natoms }, (_, k) => random() * size * (k % 3 === 2 ? 2.5 : 1));
      const given: Wire = {
        natoms,
        numbers: new Uint8Array(natoms).fill(19),
        positions,
        bottom: 2,
        top: 2,
        leadPeriod: 10,
        order: new Int32Array(natoms),
      };
      expect(isConnected(given, BOND)).toBe(byAllPairs(given));
    }
  });

  test('an atom that flew far away makes no difference', () => {
    const given = wire();
    const positions = given.positions.slice();
    positions[3 * (given.bottom + 3)] = 1e9;
    expect(isConnected({ ...given, positions }, BOND)).toBe(true);
  });
});

function byAllPairs({ natoms, positions, bottom, top }: Wire): boolean {
  const group = Int32Array.from({ length: natoms }, (_, i) => (i < bottom ? 0 : i));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < natoms; i++)
      for (let j = 0; j < natoms; j++) {
        const d = Math.hypot(...[0, 1, 2].map((k) => positions[3 * i + k] - positions[3 * j + k]));
        if (d >= BOND || group[i] === group[j]) continue;
        group[i] = group[j] = Math.min(group[i], group[j]);
        changed = true;
      }
  }
  return group.slice(natoms - top).includes(0);
}
