import type { CrystalPlan } from './crystal.ts';

/** How a structure is varied each time it is drawn. */
export interface Variation {
  /** Largest relative change of each edge of the cell, drawn evenly; the atoms follow. */
  readonly strain: number;
  /** Largest shear of each pair of axes, drawn evenly; the atoms follow. */
  readonly shear: number;
  /** Å; range from which the standard deviation of the random displacements (each component) is drawn. */
  readonly rattle: readonly [number, number];
}

/** A crystal, and what is cut from it. */
export interface CrystalSource extends CrystalPlan {
  readonly kind: 'crystal';
  /** Atomic number. */
  readonly element: number;
  /** Atoms taken out at random. */
  readonly vacancies: number;
  /** Å of vacuum: above a slab, or around a wire; 0 = bulk. */
  readonly vacuum: number;
  /** Å; a wire along z of this diameter is cut. */
  readonly diameter?: number;
}

/** Structures of a file of any readable format. */
export interface FileSource {
  readonly kind: 'file';
  readonly path: string;
}

/** An entry of `structures`: what round 0 labels and exploration starts from. */
export interface StructurePlan {
  readonly name: string;
  /** Structures of round 0. */
  readonly count: number;
  readonly variation: Variation;
  readonly source: CrystalSource | FileSource;
}
