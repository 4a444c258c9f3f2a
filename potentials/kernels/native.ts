import { availableParallelism } from 'node:os';
import { BLOB_VERSION } from './blob.ts';
import type { KernelCall, KernelInstance } from './kernel-instance.ts';
import { chosenVariant, type KernelAddon, loadAddon } from './load-addon.ts';

/** addon.c. */
interface Addon extends KernelAddon {
  /** Throws Error when the variant does not run here or the blob is invalid. */
  create(variant: string, blob: Float64Array, threads: number, minimumScratch: number): object;
  evaluate(...call: AddonCall): number;
  evaluateAsync(...call: [...AddonCall, (code: number) => void]): void;
}

type AddonCall = [
  handle: object,
  element: Int32Array,
  positions: Float64Array,
  first: Int32Array,
  neighbors: Int32Array,
  forces: Float64Array,
  virial: Float64Array,
  energies: Float64Array,
  memberEnergies: Float64Array,
  memberForces: Float64Array,
  memberVirials: Float64Array,
  features: Float64Array,
  featureStride: number,
  extrapolations: Float64Array,
  status: Int32Array,
];

export interface NativeOptions {
  /** Instruction set: avx512, avx2, sse, neon; default NNP_KERNEL_VARIANT of the environment, else the best this processor has. */
  readonly variant?: string;
  /** Default NNP_THREADS of the environment, else 1. 0 = as many as there are processors. */
  readonly threads?: number;
  /** Keep no triplets between the passes: for tests of the path that large neighborhoods take. */
  readonly minimumScratch?: boolean;
}

const load = () => loadAddon<Addon>('hdnnp', BLOB_VERSION);

/** Instruction sets of the native kernel that run here, best first; empty without the addon. */
export function nativeVariants(): string[] {
  try {
    return load().variants();
  } catch {
    return [];
  }
}

/** Throws Error with the reason when the addon, or the variant, does not run here. */
export function nativeKernel(blob: Float64Array, options: NativeOptions = {}): KernelInstance {
  const addon = load();
  const variant = chosenVariant(addon.variants(), options.variant);
  const threads = options.threads ?? Number(process.env['NNP_THREADS'] || 1);
  const count = threads === 0 ? availableParallelism() : threads;
  const handle = addon.create(variant, blob, count, Number(options.minimumScratch ?? false));
  const words = (call: KernelCall): AddonCall => [
    handle,
    call.element,
    call.positions,
    call.first,
    call.neighbors,
    call.forces,
    call.virial,
    call.energies,
    call.memberEnergies,
    call.memberForces,
    call.memberVirials,
    call.features,
    call.featureStride,
    call.extrapolations,
    call.status,
  ];
  return {
    description: `native (${variant}${count > 1 ? `, ${count} threads` : ''})`,
    evaluate: (call) => addon.evaluate(...words(call)),
    evaluateAsync: (call) =>
      new Promise((resolve) => {
        // the words live in this closure, and with it handle and arrays, until the callback
        const kept = words(call);
        addon.evaluateAsync(...kept, (code) => resolve(kept.length > 0 ? code : -1));
      }),
  };
}
