import { basename } from 'node:path';
import type { Frame, InfoValue } from '../../core/frame.ts';
import { gripPositions, type Wire } from '../geometry/wire.ts';
import { LABEL_KEYS, MODELS, type ModelName, type WireLabels } from './models.ts';

/** A frame with its place in its trajectory. */
export interface TrajectoryFrame {
  readonly frame: Frame;
  readonly trajectory: string;
  /** Number in the trajectory as the file says it, or as counted from 0. */
  readonly index: number;
}

/** Says of which trajectory a frame is: its key `trajectory`, otherwise the name of its file. */
export class TrajectoryCounter {
  #trajectory: string | undefined;
  #count = 0;

  place(frame: Frame, path: string): TrajectoryFrame {
    const stated = frame.info['trajectory'];
    const trajectory = stated === undefined ? basename(path).replace(/(\.gz|\.zst)$/, '') : String(stated);
    if (trajectory !== this.#trajectory) {
      this.#trajectory = trajectory;
      this.#count = 0;
    }
    const counted = this.#count++;
    const index = frame.info['frame'];
    return { frame, trajectory, index: typeof index === 'number' ? index : counted };
  }
}

/** Displacement of the top grip since the first frame of its trajectory, Å, where the frames do not state it. */
export class Elongation {
  #trajectory: string | undefined;
  #start = 0;

  of({ frame, trajectory }: TrajectoryFrame, wire: Wire): number {
    const distance = meanHeight(wire, 'top') - meanHeight(wire, 'bottom');
    if (trajectory !== this.#trajectory) {
      this.#trajectory = trajectory;
      this.#start = distance;
    }
    const stated = frame.info['elongation'];
    return typeof stated === 'number' ? stated : distance - this.#start;
  }
}

function meanHeight(wire: Wire, end: 'bottom' | 'top'): number {
  const positions = gripPositions(wire, end);
  let sum = 0;
  for (let k = 2; k < positions.length; k += 3) sum += positions[k];
  return (3 * sum) / positions.length;
}

/** The frame with its labels under their keys; labels it had under the same keys are replaced. */
export function withLabels(placed: TrajectoryFrame, elongation: number, labels: WireLabels): Frame {
  const { frame, trajectory, index } = placed;
  const info: Record<string, InfoValue> = {};
  const without: string[] = [];
  if (frame.info['trajectory'] === undefined) info['trajectory'] = trajectory;
  if (frame.info['frame'] === undefined) info['frame'] = index;
  if (frame.info['elongation'] === undefined) info['elongation'] = elongation;
  for (const [model, { total, channels }] of Object.entries(labels)) {
    const keys = LABEL_KEYS[model as ModelName];
    info[keys.conductance] = total;
    if (channels.length > 0) info[keys.channels] = [...channels];
    else without.push(keys.channels);
  }
  // Object.assign keeps what readers leave under symbols, too: the order of keys in the file.
  const merged = Object.assign({}, frame.info, info);
  for (const key of without) delete merged[key];
  return { ...frame, info: merged };
}

/** Eigenchannels in a row of a trace. */
const CHANNELS = 8;
const COLUMNS: Readonly<Record<ModelName, readonly [conductance: string, channel: string]>> = {
  jellium: ['G_jellium', 'J'],
  'tb-s': ['G_tb', 'TB'],
};

/** First line of a table of traces; conductances in G0, the largest eigenchannels of each model. */
export function traceHead(models: readonly ModelName[]): string {
  const columns = MODELS.filter((name) => models.includes(name)).flatMap((name) => [
    COLUMNS[name][0],
    ...Array.from({ length: CHANNELS }, (_, k) => `${COLUMNS[name][1]}${k + 1}`),
  ]);
  return `${['trajectory', 'frame', 'step', 'elongation_A', ...columns].join(',')}\n`;
}

/** Row of a table of traces. */
export function traceRow(placed: TrajectoryFrame, elongation: number, labels: WireLabels): string {
  const { frame, trajectory, index } = placed;
  const step = frame.info['step'] ?? frame.info['timestep'] ?? '';
  const values = MODELS.flatMap((name) => {
    const found = labels[name];
    if (!found) return [];
    return [found.total, ...Array.from({ length: CHANNELS }, (_, k) => found.channels[k] ?? 0)].map((t) =>
      String(Number(t.toPrecision(10))),
    );
  });
  return `${[csvWord(trajectory), index, step, Number(elongation.toFixed(6)), ...values].join(',')}\n`;
}

/** A word of a table, in quotes where it needs them (RFC 4180). */
export function csvWord(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
