import { UsageError } from '../../core/errors.ts';
import type { Trace } from '../traces/trace.ts';
import type { TracePoint } from './trace-file.ts';
import type { Snapshot } from './trajectory.ts';

/** Conductance (G0) under which a contact counts as open (conductance.md §7). */
const OPEN = 0.3;

/** How a trajectory ended. */
export interface Rupture {
  readonly trajectory: string;
  readonly frames: number;
  /** Å; last frame with a chain of atoms from grip to grip, undefined while there is one. */
  readonly structure: number | undefined;
  /** Å; last frame above 0.3 G0, undefined while it is the last of all. */
  readonly conductance: number | undefined;
  /** G0, of the last connected frame. */
  readonly last: number;
}

/** All traces of a run in memory. */
export class TraceBook {
  readonly #points = new Map<string, TracePoint[]>();
  readonly #known = new Map<string, Map<number, TracePoint>>();
  #count = 0;
  #outside = 0;

  get trajectories(): number {
    return this.#points.size;
  }

  get count(): number {
    return this.#count;
  }

  /** Snapshots unlike those of the training. */
  get outside(): number {
    return this.#outside;
  }

  add(point: TracePoint): void {
    const { trajectory } = point;
    const points = this.#points.get(trajectory) ?? [];
    if (points.length === 0) {
      this.#points.set(trajectory, points);
      this.#known.set(trajectory, new Map());
    }
    points.push(point);
    this.#known.get(trajectory)?.set(point.frame, point);
    this.#count++;
    if (point.outside) this.#outside++;
  }

  /** Whether a snapshot is already there. Throws UsageError when another one is in its place. */
  has({ trajectory, frame, step, elongation }: Snapshot): boolean {
    const found = this.#known.get(trajectory)?.get(frame);
    if (!found) return false;
    if (found.step === step && Math.abs(found.elongation - elongation) < 2e-6) return true;
    throw new UsageError(
      `${trajectory}: frame ${frame} is at ${elongation.toFixed(4)} Å (step ${step}), but the traces have it at ${found.elongation} Å ` +
        `(step ${found.step}): another trajectory of the same name; give another folder with -O`,
    );
  }

  traces(): Trace[] {
    return [...this.#points].map(([name, points]) => {
      const sorted = inOrder(points);
      const hasChannels = sorted.every(({ channels }) => channels);
      return {
        name,
        displacement: Float64Array.from(sorted, (p) => p.elongation),
        conductance: Float64Array.from(sorted, (p) => p.conductance),
        ...(hasChannels && { channels: sorted.map(({ channels }) => channels as readonly number[]) }),
      };
    });
  }

  ruptures(): Rupture[] {
    return [...this.#points].map(([trajectory, points]) => {
      const sorted = inOrder(points);
      const connected = sorted.findLastIndex((p) => p.connected);
      const conducting = sorted.findLastIndex((p) => p.conductance > OPEN);
      const at = (k: number) => (k === sorted.length - 1 || k < 0 ? undefined : sorted[k].elongation);
      const last = connected < 0 ? Number.NaN : sorted[connected].conductance;
      return { trajectory, frames: sorted.length, structure: at(connected), conductance: at(conducting), last };
    });
  }

  /** Mean spread of the ensemble over all snapshots, G0; undefined where there is no ensemble. */
  meanSpread(): number | undefined {
    let sum = 0;
    let count = 0;
    for (const points of this.#points.values())
      for (const { spread } of points)
        if (spread !== undefined) {
          sum += spread;
          count++;
        }
    return count > 0 ? sum / count : undefined;
  }
}

/** Frames of one file come in order; a file that was read again may bring one late. */
function inOrder(points: readonly TracePoint[]): readonly TracePoint[] {
  const isSorted = points.every((p, k) => k === 0 || points[k - 1].frame < p.frame);
  return isSorted ? points : [...points].sort((p, q) => p.frame - q.frame);
}
