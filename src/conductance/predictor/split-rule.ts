/** Parts of 8213, 912 and 2283 snapshots, as in Bürkle et al., PRL 126, 177701 (2021): 72, 8 and 20 %. */
export const PAPER_PARTS = { validation: 912 / 11408, test: 2283 / 11408 } as const;

/**
 * How labelled snapshots are divided: by whole trajectories (neighboring frames are nearly the same), at random, or by the names of the
 * trajectories that are kept for validation. Without a part for the test, files given apart are the test.
 */
export type SplitRule =
  | { readonly kind: 'by-trajectory' | 'random'; readonly validation: number; readonly test: number }
  | { readonly kind: 'trajectories'; readonly validation: readonly string[] };
