import { join } from 'node:path';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import type { Frame } from '../../core/frame.ts';
import type { FrameStore } from '../../store/frame-store.ts';
import { frameId } from '../../store/shard-file.ts';
import type { Round } from '../learn.ts';
import type { LearnConfig } from '../learn-config.ts';
import { writeRecord, writeText } from '../stage.ts';
import { learningPage } from './learning-report.ts';
import { roundErrors } from './round-errors.ts';
import { roundNumbers, roundsCsv } from './round-rows.ts';

export interface ReportRequest {
  readonly folder: string;
  readonly title: string;
  readonly config: LearnConfig;
  readonly rounds: readonly Round[];
  readonly store: FrameStore;
  readonly onDiagnostic: DiagnosticSink;
}

/** Writes `report.html`, `rounds.csv` and `rounds.json` of all rounds into the folder of a learning run. */
export async function writeReport(request: ReportRequest): Promise<void> {
  const { folder, title, config, rounds, store, onDiagnostic } = request;
  const { test: share, committee: members } = config.train;
  const errors = await roundErrors({ folder, rounds, store, share, members, onDiagnostic });
  const frames = await framesOfRounds(rounds, store);
  const rows = rounds.map((round, k) => roundNumbers(round, errors[k], frames[k]));
  const labels = frames.reduce((sum, own) => sum + own.length, 0);
  const page = learningPage({
    title,
    rounds,
    errors,
    frames,
    levels: config.select,
    facts: [
      ['rounds', rounds.length],
      ['labelled frames', labels],
      ['members of the committee', members],
      ['engine of exploration', config.explore.engine],
      ['levels lo, hi (eV/A)', `${config.select.lo}, ${config.select.hi}`],
      ['seed', config.seed],
    ],
  });
  await writeText(join(folder, 'rounds.csv'), roundsCsv(rows));
  await writeRecord(join(folder, 'rounds.json'), rows);
  await writeText(join(folder, 'report.html'), page);
}

async function framesOfRounds(rounds: readonly Round[], store: FrameStore): Promise<Frame[][]> {
  const byId = new Map<string, Frame>();
  for await (const frame of store.frames()) byId.set(frameId(frame), frame);
  return rounds.map(({ label }) => label.ids.map((id) => byId.get(id)).filter((frame) => frame !== undefined));
}
