import type { TrainingStructure } from '../training-structure.ts';

/** Improves the weights in place, some structures at a time. */
export interface Optimiser {
  /** Structures per update. */
  readonly batch: number;
  /** Throws PotentialError when the numbers leave the finite range. */
  update(structures: readonly TrainingStructure[]): void;
  /** Everything beside the weights that an exact continuation needs, by name. */
  state(): Readonly<Record<string, Float64Array>>;
  /** Takes over what `state` gave; throws RangeError for other names or lengths. */
  restore(state: Readonly<Record<string, Float64Array>>): void;
}

/** Copies the arrays of a saved state over the present ones of the same name. */
export function copyState(
  from: Readonly<Record<string, Float64Array>>,
  to: Readonly<Record<string, Float64Array>>,
): void {
  for (const [name, target] of Object.entries(to)) {
    const source = from[name];
    if (source?.length !== target.length)
      throw new RangeError(
        `saved state "${name}": expected ${target.length} numbers, found ${source?.length ?? 'none'}`,
      );
    target.set(source);
  }
}
