import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import * as chooser from '../../potentials/kernels/conductance/choose-task.ts';
import { describeNetworks } from '../../potentials/kernels/conductance/describe-network.ts';
import { nativeTask, nativeTaskVariants } from '../../potentials/kernels/conductance/native-task.ts';
import { featuresByTypescript, soapOf } from '../../potentials/kernels/conductance/soap-kernel.ts';
import { TASKS, type TaskArrays, type TaskName, taskArrays } from '../../potentials/kernels/conductance/task.ts';
import { JelliumKernel } from '../../src/conductance/negf/jellium-kernel.ts';
import { jelliumParameters } from '../../src/conductance/negf/jellium-parameters.ts';
import { TightBindingKernel } from '../../src/conductance/negf/tight-binding-kernel.ts';
import { tightBindingParameters } from '../../src/conductance/negf/tight-binding-parameters.ts';
import { POTASSIUM, potassiumWire } from '../conductance/wires.ts';
import { COMPILER, compile, runJson, targets } from './compile.ts';
import { allOf, cluster, randomNetwork } from './conductance/clusters.ts';

interface Case {
  readonly name: TaskName;
  readonly description: Float64Array;
  readonly arrays: TaskArrays;
}

const SETTINGS = { species: [11, 19], cutoff: 7, sigma: 0.9, nmax: 7, lmax: 4 };

function networkCase(natoms: number, ncenters: number): Case {
  const soap = soapOf(SETTINGS);
  const atoms = cluster(natoms, [11, 19]);
  const rows = featuresByTypescript(soap, atoms, allOf(Math.min(natoms, 20)));
  const networks = (['slice', 'max', 'mean'] as const).map((kind) => randomNetwork(rows, soap.nfeatures, kind));
  const arrays = taskArrays({
    positions: atoms.positions,
    species: Int32Array.from(atoms.numbers, (z) => (z === 11 ? 0 : 1)),
    centers: allOf(ncenters),
    numbers: new Float64Array(ncenters).fill(0.5),
    values: new Float64Array(3 + soap.nfeatures),
    features: new Float32Array(ncenters * soap.nfeatures),
  });
  return { name: 'pooledNetwork', description: describeNetworks(soap, networks) as Float64Array, arrays };
}

/** The tasks that labelling a wire makes, with the descriptions they are made of. */
function labelCases(): Case[] {
  const cases: Case[] = [];
  const spy = vi.spyOn(chooser, 'chooseTask').mockImplementation(({ name, description }) => {
    const task = nativeTask(name, description);
    const run = (arrays: TaskArrays) => {
      cases.push({ name, description, arrays });
      return task.run(arrays);
    };
    return { ...task, run };
  });
  const wire = potassiumWire('111', 10);
  const electrons = new JelliumKernel(jelliumParameters(POTASSIUM), 'native');
  electrons.transmission(wire, electrons.leads(wire));
  const orbitals = new TightBindingKernel(tightBindingParameters(POTASSIUM), 'native');
  orbitals.transmission(wire, orbitals.leads(wire));
  spy.mockRestore();
  return cases;
}

function fileOf({ name, description, arrays: a }: Case): string {
  const path = join(mkdtempSync(join(tmpdir(), 'nnp-kernel-test-')), 'case.bin');
  const words = [
    [TASKS[name], description.length],
    description,
    [a.positions.length / 3],
    a.positions,
    a.species.subarray(0, a.positions.length / 3),
    [a.centers.length],
    a.centers,
    [a.numbers.length],
    a.numbers,
    [a.values.length, a.features.length],
  ].flatMap((part) => [...part]);
  writeFileSync(path, Float64Array.from(words));
  return path;
}

const checksum = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v, k) => sum + v * (1 + (k % 3)), 0);

describe.skipIf(!COMPILER || nativeTaskVariants().length === 0)('with sanitizers, on memory full of NaN', () => {
  test.each(targets(nativeTaskVariants()))(
    '%s reads and writes only its own',
    { timeout: 300_000 },
    (variant, flags) => {
      const program = compile('conductance-tasks.cpp', [
        ...[
          '-O1',
          '-g',
          '-fno-sanitize-recover=all',
          '-fsanitize=address,undefined',
          '-fno-sanitize=float-cast-overflow',
        ],
        ...flags,
      ]);
      const cases = [networkCase(1, 1), networkCase(50, 49), networkCase(131, 97), ...labelCases()];
      expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(Object.keys(TASKS)));
      for (const one of cases) {
        const values = new Float64Array(one.arrays.values.length);
        const features = new Float32Array(one.arrays.features.length);
        const code = nativeTask(one.name, one.description, variant).run({ ...one.arrays, values, features });
        const found = runJson(program, [fileOf(one)]);
        expect(found['code'], one.name).toBe(code);
        expect(Math.abs(found['values'] - checksum(values))).toBeLessThan(1e-4 * (1 + Math.abs(checksum(values))));
        expect(Math.abs(found['features'] - checksum(features))).toBeLessThan(
          1e-4 * (1 + Math.abs(checksum(features))),
        );
      }
    },
  );
});
