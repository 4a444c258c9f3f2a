import { describe, expect, test } from 'vitest';
import type { Orientation } from '../../src/conductance/geometry/build-wire.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../src/conductance/metals.ts';
import { Jellium } from '../../src/conductance/negf/jellium.ts';
import { HBAR2_2M, jelliumParameters, jelliumPotential } from '../../src/conductance/negf/jellium-parameters.ts';
import { chain, moved, POTASSIUM, potassiumWire, split, thinned } from './wires.ts';

const PARAMETERS = jelliumParameters(POTASSIUM);
const label = (wire: Wire) => {
  const model = new Jellium(PARAMETERS);
  return model.transmission(wire, model.leads(wire));
};

/** Σ (2/π) k_n over the open levels, per atom. */
function electronsPerAtom(wire: Wire): number {
  const { levels } = new Jellium(PARAMETERS).leads(wire).bottom;
  let sum = 0;
  for (const w of levels)
    if (w < PARAMETERS.fermiEnergy) sum += (2 / Math.PI) * Math.sqrt((PARAMETERS.fermiEnergy - w) / HBAR2_2M);
  return (sum * wire.leadPeriod) / wire.bottom;
}

describe('jellium parameters', () => {
  test('potassium has its Fermi energy, barrier and smearing', () => {
    expect(PARAMETERS.n0).toBeCloseTo(0.01405703, 8);
    expect(PARAMETERS.fermiEnergy).toBeCloseTo(2.12389231, 8);
    expect(PARAMETERS.barrier).toBeCloseTo(4.42389231, 8);
    expect(PARAMETERS.smearing).toBe(1.7);
    expect(jelliumParameters(metalOf({ element: 'Na' })).smearing).toBeCloseTo((1.7 * 4.225) / 5.2205, 3);
  });

  test.each([
    [0, 4.423892],
    [0.1, 3.963808],
    [0.25, 2.211946],
    [0.4, 0.460085],
    [0.5, 0],
    [1.2, 0],
  ])('V at n/n0 = %d is %d eV', (n, v) => expect(jelliumPotential(n, PARAMETERS)).toBeCloseTo(v, 6));

  test('a metal without valence is refused', () => {
    expect(() => jelliumParameters(metalOf({ element: 'W' }))).toThrow(/--valence and --work-function/);
  });
});

describe('jellium leads', () => {
  test.each([
    [3.9, -0.4999, 1.7095, 0.8993],
    [4.2, -0.443, 1.8054, 0.9118],
    [4.521, -0.3612, 1.9077, 0.8862],
    [5.0, -0.1953, 2.06, 0.7207],
  ])(
    'a chain at %d Å has one open level at %d eV, the next at %d eV, and %d electrons an atom',
    (d, first, second, electrons) => {
      const wire = chain(d, 16, 1);
      const { levels, open } = new Jellium(PARAMETERS).leads(wire).bottom;
      expect(open).toBe(1);
      expect(levels[0] - PARAMETERS.fermiEnergy).toBeCloseTo(first, 3);
      expect(levels[1] - PARAMETERS.fermiEnergy).toBeCloseTo(second, 3);
      expect(electronsPerAtom(wire)).toBeCloseTo(electrons, 3);
    },
  );

  test('a chain at 6 Å has no open level and no conductance', () => {
    const wire = chain(6, 12, 3);
    expect(new Jellium(PARAMETERS).leads(wire).bottom.open).toBe(0);
    expect(label(wire).total).toBe(0);
  });
});

describe('jellium conductance', () => {
  test.each<[Orientation, number, number, number, number]>([
    ['100', 8, 3, 2.9439, 0.9639],
    ['100', 17.5, 12, 11.9254, 0.9676],
    ['110', 8, 2, 1.7506, 0.7102],
    ['110', 12, 5, 4.7151, 0.9352],
    ['111', 10, 6, 5.9981, 1.0013],
    ['111', 24, 23, 22.9908, 1.0128],
  ])(
    'a pristine [%s] wire of diameter %d has %i open channels, %d G0 and %d electrons an atom',
    (axis, d, open, g, electrons) => {
      const wire = potassiumWire(axis, d);
      const model = new Jellium(PARAMETERS);
      const leads = model.leads(wire);
      expect([leads.bottom.open, leads.top.open]).toEqual([open, open]);
      expect(model.transmission(wire, leads).total).toBeCloseTo(g, 4);
      expect(electronsPerAtom(wire)).toBeCloseTo(electrons, 4);
    },
  );

  test.each<[Orientation, number, number, readonly number[]]>([
    ['100', 1.0, 0.85978, [0.8598, 0, 0]],
    ['100', 4.0, 2.84824, [0.9979, 0.8907, 0.8907, 0.0682]],
    ['111', 3.2, 0.94881, [0.9486, 0.0001, 0.0001]],
    ['111', 8.0, 9.62301, [1.0, 0.9997, 0.9992, 0.999, 0.9988]],
  ])('a rigid [%s] neck of radius %d has %d G0 and its channels', (orientation, r, expected, channels) => {
    const wire = potassiumWire(orientation, 20, { free: 26 });
    const middle = wire.length / 2;
    const found = label(
      thinned(
        wire,
        (x, y, z) => Math.hypot(x, y) <= Math.sqrt(r * r + 0.6 * Math.max(Math.abs(z - middle) - 2, 0) ** 2),
      ),
    );
    expect(found.total).toBeCloseTo(expected, 4);
    channels.forEach((t, n) => {
      expect(found.channels[n] ?? 0).toBeCloseTo(t, 3);
    });
  });

  test.each([
    [1, 5.39901],
    [4, 0.517489],
    [6, 0.0136493],
    [8, 0.000505533],
    [10, 2.00383e-5],
  ])('electrons tunnel through a gap of %d Å: %d G0', (gap, expected) => {
    const { total, channels } = label(split(potassiumWire('111', 10), gap));
    expect(Math.abs(total / expected - 1)).toBeLessThan(1e-4);
    expect(channels.reduce((sum, t) => sum + t, 0)).toBeCloseTo(total, 9);
    for (const t of channels) expect(t).toBeLessThanOrEqual(1 + 1e-9);
  });

  test('the real recursion gives the same as the complex one', () => {
    for (const gap of [0, 2, 7]) {
      const wire = split(potassiumWire('110', 12), gap);
      const model = new Jellium(PARAMETERS);
      const leads = model.leads(wire);
      const complex = model.transmissionByComplexRecursion(wire, leads);
      const { total, channels } = model.transmission(wire, leads);
      expect(Math.abs(total / complex.total - 1)).toBeLessThan(1e-9);
      expect(channels[0]).toBeCloseTo(complex.channels[0], 9);
    }
  });

  test('the order of mobile atoms changes nothing; rotation and a shift change it by less than 0.02 G0', () => {
    const wire = split(potassiumWire('111', 10), 2.5);
    const { total } = label(wire);
    const order = Array.from({ length: wire.natoms }, (_, i) => i);
    const [low, high] = [wire.bottom, wire.natoms - wire.top];
    const permuted = [...order.slice(0, low), ...order.slice(low, high).reverse(), ...order.slice(high)];
    expect(label(moved(wire, (x, y, z) => [x, y, z], permuted)).total).toBeCloseTo(total, 10);
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    expect(Math.abs(label(moved(wire, (x, y, z) => [c * x - s * y, s * x + c * y, z])).total - total)).toBeLessThan(
      0.02,
    );
    expect(Math.abs(label(moved(wire, (x, y, z) => [x + 0.3, y - 0.2, z + 5])).total - total)).toBeLessThan(0.02);
  });

  test('a wire far from the origin is labelled like one at the origin', () => {
    const wire = split(potassiumWire('111', 10), 2.5);
    const far = moved(wire, (x, y, z) => [x + 60, y - 45, z]);
    expect(Math.abs(label(far).total - label(wire).total)).toBeLessThan(0.02);
    const model = new Jellium(PARAMETERS);
    expect(model.leads(far).modes.count).toBe(model.leads(wire).modes.count);
  });

  test('grips spread over nanometers are refused instead of filling the memory', () => {
    const wide = moved(potassiumWire('111', 10), (x, y, z) => [x * 60, y * 60, z]);
    expect(() => label(wide)).toThrow(/too wide for the jellium model/);
  });
});
