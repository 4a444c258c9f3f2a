import type { ReadOptions } from '../../../formats/format.ts';
import { openFrames } from '../../convert/open.ts';
import { FormatError, formatLocation, MissingDataError } from '../../core/errors.ts';
import { channelsOf, conductanceOf, flawOf, unitFactor } from '../import/conductance-value.ts';
import { TrajectoryCounter } from '../label/labelled-frame.ts';
import { type CsvHead, csvRows, numberIn } from './csv.ts';
import type { Trace } from './trace.ts';

export interface TraceRequest {
  /** Tables of traces (.csv, also compressed) or labelled frames of any format. */
  readonly inputs: readonly string[];
  /** Column or key of the conductance; otherwise the first that is known. */
  readonly key?: string;
  /** Names of the trajectories that are used. */
  readonly only?: RegExp;
  readonly read: Omit<ReadOptions, 'path'>;
}

/** Traces of all inputs by name, in the order they come. Throws MissingDataError where there is none. */
export async function readTraces(request: TraceRequest): Promise<Trace[]> {
  const growing = new Map<string, GrowingTrace>();
  for (const path of request.inputs) {
    if (/\.(csv|tsv)(\.gz|\.zst)?$/i.test(path)) await addTable(path, request.key, growing);
    else await addFrames(path, request, growing);
  }
  const { only, inputs } = request;
  const used = [...growing.values()].filter(({ name }) => only?.test(name) ?? true);
  if (used.length === 0)
    throw new MissingDataError(`${inputs.join(', ')}: no trace${only ? ` of ${only}` : ''}`, 'give labelled frames');
  return used.map((trace) => trace.finished());
}

class GrowingTrace {
  readonly name: string;
  readonly #displacement: number[] = [];
  readonly #conductance: number[] = [];
  readonly #channels: (readonly number[] | undefined)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(displacement: number, conductance: number, channels: readonly number[] | undefined): void {
    this.#displacement.push(displacement);
    this.#conductance.push(conductance);
    this.#channels.push(channels);
  }

  finished(): Trace {
    const channels = this.#channels.every((c) => c !== undefined) ? this.#channels : undefined;
    return {
      name: this.name,
      displacement: Float64Array.from(this.#displacement),
      conductance: Float64Array.from(this.#conductance),
      ...(channels && { channels: channels as readonly (readonly number[])[] }),
    };
  }
}

function traceNamed(name: string, growing: Map<string, GrowingTrace>): GrowingTrace {
  let trace = growing.get(name);
  if (!trace) {
    trace = new GrowingTrace(name);
    growing.set(name, trace);
  }
  return trace;
}

const DISPLACEMENTS = ['elongation_A', 'displacement_A', 'elongation', 'displacement'];
const CONDUCTANCES = ['G', 'G_jellium', 'conductance', 'conductance_jellium', 'G_tb', 'conductance_tb', 'G_uS', 'G_S'];
/** Channel columns that belong to a conductance column. */
const CHANNELS: Readonly<Record<string, RegExp>> = { G_jellium: /^J\d+$/, G_tb: /^TB\d+$/, G: /^T\d+$/ };

interface TableColumns {
  readonly trajectory: number;
  readonly displacement: number;
  readonly conductance: number;
  readonly name: string;
  readonly factor: number;
  readonly channels: readonly number[];
}

async function addTable(path: string, key: string | undefined, growing: Map<string, GrowingTrace>): Promise<void> {
  let columns: TableColumns | undefined;
  const rows = csvRows(path, (head) => {
    columns = tableColumns(path, head, key);
  });
  for await (const { line, words } of rows) {
    const { trajectory, displacement, conductance, name, factor, channels } = columns as TableColumns;
    const at = { path, line };
    const g = numberIn(words[conductance], name, at) * factor;
    const flaw = flawOf(g);
    if (flaw) throw new FormatError('csv', at, `expected a conductance in ${name}, found ${flaw}`);
    const found = channels.map((c) => numberIn(words[c], 'of a channel', at));
    traceNamed(trajectory < 0 ? path : words[trajectory], growing).add(
      numberIn(words[displacement], 'of the displacement', at),
      g,
      channels.length > 0 ? found : undefined,
    );
  }
}

function tableColumns(path: string, { names, comments }: CsvHead, key: string | undefined): TableColumns {
  const find = (wanted: readonly string[]) => names.findIndex((name) => wanted.includes(name));
  const displacement = find(DISPLACEMENTS);
  const name = key ?? CONDUCTANCES.find((known) => names.includes(known));
  const conductance = name === undefined ? -1 : names.indexOf(name);
  if (displacement < 0 || conductance < 0 || name === undefined)
    throw new FormatError(
      'csv',
      { path },
      `expected columns ${DISPLACEMENTS[0]} and ${key ?? CONDUCTANCES.slice(0, 3).join(' or ')}, found ${names.join(',')}`,
    );
  const stated = comments.map((text) => /^unit:\s*(\S+)/i.exec(text)?.[1]).find(Boolean);
  const unit = stated ?? /_(uS|S|G0)$/.exec(name)?.[1] ?? 'G0';
  const pattern = CHANNELS[name];
  const channels = pattern ? names.flatMap((column, k) => (pattern.test(column) ? [k] : [])) : [];
  return {
    trajectory: find(['trajectory', 'file']),
    displacement,
    conductance,
    name,
    factor: unitFactor(unit),
    channels,
  };
}

async function addFrames(path: string, { key, read }: TraceRequest, growing: Map<string, GrowingTrace>): Promise<void> {
  const counter = new TrajectoryCounter();
  const { frames } = await openFrames(undefined, { ...read, path });
  for await (const frame of frames) {
    const place = frame.origin ? formatLocation(frame.origin) : path;
    const { trajectory } = counter.place(frame, path);
    const displacement = frame.info['elongation'];
    let g: number | undefined;
    try {
      g = conductanceOf(frame.info, key);
    } catch (error) {
      if (error instanceof RangeError) throw new MissingDataError(`${place}: ${error.message}`, 'leave the frame out');
      throw error;
    }
    if (g === undefined || typeof displacement !== 'number')
      throw new MissingDataError(
        `${place}: no ${g === undefined ? (key ?? 'conductance') : 'elongation'}`,
        'label the frames first: conductance label',
      );
    traceNamed(trajectory, growing).add(displacement, g, channelsOf(frame.info, key));
  }
}
