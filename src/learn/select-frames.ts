import { join } from 'node:path';
import { readModel } from '../../potentials/load.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import { symmetryPoints } from '../watch/selection/symmetry-points.ts';
import type { RunRecord } from './explore/explore-run.ts';
import { runFrames } from './explore/run-frames.ts';
import { farthestFrames, structurePoint } from './farthest-frames.ts';
import type { SelectionPlan } from './learn-config.ts';
import { SOURCE_KEY } from './training-data.ts';

type Level = 'accurate' | 'candidate' | 'failed';

/** accurate < lo <= candidate < hi <= failed; what is not a number has failed. Levels of DP-GEN. */
function levelOf(disagreement: number | null, { lo, hi }: Pick<SelectionPlan, 'lo' | 'hi'>): Level {
  if (disagreement === null || !(disagreement < hi)) return 'failed';
  return disagreement < lo ? 'accurate' : 'candidate';
}

/** What selection in a round came to, in frames. */
export interface SelectRecord {
  readonly frames: number;
  readonly accurate: number;
  readonly candidate: number;
  readonly failed: number;
  readonly selected: number;
}

/** Key of a selected frame: eV/Å, the disagreement that made it a candidate. */
export const DISAGREEMENT_KEY = 'disagreement';

export interface Selection {
  readonly round: number;
  readonly records: readonly RunRecord[];
  /** Where the runs have their folders. */
  readonly folder: string;
  /** Directory of the committee: the descriptors of its first member say how far frames are apart. */
  readonly committee: string;
  /** Frames labelled in earlier rounds. */
  readonly known: AsyncIterable<Frame>;
  readonly plan: SelectionPlan;
  /** Frames that may still be labelled. */
  readonly budget: number;
  readonly onDiagnostic: DiagnosticSink;
}

/** Candidates of a run that are looked at, for each frame that may be taken of it. */
const LOOKED_AT = 8;

/**
 * The frames of a round worth a label: of the candidates of all runs those farthest from each other and from what is labelled, at most
 * `perRun` of a run and `perRound` of all.
 */
export async function selectFrames(selection: Selection): Promise<{ frames: Frame[]; record: SelectRecord }> {
  const { records, plan } = selection;
  const counts = { accurate: 0, candidate: 0, failed: 0 };
  const candidates: Frame[] = [];
  let total = 0;
  for (const record of records) {
    const own: number[] = [];
    record.disagreements.forEach((value, k) => {
      const level = levelOf(value, plan);
      counts[level]++;
      total++;
      if (level === 'candidate') own.push(k);
    });
    const wanted = new Set(spread(own, LOOKED_AT * plan.perRun));
    if (wanted.size > 0) candidates.push(...(await framesOfRun(selection, record, wanted)));
  }
  const frames = candidates.length === 0 ? [] : await farthest(selection, candidates);
  return { frames, record: { frames: total, ...counts, selected: frames.length } };
}

async function farthest({ committee, known, plan, budget }: Selection, all: readonly Frame[]): Promise<Frame[]> {
  const describe = symmetryPoints(await readModel(join(committee, '1')), 'structure');
  const points = [];
  for await (const frame of known) points.push(structurePoint(describe(frame)));
  const chosen = farthestFrames({
    candidates: all.map((frame) => ({ point: structurePoint(describe(frame)), run: String(frame.info[SOURCE_KEY]) })),
    known: points,
    count: Math.min(plan.perRound, budget),
    perRun: plan.perRun,
    novelty: plan.novelty,
  });
  return chosen.map((k) => all[k]);
}

/** At most `count` of the entries at even distances. */
function spread(entries: readonly number[], count: number): number[] {
  if (entries.length <= count) return [...entries];
  return Array.from({ length: count }, (_, k) => entries[Math.floor(((k + 0.5) * entries.length) / count)]);
}

async function framesOfRun(selection: Selection, record: RunRecord, wanted: ReadonlySet<number>): Promise<Frame[]> {
  const { round, folder, onDiagnostic } = selection;
  const found: Frame[] = [];
  let index = 0;
  for await (const { frame, step, disagreement } of runFrames(join(folder, record.run), onDiagnostic)) {
    if (!wanted.has(index++)) continue;
    const info = {
      config_type: record.group,
      [SOURCE_KEY]: `round-${round}/${record.run}`,
      step,
      temperature: record.temperature,
      [DISAGREEMENT_KEY]: disagreement,
    };
    found.push({ ...frame, info });
  }
  return found;
}
