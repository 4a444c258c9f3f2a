import { describe, expect, test } from 'vitest';
import type { Orientation } from '../../src/conductance/geometry/build-wire.ts';
import type { Wire } from '../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../src/conductance/metals.ts';
import { TightBinding } from '../../src/conductance/negf/tight-binding.ts';
import { hamiltonian } from '../../src/conductance/negf/tight-binding-hamiltonian.ts';
import { hopping, tightBindingParameters } from '../../src/conductance/negf/tight-binding-parameters.ts';
import { chain, moved, POTASSIUM, potassiumWire, reversed, split, thinned } from './wires.ts';

const PARAMETERS = tightBindingParameters(POTASSIUM);
const label = (wire: Wire) => {
  const model = new TightBinding(PARAMETERS);
  return model.transmission(wire, model.leads(wire));
};

describe('tight-binding matrix elements', () => {
  test.each([
    [3.9, -0.2037934873],
    [4.521085, -0.1347000557],
    [5.2205, -0.084501884],
    [7.382902, -0.0199888076],
    [8.5, -0.0074997855],
    [9.0, -0.0014274239],
    [9.4, -0.0000139326],
    [9.5, 0],
  ])('t(%d Å) = %d eV', (r, t) => expect(hopping(r, PARAMETERS)).toBeCloseTo(t, 10));

  test('the level of an atom in bulk potassium, a triangle and a corner keeps it half filled', () => {
    const bulk: number[] = [];
    for (let i = -4; i <= 4; i++)
      for (let j = -4; j <= 4; j++)
        for (let k = -4; k <= 4; k++)
          for (const b of [0, 0.5]) bulk.push((i + b) * 5.2205, (j + b) * 5.2205, (k + b) * 5.2205);
    const center = ((4 * 9 + 4) * 9 + 4) * 2;
    expect(hamiltonian(Float64Array.from(bulk), PARAMETERS).onsite[center]).toBeCloseTo(-0.18829616, 7);
    const triangle = hamiltonian(Float64Array.of(0, 0, 0, 4.5, 0, 0, 2.25, (4.5 * Math.sqrt(3)) / 2, 0), PARAMETERS);
    for (const level of triangle.onsite) expect(level).toBeCloseTo(-0.03087283, 7);
    const corner = hamiltonian(Float64Array.of(0, 0, 0, 4.5, 0, 0, 0, 4.5, 0, 0, 0, 4.5), PARAMETERS).onsite;
    expect(corner[0]).toBeCloseTo(-0.0178211, 7);
    expect(corner[1]).toBeCloseTo(-0.03182461, 7);
  });

  test('metals with other electrons are refused', () => {
    expect(() => tightBindingParameters(metalOf({ element: 'Au' }))).toThrow(/bcc metals with one s electron.*jellium/);
  });
});

describe('tight-binding conductance', () => {
  test.each([3.9, 4.2, 4.521, 5, 6])('a chain at %d Å carries one quantum', (d) => {
    expect(Math.abs(label(chain(d, 12, 3)).total - 1)).toBeLessThan(1e-4);
  });

  test.each<[Orientation, number, number]>([
    ['100', 6, 1],
    ['100', 8, 3],
    ['100', 12, 6],
    ['110', 8, 2],
    ['110', 12, 4],
    ['111', 10, 6],
    ['111', 16, 10],
  ])('a pristine [%s] wire of diameter %d carries the %i quanta of its bands', (orientation, diameter, quanta) => {
    const { total, channels } = label(potassiumWire(orientation, diameter));
    expect(Math.abs(total - quanta)).toBeLessThan(1e-3);
    for (const t of channels) expect(t).toBeLessThanOrEqual(1 + 1e-9);
  });

  test.each<[Orientation, number, number]>([
    ['100', 1.0, 0.52306],
    ['100', 4.0, 2.60625],
    ['111', 3.2, 0.78922],
    ['111', 4.6, 5.20814],
  ])('a rigid [%s] neck of radius %d has %d G0', (orientation, r, expected) => {
    const wire = potassiumWire(orientation, 20, { free: 26 });
    const middle = wire.length / 2;
    const neck = thinned(
      wire,
      (x, y, z) => Math.hypot(x, y) <= Math.sqrt(r * r + 0.6 * Math.max(Math.abs(z - middle) - 2, 0) ** 2),
    );
    expect(label(neck).total).toBeCloseTo(expected, 4);
  });

  test.each([
    [1, 3.85371],
    [4, 0.513691],
    [6, 0.0320171],
  ])('a wire split by %d Å has %d G0', (gap, expected) => {
    expect(label(split(potassiumWire('111', 10), gap)).total).toBeCloseTo(expected, 4);
  });

  test('a wire split wider than the reach of the hopping has exactly none', () => {
    const { total, channels } = label(split(potassiumWire('111', 10), 8));
    expect(total).toBe(0);
    expect(channels.length).toBe(0);
  });

  test('block by block is the same as inverting the whole matrix, and channels add up to T', () => {
    const model = new TightBinding(PARAMETERS);
    const wire = split(potassiumWire('111', 10), 2);
    const leads = model.leads(wire);
    const { total, channels } = model.transmission(wire, leads);
    expect(total).toBeCloseTo(model.transmissionByDenseInversion(wire, leads).total, 8);
    expect(channels.reduce((sum, t) => sum + t, 0)).toBeCloseTo(total, 10);
  });

  test('the order of mobile atoms, rotation, shift and reversal change nothing', () => {
    const wire = split(potassiumWire('111', 10), 1.5);
    const { total } = label(wire);
    const order = Array.from({ length: wire.natoms }, (_, i) => i);
    const mobile = order.slice(wire.bottom, wire.natoms - wire.top).reverse();
    const permuted = moved(wire, (x, y, z) => [x, y, z], [
      ...order.slice(0, wire.bottom),
      ...mobile,
      ...order.slice(wire.natoms - wire.top),
    ]);
    expect(label(permuted).total).toBeCloseTo(total, 9);
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    expect(label(moved(wire, (x, y, z) => [c * x - s * y + 40, s * x + c * y - 3, z + 7])).total).toBeCloseTo(total, 6);
    expect(label(reversed(wire)).total).toBeCloseTo(total, 6);
  });

  test('leads shorter than the reach of the hopping are refused', () => {
    expect(() => label(chain(4, 10, 2))).toThrow(/lead period 8.000 Å is shorter than the reach/);
  });
});
