import { describe, expect, test } from 'vitest';
import { buildWire, type Orientation } from '../../src/conductance/geometry/build-wire.ts';
import { WireFinder, type WireRule } from '../../src/conductance/geometry/find-wire.ts';
import { parseGripRule } from '../../src/conductance/geometry/grips.ts';
import { findLeadPeriod } from '../../src/conductance/geometry/lead-period.ts';
import { gripPositions } from '../../src/conductance/geometry/wire.ts';
import { wireFrame } from '../../src/conductance/geometry/wire-file.ts';
import { metalOf } from '../../src/conductance/metals.ts';
import type { Frame } from '../../src/core/frame.ts';
import { POTASSIUM, potassiumWire } from './wires.ts';

const plan = (orientation: Orientation, diameter: number) =>
  ({ ...POTASSIUM, orientation, diameter, free: 30, grip: 9.5 }) as const;

describe('wire builder', () => {
  test.each<[Orientation, number, number, number]>([
    ['100', 6, 10, 10.441],
    ['100', 17.5, 210, 10.441],
    ['110', 12, 88, 14.765804],
    ['111', 10, 91, 13.563257],
    ['111', 24, 403, 13.563257],
  ])('bcc [%s] of diameter %d has %i atoms and the lead period %d', (orientation, diameter, natoms, period) => {
    const wire = buildWire(plan(orientation, diameter));
    expect(wire.natoms).toBe(natoms);
    expect(wire.leadPeriod).toBeCloseTo(period, 5);
    expect(wire.bottom).toBe(wire.top);
  });

  test.each<Orientation>(['100', '110', '111'])('nearest neighbors of fcc [%s] are at a/√2', (orientation) => {
    const gold = metalOf({ element: 'Au' });
    const { positions, natoms } = buildWire({ ...gold, orientation, diameter: 12, free: 12, grip: 5 });
    const nearest = Array.from({ length: natoms }, (_, i) => {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < natoms; j++)
        if (j !== i)
          least = Math.min(least, Math.hypot(...[0, 1, 2].map((k) => positions[3 * i + k] - positions[3 * j + k])));
      return least;
    });
    for (const r of nearest) expect(r).toBeCloseTo(gold.a / Math.SQRT2, 9);
  });

  test('a copy of the grip shifted by the lead period continues the crystal of the wire', () => {
    for (const orientation of ['100', '110', '111'] as const) {
      const wire = potassiumWire(orientation, 12);
      for (let i = 0; i < wire.bottom; i++) {
        const [x, y, z] = wire.positions.slice(3 * i, 3 * i + 3);
        const isThere = Array.from({ length: wire.natoms }, (_, j) =>
          Math.hypot(
            wire.positions[3 * j] - x,
            wire.positions[3 * j + 1] - y,
            wire.positions[3 * j + 2] - z - wire.leadPeriod,
          ),
        ).some((d) => d < 1e-9);
        expect(isThere).toBe(true);
      }
    }
  });

  test('nonsense is refused with what to do', () => {
    expect(() => buildWire({ ...plan('100', -1) })).toThrow(/diameter.*positive/);
    expect(() => buildWire({ ...plan('100', 1e5), free: 1e6 })).toThrow(/atoms/);
    expect(() => metalOf({ element: 'Qq' })).toThrow(/no element/);
    expect(() => metalOf({ element: 'Xe' })).toThrow(/--lattice/);
  });
});

describe('lead period', () => {
  test.each(['bcc', 'fcc'] as const)('of a %s grip of two or more periods follows from its crystal', (lattice) => {
    for (const orientation of ['100', '110', '111'] as const) {
      const wire = buildWire({
        z: 19,
        lattice,
        a: 5,
        orientation,
        diameter: 15,
        free: 20,
        grip: 2.1 * 5 * Math.sqrt(3),
      });
      const rounded = gripPositions(wire, 'top').map((v) => Number(v.toFixed(3)));
      expect(findLeadPeriod(rounded)).toBeCloseTo(wire.leadPeriod, 2);
    }
  });

  test('of one layer, or of a disordered grip, is not found', () => {
    expect(findLeadPeriod(Float64Array.of(0, 0, 0, 3, 0, 0))).toBeUndefined();
    const wire = potassiumWire('100', 12);
    const shaken = gripPositions(wire, 'bottom').map((v, k) => v + 0.4 * Math.sin(k * k));
    expect(findLeadPeriod(shaken)).toBeUndefined();
  });
});

describe('finding the wire', () => {
  const wire = potassiumWire('111', 10);
  const frame = wireFrame(wire, plan('111', 10));
  const rule = (grips: string): WireRule => ({ grips: parseGripRule(grips), axis: 'z', z: 19 });
  const shuffled = (): Frame => {
    const order = Array.from({ length: frame.natoms }, (_, k) => (k * 37) % frame.natoms);
    const type = frame.arrays['type'].data as Int32Array;
    return {
      ...frame,
      positions: Float64Array.from(order.flatMap((i) => [...frame.positions.slice(3 * i, 3 * i + 3)])),
      arrays: {
        type: { columns: 1, data: Int32Array.from(order, (i) => type[i]) },
        id: { columns: 1, data: Int32Array.from(order, (i) => i + 1) },
      },
    };
  };

  test.each(['type:2,3', 'id:1-21,71-91', 'ends:13.5', 'region:13.5,44.8'])(
    'atoms in any order are brought into that of a wire by %s',
    (grips) => {
      const found = new WireFinder(rule(grips)).find(shuffled(), 'a');
      expect([found.bottom, found.top]).toEqual([21, 21]);
      const sorted = (positions: Float64Array) => [...positions].sort((a, b) => a - b);
      expect(sorted(gripPositions(found, 'bottom'))).toEqual(sorted(gripPositions(wire, 'bottom')));
      expect(found.leadPeriod).toBe(wire.leadPeriod);
    },
  );

  test('grips by their ends are those of the first frame of a trajectory', () => {
    const finder = new WireFinder(rule('ends:13.5'));
    finder.find(frame, 'a');
    const fallen = { ...frame, positions: frame.positions.map((v, k) => (k === 3 * 45 + 2 ? 1 : v)) };
    expect(finder.find(fallen, 'a').bottom).toBe(21);
    expect(finder.find(fallen, 'b').bottom).toBe(22);
  });

  test('a wire along x or y is turned to z', () => {
    const turned = { ...frame, positions: frame.positions.map((_, k) => frame.positions[k - (k % 3) + ((k + 2) % 3)]) };
    const found = new WireFinder({ ...rule('type:2,3'), axis: 'x' }).find(turned, 'a');
    expect(found.positions).toEqual(wire.positions);
  });

  test('a frame without grips, a foreign species and a position that is no number are named', () => {
    const finder = new WireFinder(rule('type:5,6'));
    expect(() => finder.find(frame, 'a')).toThrow(/no atom belongs to the bottom grip.*types of the frame: 1 2 3/);
    const { type: _, ...arrays } = frame.arrays;
    expect(() => new WireFinder(rule('type:2,3')).find({ ...frame, arrays }, 'a')).toThrow(/has no types/);
    const foreign = { ...frame, numbers: frame.numbers.map((z, k) => (k === 40 ? 79 : z)) };
    expect(() => new WireFinder(rule('type:2,3')).find(foreign, 'a')).toThrow(/an atom of Au in a wire of K/);
    const broken = { ...frame, positions: frame.positions.map((v, k) => (k === 7 ? Number.NaN : v)) };
    expect(() => new WireFinder(rule('type:2,3')).find(broken, 'a')).toThrow(/not a finite number/);
  });

  test.each([
    'type:2',
    'type:2,2',
    'id:1-5,3-9',
    'ends:-1',
    'ends:',
    'region:5',
    'region:9,3',
    'region:,3',
    'layers:3',
    '',
  ])('the grip rule "%s" is refused', (text) => {
    expect(() => parseGripRule(text)).toThrow(/expected type:BOTTOM,TOP/);
  });
});
