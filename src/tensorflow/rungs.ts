/** Engines in the order they are tried: CUDA, libtensorflow on the CPU, WebAssembly (SIMD, one thread), plain JavaScript. */
export const RUNGS = ['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const;
export type Rung = (typeof RUNGS)[number];
