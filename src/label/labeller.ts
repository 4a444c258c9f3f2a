import type { Frame, InfoValue, Labels, PerAtom } from '../core/frame.ts';

/** What a labeller found out about one frame, in the frame's own atom order and orientation. */
export interface Labelled {
  readonly labels: Labels;
  /** Further values of the frame: largest disagreement (eV/Å), number of extrapolations … */
  readonly info?: Readonly<Record<string, InfoValue>>;
  /** Further columns: disagreement of the force of each atom (eV/Å) … */
  readonly arrays?: Readonly<Record<string, PerAtom>>;
}

/**
 * Something that gives a frame energy, forces and virial: a potential, LAMMPS, an outside program. Never answers with values that are
 * not finite, not converged or of another number of atoms: those are a LabelError that keeps the tail of what the program said.
 */
export interface Labeller {
  /** Name, versions and hashes: what is stored as provenance of a label. */
  readonly provenance: Readonly<Record<string, InfoValue>>;
  /** Frames it can work on at the same time. */
  readonly concurrency: number;
  /** Rejects with LabelError when this frame cannot be labelled, with another error when none can. */
  label(frame: Frame, signal: AbortSignal): Promise<Labelled>;
  /** Ends processes and removes what is not worth keeping. */
  close(): Promise<void>;
}
