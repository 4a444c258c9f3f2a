import { UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';

/** Points of a structure in descriptor space, by kind (element): only points of a kind are compared. */
export type Describe = (frame: Frame) => ReadonlyMap<number, readonly Float64Array[]>;

export interface NoveltyOptions {
  readonly describe: Describe;
  /** A frame whose farthest point lies beyond this from all points of its kind is novel. In the unit of the descriptor. */
  readonly distance: number;
  /** Points of a kind that are remembered; default 2000. */
  readonly capacity?: number;
}

/**
 * Farthest-point novelty for a stream: an archive of points, to which the points of a frame that is taken are added as far as they are
 * farther than `distance` from it. Distances are Euclidean, divided by the root of the number of features. A full archive gives up the point
 * that is closest to another one, so that it keeps its extent; what is forgotten may be taken again.
 */
export class NoveltyArchive {
  readonly #options: Required<NoveltyOptions>;
  readonly #points = new Map<number, Points>();

  constructor(options: NoveltyOptions) {
    if (!(options.distance > 0)) throw new UsageError(`expected a novelty distance > 0, found ${options.distance}`);
    this.#options = { capacity: 2000, ...options };
    if (!(this.#options.capacity >= 2)) throw new UsageError(`expected room for 2 points, found ${options.capacity}`);
  }

  /** How far the point of the frame that is farthest from the archive is from it; Infinity where there is nothing to compare with. */
  distanceOf(frame: Frame): number {
    let farthest = 0;
    for (const [kind, points] of this.#options.describe(frame)) {
      const archive = this.#points.get(kind);
      for (const point of points) farthest = Math.max(farthest, archive?.distanceTo(point) ?? Number.POSITIVE_INFINITY);
    }
    return farthest;
  }

  isNovel(distance: number): boolean {
    return distance > this.#options.distance;
  }

  add(frame: Frame): void {
    const { capacity, describe } = this.#options;
    for (const [kind, points] of describe(frame)) {
      const archive = this.#points.get(kind) ?? new Points(capacity);
      this.#points.set(kind, archive);
      for (const point of points) {
        const distance = archive.distanceTo(point);
        if (this.isNovel(distance)) archive.add(point, distance);
      }
    }
  }
}

/** Points of one kind, and how far each was from its nearest when it came. */
class Points {
  readonly #capacity: number;
  readonly #points: Float64Array[] = [];
  readonly #nearest: number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  distanceTo(point: Float64Array): number {
    let least = Number.POSITIVE_INFINITY;
    for (const other of this.#points) least = Math.min(least, squareBelow(point, other, least));
    return Math.sqrt(least / point.length);
  }

  add(point: Float64Array, distance: number): void {
    if (this.#points.length < this.#capacity) {
      this.#points.push(point.slice());
      this.#nearest.push(distance);
      return;
    }
    let crowded = 0;
    for (let k = 1; k < this.#nearest.length; k++) if (this.#nearest[k] < this.#nearest[crowded]) crowded = k;
    this.#points[crowded] = point.slice();
    this.#nearest[crowded] = distance;
  }
}

/** The square of the distance, or any number above `limit` once it is above that. */
function squareBelow(a: Float64Array, b: Float64Array, limit: number): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    const d = a[k] - b[k];
    sum += d * d;
    if (sum > limit) return sum;
  }
  return sum;
}
