import type { ReadOptions } from '../../../formats/format.ts';
import { openFrames } from '../../convert/open.ts';
import { formatLocation, MissingDataError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import type { Table } from '../../report/page.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { conductanceOf } from '../import/conductance-value.ts';
import { TrajectoryCounter } from '../label/labelled-frame.ts';
import { type Scores, scoresOf } from '../scores.ts';
import {
  CROSS_SECTION_WIDTH,
  type CrossSectionBaseline,
  fitBaseline,
  minimumCrossSection,
  predictBaseline,
} from './cross-section.ts';

export interface BaselineRequest {
  /** Frames with labels that the baseline is fitted to. */
  readonly training: readonly string[];
  /** Trajectories of the training files that are kept for validation. */
  readonly validation: readonly string[];
  readonly tests: readonly string[];
  /** Key of the label; otherwise the first that is known. */
  readonly key?: string;
  /** JSON file of the fit and its scores. */
  readonly output?: string;
  readonly read: Omit<ReadOptions, 'path'>;
}

interface Point {
  readonly trajectory: string;
  readonly x: number;
  readonly g: number;
}

export interface BaselineResult {
  readonly baseline: CrossSectionBaseline;
  readonly scores: readonly (readonly [name: string, scores: Scores])[];
}

/** Fits the cross-section baseline and scores it. Throws MissingDataError for frames without labels. */
export async function baselineFiles(request: BaselineRequest): Promise<BaselineResult> {
  const all = await points(request.training, request);
  const missing = request.validation.find((name) => !all.some((p) => p.trajectory === name));
  if (missing) throw new MissingDataError(`no frame of trajectory ${missing}`, `there are ${names(all).join(', ')}`);
  const validation = all.filter((p) => request.validation.includes(p.trajectory));
  const training = all.filter((p) => !request.validation.includes(p.trajectory));
  const baseline = fitBaseline(
    training.map((p) => p.x),
    training.map((p) => p.g),
  );
  const sets: [string, readonly Point[]][] = [['training', training]];
  if (validation.length > 0) sets.push(['validation', validation]);
  for (const path of request.tests) sets.push([path, await points([path], request)]);
  const scores = sets.map(([name, set]): [string, Scores] => [
    name,
    scoresOf(
      set.map((p) => predictBaseline(baseline, p.x)),
      set.map((p) => p.g),
    ),
  ]);
  if (request.output !== undefined) await writeBytes(request.output, one(recordText(request, { baseline, scores })));
  return { baseline, scores };
}

async function points(paths: readonly string[], { key, read }: BaselineRequest): Promise<Point[]> {
  const out: Point[] = [];
  const counter = new TrajectoryCounter();
  for (const path of paths) {
    const { frames } = await openFrames(undefined, { ...read, path });
    for await (const frame of frames) {
      const { trajectory } = counter.place(frame, path);
      out.push({ trajectory, x: minimumCrossSection(frame.positions), g: labelOf(frame, key) });
    }
  }
  return out;
}

function labelOf(frame: Frame, key: string | undefined): number {
  const place = frame.origin ? `${formatLocation(frame.origin)}: ` : '';
  try {
    const g = conductanceOf(frame.info, key);
    if (g !== undefined) return g;
  } catch (error) {
    if (error instanceof RangeError) throw new MissingDataError(`${place}${error.message}`, 'leave the frame out');
    throw error;
  }
  throw new MissingDataError(
    `${place}no conductance${key ? ` under ${key}` : ''}`,
    'label the frames first: conductance label',
  );
}

function names(all: readonly Point[]): string[] {
  return [...new Set(all.map((p) => p.trajectory))];
}

export function scoreTable(scores: BaselineResult['scores']): Table {
  return {
    head: ['set', 'frames', 'R²', 'MAE / G0', 'RMSE / G0', 'bias / G0'],
    rows: scores.map(([name, s]) => [name, s.frames, ...[s.r2, s.mae, s.rmse, s.bias].map((v) => v.toFixed(3))]),
  };
}

function recordText({ training, validation, key }: BaselineRequest, { baseline, scores }: BaselineResult): string {
  const record = {
    schema: 'nnp-bridge-cross-section/1',
    formula: 'G/G0 = sum_k coefficients[k] x^k; x = min over z of the atoms per angstrom',
    width_A: CROSS_SECTION_WIDTH,
    coefficients: baseline.coefficients,
    training,
    validation,
    ...(key !== undefined && { key }),
    scores: Object.fromEntries(scores),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

async function* one(text: string): AsyncGenerator<string, void> {
  yield text;
}
