import { afterEach, describe, expect, test } from 'vitest';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import { BACKENDS, type Backend } from '../../potentials/kernels/backends.ts';
import { KernelPotential } from '../../potentials/kernels/kernel-potential.ts';
import { choosePotential, kernelReport } from '../../potentials/kernels/ladder.ts';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { selfTest } from '../../potentials/kernels/self-test.ts';
import { wasmKernel } from '../../potentials/kernels/wasm.ts';
import { evaluate } from '../contracts/potential.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';

const structure = randomStructure({ seed: 1, natoms: 6, cell: null, species: [1, 8], box: 3 });
const functions = [...functionsOfType(2, [1, 8], 3), ...functionsOfType(3, [1, 8], 3)];
const model = randomModel({ seed: 1, trainedOn: structure, species: [1, 8], functions });

describe('the ladder of backends', () => {
  afterEach(() => {
    delete process.env['NNP_KERNEL_VARIANT'];
  });

  test('takes the fastest that runs here and says which', () => {
    const { potential, rung } = choosePotential(model, 'x');
    const best = nativeVariants()[0];
    expect(rung.backend).toBe(best ? `native (${best})` : 'wasm');
    expect(rung.passedOver.length).toBe(best ? 0 : 1);
    expect(evaluate(potential, structure).energy).toBeCloseTo(evaluate(new Hdnnp(model), structure).energy, 9);
  });

  test('takes a backend by name, or says why it cannot', () => {
    for (const backend of BACKENDS) {
      const variant = backend.replace(/^native-/, '');
      if (backend.startsWith('native') && !['native', ...nativeVariants()].includes(variant)) {
        expect(() => choosePotential(model, 'x', { backend })).toThrow(/cannot be used: native-/);
        continue;
      }
      const { potential, rung } = choosePotential(model, 'x', { backend });
      expect(potential).toBeInstanceOf(backend === 'typescript' ? Hdnnp : KernelPotential);
      if (backend.startsWith('native-')) expect(rung.backend).toBe(`native (${variant})`);
    }
  });

  test('goes on to the next rung when the instruction set of the environment does not exist', () => {
    process.env['NNP_KERNEL_VARIANT'] = 'mmx';
    const { rung } = choosePotential(model, 'x');
    expect(rung.backend).toBe('wasm');
    expect(rung.passedOver[0]).toMatch(nativeVariants().length ? /runs .*, not mmx/ : /not built/);
    expect(() => choosePotential(model, 'x', { backend: 'native' as Backend })).toThrow(/mmx|not built/);
  });

  test('passes over a kernel for a model that only the TypeScript program can refuse or take', () => {
    const broken = structuredClone(model);
    broken.elements[0].network.layers[0].weights[0] = Number.NaN;
    const { rung } = choosePotential(broken, 'x');
    expect(rung.backend).toBe('typescript');
    expect(rung.passedOver.every((reason) => /invalid at entry/.test(reason))).toBe(true);
  });

  test('a kernel that computes something else fails its self-test', () => {
    expect(selfTest((blob) => wasmKernel(blob))).toBeNull();
    const wrong = selfTest((blob) => {
      const kernel = wasmKernel(blob);
      const evaluate: typeof kernel.evaluate = (call) => {
        const code = kernel.evaluate(call);
        call.forces[4] *= 1 + 1e-9;
        return code;
      };
      return { ...kernel, evaluate };
    });
    expect(wrong).toMatch(/self-test: energy off by .*, forces by \d/);
  });

  test('reports what runs here without a model', () => {
    const report = kernelReport();
    expect(report.nativeVariants).toEqual(nativeVariants());
    expect(report.backend).toBe(nativeVariants().length ? `native (${nativeVariants()[0]})` : 'wasm');
  });
});
