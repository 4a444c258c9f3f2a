/** Programs that evaluate an HDNNP; `auto` takes the first of native, wasm, typescript that works here. */
export const BACKENDS = [
  'auto',
  'native',
  'native-avx512',
  'native-avx2',
  'native-sse',
  'native-neon',
  'wasm',
  'typescript',
] as const;

export type Backend = (typeof BACKENDS)[number];
