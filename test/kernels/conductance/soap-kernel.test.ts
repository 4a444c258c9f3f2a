import { describe, expect, test } from 'vitest';
import { featuresByTypescript, openSoapKernel, soapOf } from '../../../potentials/kernels/conductance/soap-kernel.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { allOf, cluster } from './clusters.ts';
import { COMPILED_HERE } from './kernels-here.ts';

const SMALL = { species: [19], cutoff: 7, sigma: 0.9, nmax: 6, lmax: 4 };
/** Largest difference from the TypeScript program against the largest feature. */
function error(backend: (typeof COMPILED_HERE)[number], settings: typeof SMALL, atoms: ReturnType<typeof cluster>) {
  const kernel = openSoapKernel(settings, backend);
  const centers = allOf(atoms.numbers.length);
  const found = new Float32Array(centers.length * kernel.nfeatures).fill(Number.NaN);
  kernel.compute(atoms, centers, found);
  const wanted = featuresByTypescript(soapOf(settings), atoms, centers);
  const largest = wanted.reduce((most, p) => Math.max(most, Math.abs(p)), 0);
  return (
    wanted.reduce((most, p, k) => Math.max(most, Number.isNaN(found[k]) ? 9 : Math.abs(found[k] - p)), 0) / largest
  );
}

describe.each(COMPILED_HERE)('SOAP by %s', (backend) => {
  test.each([
    ['the settings of the publication', { ...SMALL, cutoff: 12, sigma: 1.2, nmax: 17, lmax: 9 }],
    ['sharp Gaussians', { ...SMALL, sigma: 0.3, nmax: 12 }],
    ['one radial function', { ...SMALL, nmax: 1 }],
    ['l = 0 alone', { ...SMALL, lmax: 0 }],
    ['high l and many functions', { ...SMALL, cutoff: 4, nmax: 35, lmax: 14, sigma: 0.4 }],
    ['two species', { ...SMALL, species: [11, 19] }],
    ['three species, one of which does not occur', { ...SMALL, species: [3, 11, 19], nmax: 9 }],
  ])('gives the features of the TypeScript program: %s', { timeout: 60_000 }, (_, settings) => {
    expect(error(backend, settings, cluster(37, settings.species.slice(-2)))).toBeLessThan(3e-6);
  });

  test('pads every count of atoms, one alone among them', { timeout: 60_000 }, () => {
    for (const n of [1, 2, 3, 15, 16, 17, 31, 33])
      expect(error(backend, { ...SMALL, cutoff: 45, sigma: 3 }, cluster(n)), `${n} atoms`).toBeLessThan(3e-6);
  });

  test('takes more neighbors than it works on together', () => {
    const atoms = cluster(140);
    const dense = { ...atoms, positions: atoms.positions.map((x, k) => (k % 3 === 2 ? x / 20 : x)) };
    expect(error(backend, SMALL, dense)).toBeLessThan(3e-6);
  });

  test('atoms beyond the cutoff and far from all others do not count', () => {
    const near = cluster(9);
    const positions = new Float64Array(30).fill(500);
    positions.set(near.positions);
    const far = { positions, numbers: new Uint8Array(10).fill(19) };
    const kernel = openSoapKernel(SMALL, backend);
    const [a, b] = [near, far].map((atoms) => {
      const out = new Float32Array(9 * kernel.nfeatures);
      kernel.compute(atoms, allOf(9), out);
      return out;
    });
    expect(b).toEqual(a);
    const alone = new Float32Array(kernel.nfeatures);
    kernel.compute(far, Int32Array.of(9), alone);
    expect(alone[0]).toBeGreaterThan(0);
  });

  test('takes the neighbor lists of a periodic structure, images of the center too', () => {
    const cell = Float64Array.of(5.2, 0, 0, 0.7, 5.1, 0, -0.4, 0.3, 5.3);
    const structure = {
      positions: Float64Array.of(0, 0, 0, 2.5, 2.6, 2.7),
      numbers: Uint8Array.of(19, 19),
      cell,
      pbc: [true, true, true] as const,
    };
    const list = buildNeighborList(structure, SMALL.cutoff);
    const kernel = openSoapKernel(SMALL, backend);
    const found = new Float32Array(2 * kernel.nfeatures);
    kernel.compute(list, allOf(2), found);
    const wanted = featuresByTypescript(soapOf(SMALL), list, allOf(2));
    const largest = Math.max(...wanted);
    wanted.forEach((p, k) => {
      expect(Math.abs(found[k] - p) / largest).toBeLessThan(3e-6);
    });
  });

  test('the weighted mean is that of the rows', () => {
    const atoms = cluster(60, [11, 19]);
    const settings = { ...SMALL, species: [11, 19] };
    const centers = allOf(60).filter((i) => i % 3 !== 1);
    const weights = Float64Array.from(centers, (i) => 1 + (i % 5));
    const [found, wanted] = ([backend, 'typescript'] as const).map((one) =>
      openSoapKernel(settings, one).mean(atoms, centers, weights),
    );
    const largest = Math.max(...wanted);
    wanted.forEach((p, k) => {
      expect(Math.abs(found[k] - p) / largest).toBeLessThan(3e-6);
    });
  });
});

describe.each([...COMPILED_HERE, 'typescript' as const])('SOAP by %s refuses', (backend) => {
  const kernel = openSoapKernel(SMALL, backend);
  const compute = (atoms: ReturnType<typeof cluster>, centers = allOf(4)) =>
    kernel.compute(atoms, centers, new Float32Array(centers.length * kernel.nfeatures));

  test('coordinates that are no numbers', () => {
    const atoms = cluster(4);
    atoms.positions[7] = Number.NaN;
    expect(() => compute(atoms)).toThrow(/coordinate y of atom 3 is NaN/);
  });

  test('a foreign species', () => {
    expect(() => compute(cluster(4, [19, 79]))).toThrow(/an atom of Au is none of the species of the features: K/);
  });

  test('two atoms at one place', () => {
    const atoms = cluster(4);
    atoms.positions.copyWithin(9, 0, 3);
    expect(() => compute(atoms)).toThrow(/atom/);
  });

  test('centers that are not there', () => {
    expect(() => compute(cluster(4), Int32Array.of(0, 4))).toThrow(/none of the 4 atoms/);
    expect(() => compute(cluster(4), Int32Array.of(-1))).toThrow(/none of the 4 atoms/);
  });
});

describe('the choice of a program', () => {
  test('settings that the kernel does not know are left to TypeScript, with the reason', { timeout: 60_000 }, () => {
    const kernel = openSoapKernel({ ...SMALL, lmax: 30, nmax: 2 });
    expect(kernel.rung.backend).toBe('typescript');
    expect(kernel.rung.passedOver.join()).toMatch(/harmonics up to l = 24/);
    expect(() => openSoapKernel({ ...SMALL, lmax: 30, nmax: 2 }, 'wasm')).toThrow(/wasm cannot be used: .* l = 24/);
  });

  test('an instruction set that this processor lacks is an error', () => {
    const foreign = process.arch === 'arm64' ? 'native-avx2' : 'native-neon';
    expect(() => openSoapKernel(SMALL, foreign)).toThrow(/cannot be used/);
  });
});
