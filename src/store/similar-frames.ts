import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import { openStore } from './open-store.ts';
import { ID_KEY } from './shard-file.ts';
import { storedFrames } from './stored-frames.ts';

/** Å. Distances up to here tell structures apart. */
const CUTOFF = 6;

/** What of a structure does not change when it is moved, turned, or its atoms are given in another order. */
interface Fingerprint {
  /** Elements and numbers of atoms. */
  readonly composition: string;
  /** Å, ascending, by pair of elements: the interatomic distances up to the cutoff. */
  readonly distances: readonly Float64Array[];
}

export interface DedupeRequest {
  readonly store: string;
  /** New store for the frames that stay; without, they are only counted. */
  readonly output?: string;
  /** Å. */
  readonly tolerance: number;
  readonly onDiagnostic: DiagnosticSink;
  readonly onSimilar: (pair: { readonly id: string; readonly like: string }) => void;
}

/**
 * Leaves out frames that are the same structure as an earlier one but for translation, rotation, order of the atoms and `tolerance`:
 * of the same composition, and the sorted distances of each pair of elements differ nowhere by more. Gives the number of frames and
 * of those that stay.
 */
export async function dedupeStore(request: DedupeRequest): Promise<{ frames: number; kept: number }> {
  const { store, output, tolerance, onDiagnostic, onSimilar } = request;
  const known = new Map<string, { readonly id: string; readonly print: Fingerprint }[]>();
  const target = output === undefined ? undefined : await openStore(output, { onDiagnostic });
  let frames = 0;
  let kept = 0;
  try {
    for await (const frame of storedFrames(store, undefined, onDiagnostic)) {
      frames++;
      const id = String(frame.info[ID_KEY]);
      const print = fingerprint(frame);
      const group = known.get(print.composition) ?? [];
      const like = group.find((other) => isSimilar(print, other.print, tolerance));
      if (like) {
        onSimilar({ id, like: like.id });
        continue;
      }
      known.set(print.composition, group);
      group.push({ id, print });
      kept++;
      await target?.append(frame, {});
    }
    return { frames, kept };
  } finally {
    await target?.close();
  }
}

function fingerprint(frame: Frame): Fingerprint {
  const { first, neighbors, positions, numbers, ncenters } = buildNeighborList(frame, CUTOFF);
  const byPair = new Map<number, number[]>();
  for (let i = 0; i < ncenters; i++)
    for (let k = first[i]; k < first[i + 1]; k++) {
      const j = neighbors[k];
      if (numbers[j] < numbers[i]) continue;
      const [dx, dy, dz] = [0, 1, 2].map((c) => positions[3 * j + c] - positions[3 * i + c]);
      const distance = Math.hypot(dx, dy, dz);
      const pair = 256 * numbers[i] + numbers[j];
      const list = byPair.get(pair);
      if (list) list.push(distance);
      else byPair.set(pair, [distance]);
    }
  const pairs = [...byPair.keys()].sort((a, b) => a - b);
  const composition = [...numbers.subarray(0, ncenters)].sort((a, b) => a - b).join(' ');
  return {
    composition: `${composition} | ${pairs.join(' ')}`,
    distances: pairs.map((pair) => Float64Array.from(byPair.get(pair) ?? []).sort()),
  };
}

function isSimilar(a: Fingerprint, b: Fingerprint, tolerance: number): boolean {
  return a.distances.every((mine, pair) => {
    const other = b.distances[pair];
    const [short, long] = mine.length < other.length ? [mine, other] : [other, mine];
    for (let k = 0; k < short.length; k++) if (!(Math.abs(short[k] - long[k]) <= tolerance)) return false;
    // what one has more stands at the cutoff
    return short.length === long.length || long[short.length] >= CUTOFF - tolerance;
  });
}
