import { type FileHandle, open, readFile } from 'node:fs/promises';
import { FormatError, UsageError } from '../../core/errors.ts';
import { csvWord } from '../label/labelled-frame.ts';
import { splitRow } from '../traces/csv.ts';

/** One predicted snapshot. */
export interface TracePoint {
  readonly trajectory: string;
  /** Number in its trajectory, from 0. */
  readonly frame: number;
  /** MD step. */
  readonly step?: number;
  /** Å. */
  readonly elongation: number;
  /** G0. */
  readonly conductance: number;
  /** G0. */
  readonly spread?: number;
  /** Whether chains of atoms lead from grip to grip. */
  readonly connected: boolean;
  /** Whether it is outside what the predictor was trained on. */
  readonly outside: boolean;
  readonly channels?: readonly number[];
}

/** Eigenchannels in a row. */
const CHANNELS = 8;
const HEAD = ['trajectory', 'frame', 'step', 'elongation_A', 'G', 'spread', 'connected', 'outside'];
const CHANNEL_HEAD = Array.from({ length: CHANNELS }, (_, k) => `T${k + 1}`);
/** ms, and rows, that may be lost by a power cut; a killed process loses nothing that it has said to be written. */
const SYNC_EVERY = 1000;
const ROWS = 64;

/**
 * The traces of a run on disk, one row a snapshot, only ever appended to: a run that was cut off goes on behind the last whole row.
 * `conductance histogram` reads it, too.
 */
export class TraceFile {
  /** What an earlier run left. */
  readonly points: readonly TracePoint[];
  readonly #file: FileHandle;
  readonly #hasChannels: boolean;
  #rows: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  private constructor(file: FileHandle, points: readonly TracePoint[], hasChannels: boolean) {
    this.#file = file;
    this.points = points;
    this.#hasChannels = hasChannels;
  }

  /**
   * Opens a new file, or one with the same `identity` (what the rows depend on besides the snapshots). Throws UsageError for one of
   * another predictor, FormatError for a damaged row.
   */
  static async open(path: string, identity: string, hasChannels: boolean): Promise<TraceFile> {
    const head = headText(identity, hasChannels);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // A row that a crash cut off, or a head, is written again.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const isBegun = whole.length >= head.length;
    if (!(isBegun ? whole.startsWith(head) : head.startsWith(whole)))
      throw new UsageError(`${path}: its traces were made in another way; give another folder with -O`);
    const points = isBegun ? pointsIn(path, whole.slice(head.length), head) : [];
    const file = await open(path, 'a');
    await file.truncate(isBegun ? Buffer.byteLength(whole) : 0);
    if (!isBegun) await file.write(head);
    await file.sync();
    return new TraceFile(file, points, hasChannels);
  }

  async add(point: TracePoint): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#rows.push(rowText(point, this.#hasChannels));
    if (this.#rows.length >= ROWS) return this.flush();
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error) => {
        this.#failure ??= { error };
      });
    }, SYNC_EVERY).unref();
  }

  /** Everything added is on disk afterwards. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = this.#rows;
    this.#rows = [];
    // One after the other: rows must not mix.
    this.#writing = this.#writing.then(() => this.#append(rows.join('')));
    return this.#writing;
  }

  async #append(text: string): Promise<void> {
    if (text === '') return;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }
}

function headText(identity: string, hasChannels: boolean): string {
  const names = hasChannels ? [...HEAD, ...CHANNEL_HEAD] : HEAD;
  return `# conductance predict; G and spread in G0, elongation in Å\n# made by ${identity}\n${names.join(',')}\n`;
}

function rowText(point: TracePoint, hasChannels: boolean): string {
  const rounded = (value: number) => String(Number(value.toPrecision(10)));
  const { channels } = point;
  const words = [
    csvWord(point.trajectory),
    point.frame,
    point.step ?? '',
    Number(point.elongation.toFixed(6)),
    rounded(point.conductance),
    point.spread === undefined ? '' : rounded(point.spread),
    point.connected ? 1 : 0,
    point.outside ? 1 : 0,
    ...(hasChannels ? CHANNEL_HEAD.map((_, k) => rounded(channels?.[k] ?? 0)) : []),
  ];
  return `${words.join(',')}\n`;
}

function pointsIn(path: string, text: string, head: string): TracePoint[] {
  const before = head.split('\n').length - 1;
  const columns = head.split('\n')[before - 1].split(',').length;
  return text
    .split('\n')
    .slice(0, -1)
    .map((row, k) => {
      const words = splitRow(row);
      const at = { path, line: before + k + 1 };
      const [trajectory, frame, step, elongation, conductance, spread, connected, outside, ...channels] = words;
      const numbers = [frame, elongation, conductance, connected, outside, ...channels].map(Number);
      if (words.length !== columns || !numbers.every(Number.isFinite))
        throw new FormatError('csv', at, `expected ${columns} columns of a trace, found "${row.slice(0, 80)}"`);
      return {
        trajectory,
        frame: numbers[0],
        ...(step !== '' && { step: Number(step) }),
        elongation: numbers[1],
        conductance: numbers[2],
        ...(spread !== '' && { spread: Number(spread) }),
        connected: connected === '1',
        outside: outside === '1',
        ...(channels.length > 0 && { channels: channels.map(Number) }),
      };
    });
}
