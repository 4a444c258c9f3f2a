import { describe, expect, test } from 'vitest';
import { Soap, type SoapSettings } from '../../../potentials/descriptors/soap.ts';
import {
  gaussLegendre,
  RadialIntegrals,
  radialBasis,
  scaledBessel,
} from '../../../potentials/descriptors/soap-radial.ts';
import { SphericalHarmonics } from '../../../potentials/descriptors/spherical-harmonics.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';

const PAPER = { species: [19], nmax: 17, lmax: 9 } as const;

function features(positions: readonly number[], settings: SoapSettings, numbers?: readonly number[]): Float64Array {
  const soap = new Soap(settings);
  const n = positions.length / 3;
  const list = buildNeighborList(
    {
      numbers: Uint8Array.from(numbers ?? Array(n).fill(19)),
      positions: Float64Array.from(positions),
      cell: null,
      pbc: [false, false, false],
    },
    settings.cutoff,
  );
  const out = new Float64Array(soap.nfeatures);
  soap.compute(list, [0], out);
  return out;
}

const DIMER = [0, 0, 0, 0, 0, 4.5];
const FOUR = [...DIMER, 4, 1, -2, -3, 3.5, 1];

function bulk(): number[] {
  const atoms: number[][] = [];
  for (let i = -3; i <= 3; i++)
    for (let j = -3; j <= 3; j++)
      for (let k = -3; k <= 3; k++) for (const b of [0, 0.5]) atoms.push([i + b, j + b, k + b].map((v) => v * 5.2205));
  return atoms.sort((p, q) => Math.hypot(...p) - Math.hypot(...q)).flat();
}

/** Index of p(l; n, n') for one species. */
const at = (l: number, n: number, m: number) => 153 * l + 17 * n - (n * (n - 1)) / 2 + (m - n);
const size = (values: Float64Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe('radial basis', () => {
  test('is orthonormal to 1e-13 at nmax 17', () => {
    const { nodes, weights } = gaussLegendre(300);
    const rows = Array.from(nodes, (u) => {
      const g = new Float64Array(17);
      radialBasis(10 * u, 10, g);
      return g;
    });
    for (let n = 0; n < 17; n++)
      for (let m = 0; m <= n; m++) {
        const overlap = rows.reduce((sum, g, k) => sum + weights[k] * 10 * (10 * nodes[k]) ** 2 * g[n] * g[m], 0);
        expect(Math.abs(overlap - (n === m ? 1 : 0))).toBeLessThan(1e-13);
      }
  });

  test.each([
    [0, 0.50199602, -1.08995413, 41.60947008],
    [3, 0.17218463, 0, 0.08988855],
    [8, 0.00401597, 0.01453272, -0.04992206],
  ])('has the published values at %d Å', (r, g0, g1, g16) => {
    const g = new Float64Array(17);
    radialBasis(r, 10, g);
    expect(g[0]).toBeCloseTo(g0, 8);
    expect(g[1]).toBeCloseTo(g1, 8);
    expect(g[16]).toBeCloseTo(g16, 8);
  });

  test('integrals with a Gaussian at 4.5 Å have the published values', () => {
    const out = new Float64Array(170);
    new RadialIntegrals({ cutoff: 10, sigma: 1, nmax: 17, lmax: 9 }).at(4.5, out);
    const value = (n: number, l: number) => out[l * 17 + n];
    expect(value(0, 0)).toBeCloseTo(1.28114083, 8);
    expect(value(0, 1)).toBeCloseTo(1.20974546, 7);
    expect(value(0, 9)).toBeCloseTo(0.12139005, 8);
    expect(value(1, 4)).toBeCloseTo(0.71003974, 7);
    expect(value(16, 9)).toBeCloseTo(-0.00012095, 8);
  });

  test.each([1e-13, 1e-6, 0.3, 5, 29, 99, 101, 4000])('scaled Bessel functions at %d obey their sum rule', (z) => {
    // Σ_l (2l+1) e^(−z) i_l(z) = 1
    const b = new Float64Array(Math.ceil(20 + 9 * Math.sqrt(z)));
    scaledBessel(z, b);
    expect(b.reduce((sum, value, l) => sum + (2 * l + 1) * value, 0)).toBeCloseTo(1, 10);
    const few = new Float64Array(10);
    scaledBessel(z, few);
    for (let l = 0; l < 10; l++) expect(few[l]).toBeCloseTo(b[l], 12);
  });
});

test('spherical harmonics obey the addition theorem', () => {
  const harmonics = new SphericalHarmonics(12);
  const [a, b] = [new Float64Array(169), new Float64Array(169)];
  harmonics.at(0.48, -0.6, 0.64, a);
  harmonics.at(-0.8, 0, 0.6, b);
  const cosine = 0.48 * -0.8 + 0.64 * 0.6;
  let [p, before] = [1, 0];
  for (let l = 0; l <= 12; l++) {
    let sum = 0;
    for (let k = l * l; k < (l + 1) ** 2; k++) sum += a[k] * b[k];
    expect(sum).toBeCloseTo(((2 * l + 1) / (4 * Math.PI)) * p, 12);
    [p, before] = [((2 * l + 1) * cosine * p - l * before) / (l + 1), p];
  }
});

describe('SOAP power spectrum', () => {
  test('has 1530 features for one species, and those of cross pairs for two', () => {
    expect(new Soap({ ...PAPER, cutoff: 6, sigma: 1 }).nfeatures).toBe(1530);
    expect(new Soap({ species: [11, 19], nmax: 4, lmax: 2, cutoff: 5, sigma: 1 }).nfeatures).toBe(3 * (10 + 16 + 10));
  });

  test.each([
    ['dimer', DIMER, 10, 1, 48.9072, 43.455564, [25.99765711, -18.28051029, -1.50385846, 0.01105505, 0.045418]],
    ['four atoms', FOUR, 10, 1, 101.412032, 64.703415, [50.3420768, -11.65902858, -3.75428651, 0.00533936, 0.22134258]],
    [
      'four atoms',
      FOUR,
      12,
      1.2,
      174.980022,
      141.538283,
      [123.68108368, -36.00284737, -3.29513609, 0.0937279, 0.15188547],
    ],
    ['bulk', bulk(), 10, 1, 9736.411891, 1276.108771, [391.44562101, 336.76298829, 134.40383153, 0.24917039, 0]],
  ])(
    'of %s (%#) is the published one to 1e-5 of its largest feature',
    (_, positions, cutoff, sigma, sum, norm, values) => {
      const p = features(positions, { ...PAPER, cutoff, sigma });
      const most = size(p);
      expect(Math.abs(p.reduce((s, v) => s + v, 0) - sum)).toBeLessThan(1e-5 * sum);
      expect(Math.abs(Math.hypot(...p) - norm)).toBeLessThan(1e-5 * norm);
      const found = [p[at(0, 0, 0)], p[at(0, 0, 1)], p[at(0, 3, 5)], p[at(4, 2, 7)], p[at(9, 0, 0)]];
      found.forEach((value, k) => {
        expect(Math.abs(value - values[k])).toBeLessThan(1e-5 * most);
      });
    },
  );

  test('does not change under rotation, inversion, shift and exchange of neighbors', () => {
    const settings = { ...PAPER, cutoff: 9, sigma: 0.8 };
    const p = features(FOUR, settings);
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turn = ([x, y, z]: number[]) => [c * x - s * (c * y - s * z), s * x + c * (c * y - s * z), s * y + c * z];
    const rows = [0, 1, 2, 3].map((i) => FOUR.slice(3 * i, 3 * i + 3));
    const variants = [
      rows.map(turn),
      rows.map((r) => r.map((v) => -v)),
      rows.map((r) => r.map((v, k) => v + [30, -4, 11][k])),
      [rows[0], rows[3], rows[1], rows[2]],
    ];
    for (const variant of variants) {
      const q = features(variant.flat(), settings);
      expect(size(q.map((v, k) => v - p[k]))).toBeLessThan(1e-10 * size(p));
    }
  });

  test('is continuous where a neighbor crosses the cutoff', () => {
    const settings = { ...PAPER, cutoff: 6, sigma: 1 };
    const [inside, outside, alone] = [
      [0, 0, 5.9999],
      [0, 0, 6.0001],
      [0, 0, 50],
    ].map((r) => features([0, 0, 0, ...r], settings));
    expect(size(inside.map((v, k) => v - outside[k]))).toBeLessThan(1e-6);
    expect(outside).toEqual(alone);
  });

  test('of one species is the same whether or not another could occur', () => {
    const settings = { species: [19], nmax: 3, lmax: 2, cutoff: 6, sigma: 1 };
    const alone = features(FOUR, settings);
    const among = features(FOUR, { ...settings, species: [11, 19] });
    const perL = 6 + 9 + 6;
    for (let l = 0; l <= 2; l++) {
      expect([...among.slice(l * perL, l * perL + 15)]).toEqual(Array(15).fill(0));
      expect(among.slice(l * perL + 15, (l + 1) * perL)).toEqual(alone.slice(6 * l, 6 * l + 6));
    }
  });

  test('an unknown species and settings without sense are refused', () => {
    expect(() => features(DIMER, { ...PAPER, cutoff: 6, sigma: 1 }, [19, 79])).toThrow(/an atom of Au is none/);
    expect(() => new Soap({ ...PAPER, cutoff: 6, sigma: 0 })).toThrow(/σ/);
    expect(() => new Soap({ ...PAPER, nmax: 0, cutoff: 6, sigma: 1 })).toThrow(/nmax/);
    expect(() => new Soap({ ...PAPER, species: [19, 11], cutoff: 6, sigma: 1 })).toThrow(/ascending/);
  });
});
