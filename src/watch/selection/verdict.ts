import type { Frame } from '../../core/frame.ts';

/**
 * How far the members of a committee disagree about a frame, in the quantities of `model_devi.out`: standard deviations over the
 * members, divided by their number. NaN where a member gave no number.
 */
export interface ModelDeviation {
  /** eV/Å; largest, smallest and mean over the atoms of |σ(F)|. */
  readonly maxForce: number;
  readonly minForce: number;
  readonly avgForce: number;
  /** eV/atom; of virial/N: largest and smallest of the nine components, and norm/3. */
  readonly maxVirial: number;
  readonly minVirial: number;
  readonly avgVirial: number;
  /** eV/atom; of E/N. The LAMMPS dialect of the file has none. */
  readonly energy?: number;
  /** eV/Å; |σ(F)| of each atom, where it was kept. */
  readonly forces?: Float64Array;
}

/**
 * `accurate`: the committee agrees, no label needed. `candidate`: worth a label. `failed`: the disagreement is beyond `hi` or not a
 * number, so the frame is not trusted. `skipped`: not judged, or not wanted by novelty, every n-th, caps or budget.
 */
export type Decision = 'accurate' | 'candidate' | 'failed' | 'skipped';

export interface Verdict {
  readonly decision: Decision;
  /** Stable word and figures for logs: `force 0.12 eV/A between 0.05 and 0.20`, `every 10th frame only`. */
  readonly reason: string;
  readonly deviation?: ModelDeviation;
  /** Symmetry function values outside the training range, over all members. */
  readonly extrapolations?: number;
}

/** Decides frame by frame which are worth a label. Frames of a file are judged in file order. */
export interface Selector {
  /**
   * The file (for caps) is `frame.origin.path`, the place in it (for every n-th) `frame.origin.frame`. Rejects only for what
   * concerns all frames; a frame that cannot be judged (unknown element, coincident atoms) is `failed` with the reason.
   */
  judge(frame: Frame): Promise<Verdict>;
}
