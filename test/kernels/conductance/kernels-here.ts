import type { Backend } from '../../../potentials/kernels/backends.ts';
import { nativeTaskVariants } from '../../../potentials/kernels/conductance/native-task.ts';

/** Every compiled backend of the conductance kernels that runs on this machine. */
export const COMPILED_HERE: readonly Backend[] = [
  ...nativeTaskVariants().map((variant) => `native-${variant}` as Backend),
  'wasm',
];
