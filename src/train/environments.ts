import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { formatLocation, MissingDataError, PotentialError } from '../core/errors.ts';
import type { LabelledFrame } from './labelled-frames.ts';

/** What the surroundings of atoms look like in a set of structures. */
export interface Environments {
  /** Atomic numbers, ascending. */
  readonly species: readonly number[];
  /** Å; about `NEIGHBORS` neighbors of a typical atom are inside. */
  readonly cutoff: number;
  /** Å, (species, species): distance below which hardly any pair is; Infinity where elements do not meet within the reach. */
  readonly nearest: readonly (readonly number[])[];
}

/** Neighbors that a typical atom of a crystal should have: three to five shells. */
const NEIGHBORS = 58;
/** Neighbors from whose distances the density around an atom is taken; atoms with fewer belong to molecules or clusters. */
const COUNTED = { first: 30, last: 100 } as const;
/** Å: how far neighbors are looked for; the cutoff is not longer. */
const REACH = 9;
/** Å: cutoff for molecules and clusters, whose atoms never have so many neighbors, and the shortest one. */
const MOLECULAR = 6.6;
const SHORTEST = 3.5;
/** Part of the nearest-neighbor distances that may be smaller than `nearest`. */
const TAIL = 0.005;
/** Structures looked at, at even distances through the file, until so many atoms have been seen. */
const SAMPLE = { frames: 150, atoms: 20_000 } as const;

/** Measures a sample of the structures. Throws PotentialError for broken structures, MissingDataError when no atom has a neighbor. */
export function surveyEnvironments(frames: readonly LabelledFrame[]): Environments {
  const species = speciesOf(frames);
  const neighborCounts = new NeighborCounts();
  const nearestOfAtoms = species.map(() => species.map((): number[] => []));
  for (const { frame, origin } of shuffledBySteps(sampled(frames, SAMPLE.frames))) {
    if (neighborCounts.atoms >= SAMPLE.atoms) break;
    const list = within(() => buildNeighborList(frame, REACH), origin);
    const { ncenters, first, neighbors, positions, numbers } = list;
    const closest = new Float64Array(species.length);
    for (let i = 0; i < ncenters; i++) {
      closest.fill(Infinity);
      const distances = neighborCounts.next(first[i + 1] - first[i]);
      for (let k = first[i]; k < first[i + 1]; k++) {
        const j = neighbors[k];
        const r = Math.hypot(
          positions[3 * j] - positions[3 * i],
          positions[3 * j + 1] - positions[3 * i + 1],
          positions[3 * j + 2] - positions[3 * i + 2],
        );
        distances[k - first[i]] = r;
        const e = species.indexOf(numbers[j]);
        if (r < closest[e]) closest[e] = r;
      }
      neighborCounts.close();
      const center = species.indexOf(numbers[i]);
      closest.forEach((r, e) => {
        if (r < Infinity) nearestOfAtoms[Math.min(center, e)][Math.max(center, e)].push(r);
      });
    }
  }
  const nearest = species.map((_, a) => species.map((__, b) => lowEnd(nearestOfAtoms[Math.min(a, b)][Math.max(a, b)])));
  const smallest = Math.min(...nearest.flat());
  if (smallest === Infinity)
    throw new MissingDataError(
      `no atom has a neighbor within ${REACH} Å: no symmetry functions can be chosen`,
      'check the unit of length, or give symmetry functions in a configuration',
    );
  const cutoff = Math.min(REACH, Math.max(neighborCounts.typicalReach(), SHORTEST, 1.8 * smallest));
  return { species, cutoff: Number(cutoff.toFixed(1)), nearest };
}

/** For each atom the radius of a sphere that holds `NEIGHBORS` at the density around it. */
class NeighborCounts {
  readonly #reach: number[] = [];
  #distances = new Float64Array(256);
  #count = 0;

  next(count: number): Float64Array {
    if (count > this.#distances.length) this.#distances = new Float64Array(2 * count);
    this.#count = count;
    return this.#distances;
  }

  close(): void {
    const last = Math.min(this.#count, COUNTED.last);
    const sorted = this.#distances.subarray(0, this.#count).toSorted();
    let sum = 0;
    for (let k = COUNTED.first; k <= last; k++) sum += sorted[k - 1] * Math.cbrt(NEIGHBORS / k);
    this.#reach.push(last < COUNTED.first ? MOLECULAR : sum / (last - COUNTED.first + 1));
  }

  get atoms(): number {
    return this.#reach.length;
  }

  typicalReach(): number {
    return this.#reach.toSorted((a, b) => a - b)[Math.floor(this.#reach.length / 2)];
  }
}

function lowEnd(values: readonly number[]): number {
  return values.length === 0 ? Infinity : values.toSorted((a, b) => a - b)[Math.floor(TAIL * values.length)];
}

/** At most `count` items at even distances. */
export function sampled<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, k) => items[Math.floor(k * step)]);
}

/** Every seventh item first, so that a beginning of the list is spread over all of it. */
function shuffledBySteps<T>(items: readonly T[]): T[] {
  return Array.from({ length: 7 }, (_, k) => items.filter((__, i) => i % 7 === k)).flat();
}

/** Atomic numbers that occur, ascending. */
export function speciesOf(frames: readonly LabelledFrame[]): number[] {
  const found = new Set<number>();
  for (const { frame } of frames) for (const z of frame.numbers) found.add(z);
  return [...found].sort((a, b) => a - b);
}

/** Runs `work`; a PotentialError of it begins with the place of the structure. */
export function within<T>(work: () => T, origin: LabelledFrame['origin']): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PotentialError) throw new PotentialError(`${formatLocation(origin)}: ${error.message}`);
    throw error;
  }
}
