import { rmdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ReadOptions, WriteOptions } from '../../formats/format.ts';
import { structureHash } from '../convert/content-hash.ts';
import { formatByName, openFrames } from '../convert/open.ts';
import { LabelError, MissingDataError, ProgramError, UnknownFormatError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { repeatsLabel } from '../core/label-copies.ts';
import { mapInOrder } from '../flow/map-in-order.ts';
import { Slots } from '../flow/slots.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { LabelJournal } from './label-journal.ts';
import type { Labelled, Labeller } from './labeller.ts';
import { type LabellerSpec, openLabeller } from './open-labeller.ts';

export interface LabelRequest {
  /** File or folder of frames. */
  readonly frames: string;
  readonly inputFormat?: string;
  readonly output: string;
  readonly outputFormat: string;
  readonly labeller: LabellerSpec;
  /** Processor cores that labelling may use. */
  readonly cores: number;
  /** Go on with the labels that an interrupted run left beside the output. */
  readonly resume: boolean;
  readonly read: Omit<ReadOptions, 'path'>;
  readonly write: WriteOptions;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number | undefined) => void;
  /** A frame that could not be labelled; it is left out. */
  readonly onFailure?: (error: LabelError) => void;
}

export interface LabelSummary {
  readonly labelled: number;
  /** Of them from the run that was interrupted. */
  readonly resumed: number;
  readonly failed: number;
  /** Where the labels are, when the run was interrupted; there is no output then. */
  readonly journal?: string;
  readonly interrupted: boolean;
}

/** Results that may wait for those before them. */
const AHEAD = 256;

/**
 * Writes the frames with energy, forces and virial of a labeller in the place of their labels, in their order. The output appears whole
 * or not at all; until then finished labels stand in a journal beside it (not with a potential, which is fast). Frames that cannot be
 * labelled are left out and reported. Throws ProgramError when none could be labelled or the labeller does not work at all.
 */
export async function labelFiles(request: LabelRequest): Promise<LabelSummary> {
  const format = formatByName(request.outputFormat);
  if (!format.write && !format.writePath) throw new UnknownFormatError(`format ${format.name} cannot be written`);
  const scratch = resolve(`${request.output}.scratch`);
  const labeller = await openLabeller(request.labeller, { scratch, cores: request.cores });
  const run = new LabelRun(request, labeller);
  try {
    await run.begin();
    const frames = run.frames();
    if (format.write) await writeBytes(request.output, format.write(frames, request.write));
    else await format.writePath?.(frames, request.output, request.write);
    await run.journal?.remove();
    return run.summary();
  } catch (error) {
    await run.journal?.close();
    if (request.signal.aborted) return run.summary();
    throw error;
  } finally {
    run.stop();
    await labeller.close();
    await rmdir(scratch).catch(() => {}); // what failed is kept there
  }
}

class LabelRun {
  journal: LabelJournal | undefined;
  readonly #request: LabelRequest;
  readonly #labeller: Labeller;
  readonly #stop = new AbortController();
  readonly #counts = { labelled: 0, resumed: 0, failed: 0 };
  #total: number | undefined;
  #firstFailure: LabelError | undefined;

  constructor(request: LabelRequest, labeller: Labeller) {
    this.#request = request;
    this.#labeller = labeller;
    if (request.signal.aborted) this.#stop.abort();
    request.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
  }

  /** Opens the journal, and counts the frames where labels are slow. */
  async begin(): Promise<void> {
    const { labeller, output, resume, frames } = this.#request;
    if (labeller.kind === 'potential') return;
    this.journal = await LabelJournal.open(`${output}.labels.jsonl`, JSON.stringify(this.#labeller.provenance), resume);
    if (frames === '-') return;
    this.#total = 0;
    for await (const _ of await this.#open()) this.#total++;
  }

  /** Frames with their labels, in order. */
  async *frames(): AsyncGenerator<Frame, void> {
    const slots = new Slots(this.#labeller.concurrency);
    const frames = await this.#open();
    const window = this.#labeller.concurrency + (this.journal ? AHEAD : 0);
    const labelled = mapInOrder(frames, window, async (frame) => {
      const result = await this.#label(frame, slots);
      return result && withLabels(frame, this.#labeller, result);
    });
    for await (const frame of labelled) if (frame) yield frame;
    const { labelled: count, failed } = this.#counts;
    if (count > 0) return;
    if (failed === 0) throw new MissingDataError('there is no frame to label', 'nothing was written');
    throw new ProgramError(`none of ${failed} frames could be labelled; the first: ${this.#firstFailure?.message}`);
  }

  stop(): void {
    this.#stop.abort();
  }

  summary(): LabelSummary {
    const { aborted } = this.#request.signal;
    return { ...this.#counts, interrupted: aborted, ...(aborted && this.journal && { journal: this.journal.path }) };
  }

  async #open() {
    const { inputFormat, read, frames: path } = this.#request;
    return (await openFrames(inputFormat, { ...read, path })).frames;
  }

  /** Undefined for a frame that cannot be labelled. */
  async #label(frame: Frame, slots: Slots): Promise<Labelled | undefined> {
    const id = structureHash(frame);
    const known = this.journal?.find(id);
    if (known) {
      this.#counts.resumed++;
      return this.#counted('labelled', known);
    }
    try {
      const result = await slots.use(() => this.#labeller.label(frame, this.#stop.signal));
      await this.journal?.add(id, result);
      return this.#counted('labelled', result);
    } catch (error) {
      if (!(error instanceof LabelError) || this.#stop.signal.aborted) {
        this.#stop.abort();
        throw error;
      }
      this.#firstFailure ??= error;
      this.#request.onFailure?.(error);
      return this.#counted('failed', undefined);
    }
  }

  #counted<T>(what: 'labelled' | 'failed', value: T): T {
    this.#counts[what]++;
    this.#request.onProgress?.(this.#counts.labelled + this.#counts.failed, this.#total);
    return value;
  }
}

function withLabels(frame: Frame, { provenance }: Labeller, { labels, info, arrays }: Labelled): Frame {
  const kept = <T>(values: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !repeatsLabel(name, labels)));
  return {
    ...frame,
    labels,
    info: { ...kept(frame.info), ...provenance, ...info },
    arrays: { ...kept(frame.arrays), ...arrays },
  };
}
