import { BACKENDS } from '../../potentials/kernels/backends.ts';

/** Programs that train; `auto` takes the first of native, wasm, typescript that works here. */
export const TRAINING_BACKENDS = [...BACKENDS, 'tfjs-gpu', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const;
