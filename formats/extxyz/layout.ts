import type { Frame } from '../../src/core/frame.ts';
import type { Column } from './properties.ts';

/**
 * How a frame was written down: the order of the keys (`Lattice`, `Properties`, `pbc` among them), which values were reals,
 * which arrays stood in brackets, and the columns. The reader leaves it in `info` under a symbol, where only the writer of this
 * format finds it; frames from elsewhere have none and get the default order.
 */
export interface Layout {
  readonly keys: readonly string[];
  readonly reals: ReadonlySet<string>;
  readonly bracketed: ReadonlySet<string>;
  readonly columns: readonly Column[];
}

export const LAYOUT: unique symbol = Symbol.for('nnp-bridge.extxyz.layout');

export function layoutOf(frame: Pick<Frame, 'info'>): Layout | undefined {
  return (frame.info as { [LAYOUT]?: Layout })[LAYOUT];
}
