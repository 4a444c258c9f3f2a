import type { Labels } from './frame.ts';

/** Names under which files keep what the labels of a frame say as well: `energy`, `REF_forces`, `dft_virial`, `stress`. */
const COPIES: readonly (readonly [name: RegExp, label: readonly (keyof Labels)[]])[] = [
  [/^(ref_|dft_)?(free_)?energy$/i, ['energy', 'energySigma0']],
  [/^(ref_|dft_)?forces?$/i, ['forces']],
  [/^(ref_|dft_)?(stress|virials?)$/i, ['virial']],
];

/** True when a key or column of this name only repeats a label that the frame has. */
export function repeatsLabel(name: string, labels: Labels | undefined): boolean {
  return COPIES.some(([pattern, keys]) => pattern.test(name) && keys.some((key) => labels?.[key] !== undefined));
}
