import { join } from 'node:path';
import { loadCommittee } from '../../../potentials/load.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import type { Frame } from '../../core/frame.ts';
import type { FrameStore } from '../../store/frame-store.ts';
import { frameId } from '../../store/shard-file.ts';
import { type ComparedSet, comparedSet } from '../../train/compared-set.ts';
import { labelledFrames } from '../../train/labelled-frames.ts';
import type { Round } from '../learn.ts';
import { roundFolder } from '../learning-folder.ts';
import { DISAGREEMENT_KEY } from '../select-frames.ts';
import { COMMITTEE } from '../train-stage.ts';
import { splitStored } from '../training-data.ts';

/** A new frame before it was learned: disagreement when it was selected, and the largest real error of a force, both in eV/Å. */
interface NewFrame {
  readonly disagreement: number;
  readonly error: number;
}

export interface RoundErrors {
  /** Over the test frames of all rounds so far; absent when there is none. */
  readonly test?: ComparedSet;
  /** Of the committee before this round on the frames labelled in this round. */
  readonly unseen?: ComparedSet;
  readonly newFrames: readonly NewFrame[];
}

export interface ErrorsRequest {
  readonly folder: string;
  readonly rounds: readonly Round[];
  readonly store: FrameStore;
  /** Share of test frames. */
  readonly share: number;
  readonly members: number;
  readonly onDiagnostic: DiagnosticSink;
}

/** What the committee of every round makes of the same test frames, none of which any of them has learned from. */
export async function roundErrors(request: ErrorsRequest): Promise<RoundErrors[]> {
  const { rounds, store, share } = request;
  const all = new Set(rounds.flatMap(({ label }) => label.ids));
  const { test } = await splitStored(store, all, share);
  const results: RoundErrors[] = [];
  for (const [k, { round, label }] of rounds.entries()) {
    const potential = await committeeOf(request, round);
    const unseen = k === 0 ? undefined : await unseenErrors(request, rounds[k - 1].round, new Set(label.ids));
    results.push({
      ...(test.length > 0 && { test: await compared('test', potential, test) }),
      ...(unseen && { unseen: unseen.set }),
      newFrames: unseen?.frames ?? [],
    });
  }
  return results;
}

function committeeOf({ folder, members }: ErrorsRequest, round: number) {
  const at = join(roundFolder(folder, round), COMMITTEE);
  return loadCommittee(Array.from({ length: members }, (_, k) => join(at, String(k + 1))));
}

async function unseenErrors(request: ErrorsRequest, before: number, ids: ReadonlySet<string>) {
  const frames: Frame[] = [];
  for await (const frame of request.store.frames()) if (ids.has(frameId(frame))) frames.push(frame);
  if (frames.length === 0) return undefined;
  const set = await compared('new frames', await committeeOf(request, before), frames);
  const points = set.structures.map(({ forces, label }, k): NewFrame => {
    let error = 0;
    for (let i = 0; i < forces.length; i += 3)
      error = Math.max(
        error,
        Math.hypot(...[0, 1, 2].map((c) => forces[i + c] - (label.forces?.[i + c] ?? Number.NaN))),
      );
    return { disagreement: Number(frames[k].info[DISAGREEMENT_KEY]), error };
  });
  return { set, frames: points };
}

function compared(name: string, potential: Awaited<ReturnType<typeof loadCommittee>>, frames: readonly Frame[]) {
  async function* all(): AsyncGenerator<Frame, void> {
    yield* frames;
  }
  return comparedSet(
    name,
    potential,
    labelledFrames(all(), name, () => {}),
  );
}
