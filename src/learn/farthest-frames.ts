import type { Describe } from '../watch/selection/novelty.ts';

/** Mean point of each element of a structure in descriptor space. */
export type StructurePoint = ReadonlyMap<number, Float64Array>;

/** The first point of each element, where there is one point for each (`symmetryPoints` per structure). */
export function structurePoint(points: ReturnType<Describe>): StructurePoint {
  return new Map([...points].map(([z, [first]]) => [z, first]));
}

export interface FarthestOptions {
  /** Candidates to choose from, and the run that each comes from. */
  readonly candidates: readonly { readonly point: StructurePoint; readonly run: string }[];
  /** What is learned already. */
  readonly known: readonly StructurePoint[];
  readonly count: number;
  readonly perRun: number;
  /** A candidate this close to what is known or chosen is left out; in ranges of the descriptor. */
  readonly novelty: number;
}

/**
 * Indices of the candidates that are farthest apart: again and again the one whose nearest neighbor, among what is known and what has been
 * chosen, is farthest away (farthest-point sampling). Distance of two structures: the largest over the elements of the Euclidean
 * distance of their mean points divided by the root of the number of features; infinite for an element that one of them lacks.
 */
export function farthestFrames({ candidates, known, count, perRun, novelty }: FarthestOptions): number[] {
  const nearest = candidates.map(({ point }) =>
    known.reduce((d, other) => Math.min(d, distance(point, other)), Infinity),
  );
  const ofRun = new Map<string, number>();
  const chosen: number[] = [];
  const open = new Set(candidates.keys());
  while (chosen.length < count) {
    let best = -1;
    for (const k of open) if (best === -1 || nearest[k] > nearest[best]) best = k;
    if (best === -1 || !(nearest[best] > novelty)) break;
    open.delete(best);
    const { run, point } = candidates[best];
    const taken = (ofRun.get(run) ?? 0) + 1;
    if (taken > perRun) continue;
    ofRun.set(run, taken);
    chosen.push(best);
    for (const k of open) nearest[k] = Math.min(nearest[k], distance(candidates[k].point, point));
  }
  return chosen.sort((a, b) => a - b);
}

function distance(a: StructurePoint, b: StructurePoint): number {
  if (a.size !== b.size) return Infinity;
  let most = 0;
  for (const [z, p] of a) {
    const q = b.get(z);
    if (!q) return Infinity;
    let sum = 0;
    for (let k = 0; k < p.length; k++) sum += (p[k] - q[k]) ** 2;
    most = Math.max(most, Math.sqrt(sum / p.length));
  }
  return most;
}
