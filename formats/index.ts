import type { Format } from './format.ts';

export type { Carries, Format, ReadOptions, WriteOptions } from './format.ts';

/** Every format the bridge knows; adding a line is the registration. */
export const FORMATS: readonly Format[] = [];
