import { describe, expect, test } from 'vitest';
import { CODES } from '../../../potentials/kernels/conductance/task.ts';
import type { Wire } from '../../../src/conductance/geometry/wire.ts';
import { metalOf } from '../../../src/conductance/metals.ts';
import { Jellium } from '../../../src/conductance/negf/jellium.ts';
import { JelliumKernel } from '../../../src/conductance/negf/jellium-kernel.ts';
import { jelliumParameters } from '../../../src/conductance/negf/jellium-parameters.ts';
import type { ConductanceModel, Transmission } from '../../../src/conductance/negf/landauer.ts';
import { chooseNegf } from '../../../src/conductance/negf/negf-backend.ts';
import { TightBinding } from '../../../src/conductance/negf/tight-binding.ts';
import { TightBindingKernel } from '../../../src/conductance/negf/tight-binding-kernel.ts';
import { tightBindingParameters } from '../../../src/conductance/negf/tight-binding-parameters.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { chain, moved, POTASSIUM, potassiumWire, reversed, split, thinned } from '../../conductance/wires.ts';
import { COMPILED_HERE } from './kernels-here.ts';

const ELECTRONS = jelliumParameters(POTASSIUM);
const ORBITALS = tightBindingParameters(POTASSIUM);
const label = <Leads>(model: ConductanceModel<Leads>, wire: Wire) => model.transmission(wire, model.leads(wire));

/** Mobile atoms shaken by up to `size` Å. */
function shaken(wire: Wire, size: number): Wire {
  const random = seededRandom(3);
  const positions = wire.positions.map((value, k) => {
    const i = Math.floor(k / 3);
    const isMobile = i >= wire.bottom && i < wire.natoms - wire.top;
    return value + (isMobile ? size * (2 * random() - 1) : 0);
  });
  return { ...wire, positions };
}

const THIN = potassiumWire('111', 10);
const NECK = thinned(
  potassiumWire('100', 20, { free: 26 }),
  (x, y, z) => Math.hypot(x, y) <= 4 + 0.1 * Math.abs(z - 22),
);
const WIRES: readonly (readonly [string, Wire])[] = [
  ['a pristine wire', THIN],
  ['a disordered wire', shaken(THIN, 0.5)],
  ['a disordered neck', shaken(NECK, 0.3)],
  ['a neck away from the origin', moved(NECK, (x, y, z) => [x + 40, y - 30, z + 10])],
  ['a wire upside down', reversed(shaken(THIN, 0.4))],
  ['a wire with a gap', split(THIN, 4)],
  ['a broken wire', split(THIN, 10)],
  ['a chain', chain(4.521, 24, 3)],
];

function expectSame(found: Transmission, wanted: Transmission, digits: number): void {
  expect(found.total).toBeCloseTo(wanted.total, digits);
  const channels = Math.max(found.channels.length, wanted.channels.length);
  for (let k = 0; k < channels; k++) expect(found.channels[k] ?? 0).toBeCloseTo(wanted.channels[k] ?? 0, digits);
}

const jellium = new Map(WIRES.map(([name, wire]) => [name, label(new Jellium(ELECTRONS), wire)]));
const orbital = new Map(WIRES.map(([name, wire]) => [name, label(new TightBinding(ORBITALS), wire)]));

describe.each(COMPILED_HERE)('NEGF by %s', (backend) => {
  test.each(WIRES)('gives the channels of the TypeScript programs: %s', { timeout: 60_000 }, (name, wire) => {
    expectSame(label(new JelliumKernel(ELECTRONS, backend), wire), jellium.get(name) as Transmission, 7);
    expectSame(label(new TightBindingKernel(ORBITALS, backend), wire), orbital.get(name) as Transmission, 8);
  });

  test('has the tabulated conductances of pristine wires and gaps', { timeout: 60_000 }, () => {
    const wire = potassiumWire('100', 12);
    expect(Math.abs(label(new JelliumKernel(ELECTRONS, backend), wire).total - 5.9956)).toBeLessThan(1e-3);
    expect(Math.abs(label(new TightBindingKernel(ORBITALS, backend), wire).total - 6)).toBeLessThan(1e-3);
    const gap = label(new JelliumKernel(ELECTRONS, backend), split(THIN, 6)).total;
    expect(Math.abs(gap - 0.013649)).toBeLessThan(1e-5);
    expect(label(new TightBindingKernel(ORBITALS, backend), split(THIN, 10)).total).toBe(0);
  });

  test('does not depend on the wires before, of more atoms and wider blocks', { timeout: 60_000 }, () => {
    const [electrons, orbitals] = [new JelliumKernel(ELECTRONS, backend), new TightBindingKernel(ORBITALS, backend)];
    const [first, second] = [label(electrons, THIN), label(orbitals, THIN)];
    label(electrons, NECK);
    label(orbitals, potassiumWire('111', 24));
    expect(label(electrons, THIN)).toEqual(first);
    expect(label(orbitals, THIN)).toEqual(second);
  });

  test('takes a block larger than it had room for', { timeout: 60_000 }, () => {
    const wide = potassiumWire('110', 26);
    expectSame(label(new TightBindingKernel(ORBITALS, backend), wide), label(new TightBinding(ORBITALS), wide), 7);
  });

  test('leaves what the kernel calls singular to the TypeScript program', () => {
    const model = new JelliumKernel(ELECTRONS, backend);
    const { leads } = model.leads(THIN);
    const task = { backend, run: () => CODES.singular };
    expectSame(model.transmission(THIN, { leads, task }), jellium.get('a pristine wire') as Transmission, 10);
  });

  test('wires of sodium, and leads without an open channel', { timeout: 60_000 }, () => {
    const sodium = jelliumParameters(metalOf({ element: 'Na' }));
    expectSame(label(new JelliumKernel(sodium, backend), THIN), label(new Jellium(sodium), THIN), 7);
    expect(label(new JelliumKernel(ELECTRONS, backend), chain(6, 24, 3)).total).toBe(0);
  });

  test('names an atom whose coordinate is no number', () => {
    const broken = { ...THIN, positions: Float64Array.from(THIN.positions) };
    const [electrons, orbitals] = [new JelliumKernel(ELECTRONS, backend), new TightBindingKernel(ORBITALS, backend)];
    const [smooth, hopping] = [electrons.leads(THIN), orbitals.leads(THIN)];
    broken.positions[3 * 40 + 1] = Number.NaN;
    expect(() => electrons.transmission(broken, smooth)).toThrow(/coordinate of atom 41 is not a number/);
    expect(() => orbitals.transmission(broken, hopping)).toThrow(/coordinate of atom 41 is not a number/);
  });

  test('refuses leads of other grips', () => {
    const orbitals = new TightBindingKernel(ORBITALS, backend);
    expect(() => orbitals.transmission(NECK, orbitals.leads(THIN))).toThrow(RangeError);
  });
});

describe('the choice of a program for labels', () => {
  test('is the first that works, and says which', () => {
    const { rung } = chooseNegf();
    expect(rung.backend).toMatch(/^(native \(\w+\)|wasm|typescript)$/);
    expect(chooseNegf('wasm').rung).toEqual({ backend: 'wasm', passedOver: [] });
    expect(chooseNegf('typescript').rung.backend).toBe('typescript');
  });

  test('a backend that is not here is an error with the reason', () => {
    const foreign = process.arch === 'arm64' ? 'native-avx2' : 'native-neon';
    expect(() => chooseNegf(foreign)).toThrow(/native-neon cannot be used|native-avx2 cannot be used/);
  });

  test('without the addon WebAssembly takes its place', async () => {
    const { vi } = await import('vitest');
    vi.resetModules();
    vi.doMock('../../../potentials/kernels/load-addon.ts', () => ({
      loadAddon: () => {
        throw new Error('the addon is not built');
      },
      chosenVariant: (variants: string[]) => variants[0],
    }));
    const fresh = await import('../../../src/conductance/negf/negf-backend.ts');
    expect(fresh.chooseNegf().rung).toEqual({
      backend: 'wasm',
      passedOver: ['jellium, native: the addon is not built'],
    });
    const soap = await import('../../../potentials/kernels/conductance/soap-kernel.ts');
    const settings = { species: [19], cutoff: 5, sigma: 1, nmax: 3, lmax: 2 };
    expect(soap.openSoapKernel(settings).rung.backend).toBe('wasm');
    vi.doUnmock('../../../potentials/kernels/load-addon.ts');
  });
});
