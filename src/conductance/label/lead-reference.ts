import { gripPositions, type Wire } from '../geometry/wire.ts';
import type { LabelJob } from './models.ts';

/** Coordinates that differ by less (Å) are the same: dumps round to 1e-4 Å and worse. */
const SAME = 2e-3;

/**
 * Chooses the wire whose grips make the leads: the first of a trajectory, as long as the grips keep their shape and place (the top
 * one up to a shift along z). Decided in the order of the frames, so that labels do not depend on which thread makes them.
 */
export class LeadReference {
  #id = 0;
  #reference: Wire | undefined;

  job(wire: Wire): LabelJob {
    if (!this.#reference || !sameGrips(wire, this.#reference)) {
      this.#id++;
      this.#reference = wire;
    }
    return { wire, leads: this.#id, reference: this.#reference };
  }
}

function sameGrips(a: Wire, b: Wire): boolean {
  if (a.bottom !== b.bottom || a.top !== b.top || Math.abs(a.leadPeriod - b.leadPeriod) > SAME) return false;
  return (
    samePlaces(gripPositions(a, 'bottom'), gripPositions(b, 'bottom'), 0) &&
    samePlaces(gripPositions(a, 'top'), gripPositions(b, 'top'), topShift(a, b))
  );
}

function topShift(a: Wire, b: Wire): number {
  return gripPositions(a, 'top')[2] - gripPositions(b, 'top')[2];
}

function samePlaces(a: Float64Array, b: Float64Array, dz: number): boolean {
  for (let k = 0; k < a.length; k++) if (!(Math.abs(a[k] - b[k] - (k % 3 === 2 ? dz : 0)) < SAME)) return false;
  return true;
}
