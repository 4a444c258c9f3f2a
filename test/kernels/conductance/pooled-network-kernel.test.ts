import { describe, expect, test } from 'vitest';
import { Soap } from '../../../potentials/descriptors/soap.ts';
import {
  openPooledCommitteeKernel,
  openPooledNetworkKernel,
} from '../../../potentials/kernels/conductance/pooled-network-kernel.ts';
import { featuresByTypescript } from '../../../potentials/kernels/conductance/soap-kernel.ts';
import { allOf, cluster, randomNetwork, SLICES } from './clusters.ts';
import { COMPILED_HERE } from './kernels-here.ts';

const SETTINGS = { species: [19], cutoff: 7, sigma: 0.9, nmax: 6, lmax: 4 };
const soap = new Soap(SETTINGS);
const everything = cluster(150);
const features = featuresByTypescript(soap, everything, allOf(150));
const network = (kind: 'max' | 'mean' | 'slice', widths?: number[]) =>
  randomNetwork(features, soap.nfeatures, kind, widths);

describe.each(COMPILED_HERE)('a pooled network by %s', (backend) => {
  describe.each(['max', 'mean', 'slice'] as const)('with %s pooling', (kind) => {
    test('gives the number of the TypeScript program for every count of atoms', { timeout: 60_000 }, () => {
      const compiled = openPooledNetworkKernel(network(kind), SETTINGS, backend);
      const wanted = openPooledNetworkKernel(network(kind), SETTINGS, 'typescript');
      for (const n of [1, 2, 11, 12, 47, 48, 49, 97, 150]) {
        const atoms = cluster(n, [19], n);
        const centers = allOf(n).filter((i) => n < 5 || i % 4 !== 2);
        const value = wanted.predict(atoms, centers);
        expect(Math.abs(compiled.predict(atoms, centers) - value), `${n} atoms`).toBeLessThan(
          1e-5 * (1 + Math.abs(value)),
        );
      }
    });
  });

  test.each([[[1]], [[33]], [[64, 5, 40]]])('takes layers of %j', { timeout: 60_000 }, (widths) => {
    const atoms = cluster(50);
    const [found, wanted] = ([backend, 'typescript'] as const).map((one) =>
      openPooledNetworkKernel(network('slice', widths), SETTINGS, one).predict(atoms, allOf(50)),
    );
    expect(Math.abs(found - wanted)).toBeLessThan(1e-5 * (1 + Math.abs(wanted)));
  });

  test('a committee gives what its members give, and the mean of the features', () => {
    const members = [network('slice'), network('max', [40]), network('mean', [7, 70])];
    const atoms = cluster(70);
    const weights = Float64Array.from({ length: 70 }, (_, i) => i + 1);
    const { members: found, mean } = openPooledCommitteeKernel(members, SETTINGS, backend).predict(
      atoms,
      allOf(70),
      weights,
    );
    const alone = members.map((one) => openPooledNetworkKernel(one, SETTINGS, backend).predict(atoms, allOf(70)));
    expect([...found]).toEqual(alone);
    const wanted = openPooledCommitteeKernel([], SETTINGS, 'typescript').predict(atoms, allOf(70), weights).mean;
    const largest = Math.max(...wanted);
    wanted.forEach((p, k) => {
      expect(Math.abs(mean[k] - p) / largest).toBeLessThan(3e-6);
    });
  });

  test('does not depend on what an instance computed before', () => {
    const kernel = openPooledNetworkKernel(network('slice'), SETTINGS, backend);
    const first = kernel.predict(cluster(30), allOf(30));
    kernel.predict(cluster(150), allOf(150));
    expect(kernel.predict(cluster(30), allOf(30))).toBe(first);
  });

  test('is the same for the same atoms in another order', () => {
    const atoms = cluster(60);
    const turned = {
      numbers: atoms.numbers,
      positions: Float64Array.from({ length: 180 }, (_, k) => atoms.positions[3 * (59 - Math.floor(k / 3)) + (k % 3)]),
    };
    const kernel = openPooledNetworkKernel(network('slice'), SETTINGS, backend);
    expect(kernel.predict(turned, allOf(60))).toBeCloseTo(kernel.predict(atoms, allOf(60)), 4);
  });

  test('a wire broken by a wide gap has no slices in the gap', () => {
    const atoms = cluster(40);
    for (let i = 20; i < 40; i++) atoms.positions[3 * i + 2] += 300;
    const [found, wanted] = ([backend, 'typescript'] as const).map((one) =>
      openPooledNetworkKernel(network('slice'), SETTINGS, one).predict(atoms, allOf(40)),
    );
    expect(Math.abs(found - wanted)).toBeLessThan(1e-5 * (1 + Math.abs(wanted)));
  });

  test('an infinite weight is an error, not a number', () => {
    const wrong = network('max');
    wrong.headLayers[0].weights[0] = Number.POSITIVE_INFINITY;
    expect(() => openPooledNetworkKernel(wrong, SETTINGS, backend)).toThrow(/cannot be used/);
    const large = network('max');
    large.headLayers.forEach(({ weights }) => {
      weights.fill(1e300);
    });
    const kernel = openPooledNetworkKernel(large, SETTINGS, backend);
    expect(() => kernel.predict(cluster(9), allOf(9))).toThrow(/gives no number/);
  });
});

describe.each([...COMPILED_HERE, 'typescript' as const])('a pooled network by %s refuses', (backend) => {
  test('structures without centers', () => {
    const kernel = openPooledNetworkKernel(network('max'), SETTINGS, backend);
    expect(() => kernel.predict(cluster(4), new Int32Array(0))).toThrow(/without atoms/);
  });

  test('layers that do not fit', () => {
    const wrong = { ...network('max'), headLayers: [] };
    expect(() => openPooledNetworkKernel(wrong, SETTINGS, backend)).toThrow(/one output, found 13/);
    const other = openPooledNetworkKernel.bind(null, network('max'), { ...SETTINGS, nmax: 5 }, backend);
    expect(other).toThrow(/expected a layer of 75 inputs, found 105/);
  });

  test('slices without end', () => {
    const { pooling, ...rest } = network('slice');
    const fine = { ...rest, pooling: { ...pooling, ...SLICES, step: 1e-7 } } as ReturnType<typeof network>;
    const kernel = openPooledNetworkKernel(fine, SETTINGS, backend);
    expect(() => kernel.predict(cluster(40), allOf(40))).toThrow();
  });
});
