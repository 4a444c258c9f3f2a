import type { Frame } from '../core/frame.ts';
import { labelsHash, structureHash } from './content-hash.ts';
import { maxForce } from './summary.ts';

/** Which frames are kept; everything is optional. */
export interface Criteria {
  /** eV/Å: a frame with a larger force is dropped; one without forces is kept. */
  readonly maxForce?: number;
  /** Frames whose SCF loop did not converge are dropped. */
  readonly dropUnconverged?: boolean;
  /** Frames with the same structure and labels as an earlier one are dropped. */
  readonly dedupe?: boolean;
}

export type DropReason = 'unconverged' | 'max-force' | 'missing-forces' | 'duplicate';

/** Decides frame by frame; remembers one hash per kept structure when duplicates are dropped. */
export class Selection {
  /** Frames with the structure of an earlier one but other labels: kept. */
  conflicting = 0;
  readonly #criteria: Criteria;
  readonly #seen = new Map<string, string>();

  constructor(criteria: Criteria) {
    this.#criteria = criteria;
  }

  /** Why a frame is dropped; undefined = kept. */
  reasonToDrop(frame: Frame): DropReason | undefined {
    const { dropUnconverged, maxForce: limit, dedupe } = this.#criteria;
    if (dropUnconverged && frame.labels?.converged === false) return 'unconverged';
    if (limit !== undefined) {
      const largest = maxForce(frame);
      if (Number.isNaN(largest)) return 'missing-forces';
      if (largest !== undefined && largest > limit) return 'max-force';
    }
    return dedupe && this.#isDuplicate(frame) ? 'duplicate' : undefined;
  }

  #isDuplicate(frame: Frame): boolean {
    const structure = structureHash(frame);
    const labels = labelsHash(frame);
    const earlier = this.#seen.get(structure);
    if (earlier === undefined) this.#seen.set(structure, labels);
    else if (earlier === labels) return true;
    else this.conflicting++;
    return false;
  }
}
