import { PotentialError } from '../../src/core/errors.ts';
import { type Committee, SeparateCommittee } from '../committee.ts';
import { Hdnnp } from '../hdnnp.ts';
import type { HdnnpModel } from '../hdnnp-model.ts';
import type { Neighborhood } from '../neighborhood.ts';
import { newEvaluation, type Potential } from '../potential.ts';
import type { Backend } from './backends.ts';
import { planBlob, shareFunctions } from './blob.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { KernelPotential } from './kernel-potential.ts';
import { nativeKernel, nativeVariants } from './native.ts';
import { wasmKernel } from './wasm.ts';

export interface KernelOptions {
  readonly backend?: Backend;
  /** Of the native kernel; 0 = all processors. Default: environment variable NNP_THREADS, else 1. */
  readonly threads?: number;
}

/** Which program evaluates, and why not the faster ones. */
export interface Rung {
  /** `native (avx512, 4 threads)`, `wasm`, `typescript`. */
  readonly backend: string;
  /** One sentence for each faster rung that was passed over. */
  readonly passedOver: readonly string[];
}

interface Chosen {
  readonly potential: Potential;
  readonly rung: Rung;
}

/**
 * The fastest program that works here: native, WebAssembly, TypeScript. A rung counts as working when it loads, speaks our blob
 * version and agrees with the TypeScript program on a small cluster. A backend asked for by name is taken or refused by a
 * PotentialError with the reason.
 */
export function choosePotential(model: HdnnpModel, name: string, options: KernelOptions = {}): Chosen {
  const { backend = 'auto' } = options;
  if (backend === 'typescript') return { potential: new Hdnnp(model, name), rung: { backend, passedOver: [] } };
  const reasons: string[] = [];
  const chosen = chooseKernel([model], name, options, reasons);
  if (chosen) return { potential: chosen, rung: { backend: chosen.backend, passedOver: reasons } };
  if (backend !== 'auto') throw new PotentialError(`the backend ${backend} cannot be used: ${reasons.join('; ')}`);
  return { potential: new Hdnnp(model, name), rung: { backend: 'typescript', passedOver: reasons } };
}

/** A committee by the kernel when its members share their symmetry functions, else (or without a kernel) one after the other. */
export function chooseCommittee(
  models: readonly HdnnpModel[],
  names: readonly string[],
  options: KernelOptions = {},
): Committee {
  const name = names.join('+');
  const together = options.backend !== 'typescript' && shareFunctions(models);
  return (
    (together && chooseKernel(models, name, options, [])) ||
    new SeparateCommittee(
      models.map((model, k) => choosePotential(model, names[k], options).potential),
      name,
    )
  );
}

/** The compiled kernel for models that share their symmetry functions; null with `reasons` filled when none works. */
function chooseKernel(
  models: readonly HdnnpModel[],
  name: string,
  { backend = 'auto', threads }: KernelOptions,
  reasons: string[],
): KernelPotential | null {
  const rungs: [string, (blob: Float64Array) => KernelInstance][] = [];
  const native = (variant?: string) => (blob: Float64Array) =>
    nativeKernel(blob, { ...(variant && { variant }), ...(threads !== undefined && { threads }) });
  if (backend === 'auto' || backend === 'native') rungs.push(['native', native()]);
  if (backend.startsWith('native-')) rungs.push([backend, native(backend.slice('native-'.length))]);
  if (backend === 'auto' || backend === 'wasm') rungs.push(['wasm', (blob) => wasmKernel(blob)]);
  for (const [rung, create] of rungs) {
    try {
      const potential = new KernelPotential(models, create(planBlob(models)), name);
      const difference = selfTest(models, potential);
      if (difference === null) return potential;
      reasons.push(`${rung}: fails its self-test (${difference})`);
    } catch (error) {
      reasons.push(`${rung}: ${(error as Error).message}`);
    }
  }
  return null;
}

/** One argon-like element with a radial function and a linear network: enough to try a rung. */
const PROBE: HdnnpModel = {
  cutoffType: 2,
  cutoffAlpha: 0,
  energyFactor: 1,
  scaling: { kind: 'none', min: 0, max: 1 },
  elements: [
    {
      z: 18,
      energyOffset: 0,
      symmetryFunctions: [{ type: 2, e1: 18, eta: 0.1, rs: 0, rc: 6 }],
      scaleFactor: Float64Array.of(1),
      scaleOffset: Float64Array.of(0),
      network: {
        normalizeNodes: false,
        layers: [{ inputs: 1, outputs: 1, activation: 'l', weights: Float64Array.of(1), biases: Float64Array.of(0) }],
      },
    },
  ],
};

/** What runs here and why, without a model: for `doctor`. `nativeVariants` are instruction sets, best first. */
export function kernelReport(options: KernelOptions = {}): Rung & { readonly nativeVariants: readonly string[] } {
  return { ...choosePotential(PROBE, 'probe', options).rung, nativeVariants: nativeVariants() };
}

/** Gross failures (a wrong build, an emulated processor) are orders larger; rounding of steep models stays far below. */
const SELF_TEST_TOLERANCE = 1e-6;

/** Compares energy and forces of a cluster of every species with the TypeScript program; null = they agree. */
function selfTest(models: readonly HdnnpModel[], potential: KernelPotential): string | null {
  const cluster = testCluster(potential);
  const found = newEvaluation(cluster.natoms, cluster.ncenters);
  const expected = newEvaluation(cluster.natoms, cluster.ncenters);
  for (const model of models) new Hdnnp(model).evaluate(cluster, expected);
  potential.evaluate(cluster, found);
  const scale = 1 / models.length;
  let worst = Math.abs(found.energy - scale * expected.energy) / (1e-300 + Math.abs(scale * expected.energy));
  let largest = 1e-300;
  for (const f of expected.forces) largest = Math.max(largest, Math.abs(scale * f));
  expected.forces.forEach((f, k) => {
    worst = Math.max(worst, Math.abs(found.forces[k] - scale * f) / largest);
  });
  return worst <= SELF_TEST_TOLERANCE ? null : `off by ${worst.toExponential(1)} from the TypeScript program`;
}

/** Two atoms of each species (at least five in all) at distances between about a third and the whole of the cutoff. */
function testCluster({ species, cutoff }: KernelPotential): Neighborhood {
  const natoms = Math.max(5, 2 * species.length);
  const numbers = Uint8Array.from({ length: natoms }, (_, i) => species[i % species.length]);
  const positions = new Float64Array(3 * natoms);
  // a helix: no two atoms coincide, no three are collinear, distances are all different
  for (let i = 0; i < natoms; i++) {
    positions[3 * i] = 0.35 * cutoff * Math.cos(1.1 * i);
    positions[3 * i + 1] = 0.35 * cutoff * Math.sin(1.1 * i);
    positions[3 * i + 2] = 0.13 * cutoff * i;
  }
  const first = Int32Array.from({ length: natoms + 1 }, (_, i) => i * (natoms - 1));
  const neighbors = Int32Array.from({ length: natoms * (natoms - 1) }, (_, k) => {
    const i = Math.floor(k / (natoms - 1));
    const j = k % (natoms - 1);
    return j < i ? j : j + 1;
  });
  return { ncenters: natoms, natoms, numbers, positions, first, neighbors };
}
