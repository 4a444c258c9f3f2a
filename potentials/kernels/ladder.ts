import { PotentialError } from '../../src/core/errors.ts';
import { type Committee, SeparateCommittee } from '../committee.ts';
import { Hdnnp } from '../hdnnp.ts';
import type { HdnnpModel } from '../hdnnp-model.ts';
import type { Potential } from '../potential.ts';
import type { Backend } from './backends.ts';
import { planBlob, shareFunctions } from './blob.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { KernelPotential } from './kernel-potential.ts';
import { nativeKernel, nativeVariants } from './native.ts';
import { SELF_TEST_MODEL, selfTest } from './self-test.ts';
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
 * version and passes a self-test against the TypeScript program. A backend asked for by name is taken or refused by a
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
      const failure = verdict(potential.backend, create);
      if (failure === null) return potential;
      reasons.push(`${rung}: ${failure}`);
    } catch (error) {
      reasons.push(`${rung}: ${(error as Error).message}`);
    }
  }
  return null;
}

/** Self-tests done in this process. */
const verdicts = new Map<string, string | null>();

function verdict(backend: string, create: (blob: Float64Array) => KernelInstance): string | null {
  let found = verdicts.get(backend);
  if (found === undefined) {
    found = selfTest(create);
    verdicts.set(backend, found);
  }
  return found;
}

/** What runs here and why, without a model: for `doctor`. `nativeVariants` are instruction sets, best first. */
export function kernelReport(options: KernelOptions = {}): Rung & { readonly nativeVariants: readonly string[] } {
  return { ...choosePotential(SELF_TEST_MODEL, 'self-test', options).rung, nativeVariants: nativeVariants() };
}
