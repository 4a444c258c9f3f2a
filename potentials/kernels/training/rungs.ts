import type { Backend } from '../backends.ts';
import { nativeTrainingKernel } from './native.ts';
import type { TrainingKernel } from './training-kernel.ts';
import { wasmTrainingKernel } from './wasm.ts';

export interface KernelOptions {
  /** Default: the fastest that works. */
  readonly backend?: Backend;
  /** Of the native kernel; 0 = as many as there are processors. */
  readonly threads?: number;
}

/** The kernels to try for a backend, fastest first, by name; creating one throws Error with the reason when it does not work here. */
export function trainingKernels({ backend = 'auto', threads = 1 }: KernelOptions): [string, () => TrainingKernel][] {
  const rungs: [string, () => TrainingKernel][] = [];
  if (backend === 'auto' || backend === 'native') rungs.push(['native', () => nativeTrainingKernel({ threads })]);
  if (backend.startsWith('native-'))
    rungs.push([backend, () => nativeTrainingKernel({ threads, variant: backend.slice('native-'.length) })]);
  if (backend === 'auto' || backend === 'wasm') rungs.push(['wasm', wasmTrainingKernel]);
  return rungs;
}
