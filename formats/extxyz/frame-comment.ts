import type { InfoValue } from '../../src/core/frame.ts';
import type { ForeignComment } from './foreign-comments.ts';
import type { ColumnPlan } from './properties.ts';

/** What the second line of a frame says. */
export interface CommentLine {
  readonly line: number;
  readonly plan: ColumnPlan;
  readonly cell: Float64Array | undefined;
  readonly pbc: readonly [boolean, boolean, boolean] | undefined;
  /** With the layout of the frame under a symbol. */
  readonly info: Readonly<Record<string, InfoValue>>;
  readonly foreign: ForeignComment | undefined;
  /** True for a comment of LAMMPS `dump extxyz`. */
  readonly lammps: boolean;
  readonly notes: readonly { readonly code: string; readonly message: string; readonly once: boolean }[];
}
