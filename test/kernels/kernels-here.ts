import type { HdnnpModel } from '../../potentials/hdnnp-model.ts';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { KernelPotential } from '../../potentials/kernels/kernel-potential.ts';
import { nativeKernel, nativeVariants } from '../../potentials/kernels/native.ts';
import { wasmKernel } from '../../potentials/kernels/wasm.ts';

export interface KernelChoice {
  readonly threads?: number;
  /** Keep no triplets between the passes. */
  readonly minimumScratch?: boolean;
}

/** Every kernel that runs on this machine: instruction sets of the addon (where it is built) and the WebAssembly module. */
export const KERNELS_HERE = [...nativeVariants(), 'wasm'];
if (KERNELS_HERE.length === 1)
  console.warn('the native kernel is not built: node potentials/kernels/build.mjs --require');

/** Lanes of each kernel: paddings and masks change with them. */
export const LANES: Record<string, number> = { avx512: 8, avx2: 4, sse: 2, neon: 2, wasm: 2 };

export function kernelPotential(
  kernel: string,
  models: readonly HdnnpModel[],
  choice: KernelChoice = {},
): KernelPotential {
  const blob = planBlob(models);
  const instance = kernel === 'wasm' ? wasmKernel(blob, choice) : nativeKernel(blob, { variant: kernel, ...choice });
  return new KernelPotential(models, instance, kernel);
}
