import { writeExtxyz } from '../../../formats/extxyz/write.ts';
import type { ReadOptions } from '../../../formats/format.ts';
import { openFrames } from '../../convert/open.ts';
import { formatLocation, MissingDataError, UsageError } from '../../core/errors.ts';
import type { Frame, InfoValue } from '../../core/frame.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import { TrajectoryCounter, type TrajectoryFrame } from '../label/labelled-frame.ts';
import { channelsAtFermi, conductanceAtFermi, readTransmissions, type TableLayout } from './column-table.ts';
import { conductanceOf } from './conductance-value.ts';
import { type LabelRow, readLabelTable } from './csv-labels.ts';

export interface ImportRequest {
  readonly inputs: readonly string[];
  /** extxyz file. */
  readonly output: string;
  readonly source: /** The frames have a conductance already, under this or a known key. */
    | { readonly kind: 'key'; readonly key?: string }
    /** One table with a row for each frame. */
    | { readonly kind: 'csv'; readonly path: string; readonly key?: string }
    /** A table of T(E) for each frame, in their order. */
    | {
        readonly kind: 'columns';
        readonly paths: readonly string[];
        readonly layout: TableLayout;
        readonly temperature: number;
      };
  readonly read: Omit<ReadOptions, 'path'>;
}

export interface ImportSummary {
  readonly labelled: number;
  /** Frames for which there is no conductance; they are not written. */
  readonly unlabelled: number;
  /** Rows of the table without a frame. */
  readonly unusedRows: number;
}

interface Imported {
  readonly conductance: number;
  readonly channels?: readonly number[];
}

/** Where the conductance of a frame comes from; undefined = there is none. */
type Source = (placed: TrajectoryFrame, index: number) => Promise<Imported | undefined>;

/**
 * Writes the frames of the inputs with conductances that were computed elsewhere, under `conductance` (G0) and `channels`; what
 * does not match is counted and said. Throws MissingDataError where nothing matches.
 */
export async function importFiles(request: ImportRequest): Promise<ImportSummary> {
  const { inputs, output, read } = request;
  if (inputs.includes(output)) throw new UsageError(`${output} is an input: give another output`);
  const counts = { labelled: 0, unlabelled: 0 };
  const { find, unused } = await sourceOf(request);
  const first = { said: false };
  const frames = async function* (): AsyncGenerator<Frame, void> {
    const counter = new TrajectoryCounter();
    let index = 0;
    for (const path of inputs) {
      const opened = await openFrames(undefined, { ...read, path });
      for await (const frame of opened.frames) {
        const placed = counter.place(frame, path);
        const found = await find(placed, index++);
        if (!found) {
          counts.unlabelled++;
          if (!first.said) warnUnlabelled(request, placed);
          first.said = true;
          continue;
        }
        counts.labelled++;
        checkChannels(request, placed, found);
        yield withConductance(frame, found);
      }
    }
    if (counts.labelled === 0)
      throw new MissingDataError(
        `none of ${index} frames has a conductance`,
        'nothing was written; do the frames and rows belong together?',
      );
  };
  await writeBytes(output, writeExtxyz(frames(), read));
  return { ...counts, unusedRows: unused() };
}

function warnUnlabelled({ read }: ImportRequest, { frame, trajectory, index }: TrajectoryFrame): void {
  read.onDiagnostic({
    severity: 'warning',
    code: 'unlabelled',
    message: `frame ${index} of trajectory ${trajectory} has no conductance and is not written (further ones are counted)`,
    ...(frame.origin && { at: frame.origin }),
  });
}

/** A channel carries at most one quantum. */
function checkChannels({ read }: ImportRequest, { frame }: TrajectoryFrame, { conductance, channels }: Imported): void {
  if (!channels || conductance <= channels.length + 1e-6) return;
  read.onDiagnostic({
    severity: 'warning',
    code: 'too-conductive',
    message: `${conductance} G0 through ${channels.length} channels: is the unit right, or a spin counted twice?`,
    ...(frame.origin && { at: frame.origin }),
  });
}

function withConductance(frame: Frame, { conductance, channels }: Imported): Frame {
  const info: Record<string, InfoValue> = { conductance };
  if (channels && channels.length > 0) info['channels'] = [...channels];
  return { ...frame, info: Object.assign({}, frame.info, info) };
}

async function sourceOf({ source, read }: ImportRequest): Promise<{ find: Source; unused: () => number }> {
  if (source.kind === 'key') return { find: async ({ frame }) => ownConductance(frame, source.key), unused: () => 0 };
  if (source.kind === 'csv') return tableSource(source.path, await readLabelTable(source.path, source.key));
  const { paths, layout, temperature } = source;
  let next = 0;
  const find: Source = async (_, index) => {
    const path = paths[index];
    if (path === undefined) return undefined;
    next = index + 1;
    const table = await readTransmissions(path, layout);
    if (index === 0)
      for (const message of table.sample)
        read.onDiagnostic({ severity: 'info', code: 'parsed-row', message, at: { path } });
    const conductance = conductanceAtFermi(table, temperature, path);
    return { conductance, ...(layout.from !== undefined && { channels: channelsAtFermi(table) }) };
  };
  return { find, unused: () => paths.length - next };
}

function ownConductance(frame: Frame, key: string | undefined): Imported | undefined {
  try {
    const conductance = conductanceOf(frame.info, key);
    return conductance === undefined ? undefined : { conductance };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MissingDataError(
      `${frame.origin ? `${formatLocation(frame.origin)}: ` : ''}${error.message}`,
      'leave the frame out',
    );
  }
}

/** Rows by (trajectory, frame), (frame), or step. Throws MissingDataError for two rows of one frame. */
function tableSource(path: string, rows: readonly LabelRow[]): { find: Source; unused: () => number } {
  const byName = new Map<string, LabelRow>();
  for (const row of rows) {
    const name = nameOf(row.trajectory, row.frame, row.step);
    const other = byName.get(name);
    if (other)
      throw new MissingDataError(
        `${path}: lines ${other.line} and ${row.line} are of the same frame`,
        'a column "trajectory" tells trajectories apart',
      );
    byName.set(name, row);
  }
  const { trajectory, frame: hasFrame } = rows[0];
  const used = new Set<string>();
  const find: Source = async ({ frame, trajectory: own, index }) => {
    const step = frame.info['step'] ?? frame.info['timestep'];
    const name = nameOf(
      trajectory === undefined ? undefined : own,
      hasFrame === undefined ? undefined : index,
      typeof step === 'number' ? step : undefined,
    );
    const row = byName.get(name);
    if (!row) return undefined;
    used.add(name);
    return { conductance: row.conductance };
  };
  return { find, unused: () => byName.size - used.size };
}

/** The step counts only where there is no frame number. */
function nameOf(trajectory: string | undefined, frame: number | undefined, step: number | undefined): string {
  return JSON.stringify([trajectory ?? null, frame ?? null, frame === undefined ? (step ?? null) : null]);
}
