import { formatLocation, LabelError, MissingDataError, ProgramError } from '../core/errors.ts';
import type { Frame, InfoValue } from '../core/frame.ts';
import { forEachConcurrent } from '../flow/for-each-concurrent.ts';
import { Slots } from '../flow/slots.ts';
import type { Labelled, Labeller } from '../label/labeller.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { frameId } from '../store/shard-file.ts';
import { reasonNotToStore } from '../store/shard-store.ts';
import { CursorQueue, type Ticket } from './journal-cursors.ts';
import { type Outcome, type Outcomes, oneOutcome } from './journal-outcomes.ts';
import { labelWithin } from './pipeline-label.ts';
import type { Selector, Verdict } from './selection/verdict.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

/** What happened to a frame, for displays and for who keeps failed frames. */
export interface PipelineEvent {
  readonly outcome: Outcome;
  readonly id: string;
  readonly frame: Frame;
  readonly cursor: Cursor;
  readonly step?: number;
  readonly reason?: string;
  readonly verdict?: Verdict;
  readonly labelled?: Labelled;
  /** Why it failed. */
  readonly error?: unknown;
}

export interface PipelineOptions {
  /** Times that a frame is given to the labeller before it counts as failed. */
  readonly attempts: number;
  /** Frames that fail one after the other, until the labeller counts as broken and the run stops. */
  readonly failuresInRow: number;
  /** Seconds for a label; 0 = as long as the labeller takes. */
  readonly timeout: number;
  /** Takes no further frame and no further label, finishes those in work. */
  readonly stop: AbortSignal;
  /** Ends the labels in work, too. */
  readonly kill: AbortSignal;
}

export interface PipelineRequest extends PipelineOptions {
  readonly frames: AsyncIterable<WatchedFrame>;
  /** Without: every frame is labelled. */
  readonly selector?: Selector;
  readonly labeller: Labeller;
  readonly store: FrameStore;
  /** The file of `cursor` has been dealt with up to there. */
  readonly commit: (cursor: Cursor, outcomes: Outcomes) => void;
  /** Before the cursor passes the frame. */
  readonly onEvent: (event: PipelineEvent) => Promise<void> | void;
}

/** Frames that are taken beyond those at the labeller: they are being judged, wait for it, or are on their way to the disk. */
const AHEAD = 16;

/**
 * Selects, labels and stores frames as they come. A frame that cannot be labelled is failed and the work goes on; what concerns all
 * frames (a full disk, a broken labeller) is thrown, and no cursor has passed a frame that was not dealt with.
 */
export async function runPipeline(request: PipelineRequest): Promise<void> {
  const pipeline = new Pipeline(request);
  await forEachConcurrent(request.frames, request.labeller.concurrency + AHEAD, (watched) => pipeline.take(watched));
  if (!request.stop.aborted) await pipeline.giveUpFailed();
}

interface Taken extends Pick<PipelineEvent, 'id' | 'frame' | 'cursor' | 'step'> {
  readonly ticket: Ticket;
}

class Pipeline {
  readonly #request: PipelineRequest;
  readonly #cursors: CursorQueue;
  readonly #judging = new Slots(1);
  readonly #labelling: Slots;
  /** Structures that are being worked on. */
  readonly #inWork = new Map<string, Promise<unknown>>();
  /** Failed without a success since: their files wait before them, so that a broken labeller loses nothing. */
  #broken = false;
  #failed: { readonly taken: Taken; readonly event: PipelineEvent }[] = [];

  constructor(request: PipelineRequest) {
    this.#request = request;
    this.#cursors = new CursorQueue(request.commit);
    this.#labelling = new Slots(request.labeller.concurrency);
  }

  async take({ frame, cursor, step }: WatchedFrame): Promise<void> {
    const ticket = this.#cursors.enter(cursor);
    const taken: Taken = { id: frameId(frame), frame, cursor, ticket, ...(step !== undefined && { step }) };
    const before = this.#inWork.get(taken.id);
    const done = (before ?? Promise.resolve()).then(() => this.#dealWith(taken));
    const quiet = done.catch(() => {});
    this.#inWork.set(taken.id, quiet);
    try {
      await done;
    } finally {
      if (this.#inWork.get(taken.id) === quiet) this.#inWork.delete(taken.id);
    }
  }

  /** Frames that failed last, with no success behind them. */
  async giveUpFailed(): Promise<void> {
    if (this.#broken) return;
    for (const { taken, event } of this.#failed.splice(0)) await this.#settle(taken, event);
  }

  async #dealWith(taken: Taken): Promise<void> {
    const { store, selector, stop } = this.#request;
    if (stop.aborted) return;
    if (store.has(taken.id)) return this.#settle(taken, this.#event(taken, 'repeated'));
    const verdict = selector && (await this.#judging.use(() => selector.judge(taken.frame)));
    if (verdict && verdict.decision !== 'candidate') {
      const outcome = verdict.decision === 'failed' ? 'untrusted' : verdict.decision;
      return this.#settle(taken, this.#event(taken, outcome, { reason: verdict.reason, verdict }));
    }
    const problem = reasonNotToStore({ ...taken.frame, labels: {} });
    if (problem) return this.#settle(taken, this.#event(taken, 'failed', { reason: problem }));
    const answer = await this.#labelling.use(() => this.#label(taken.frame));
    if (!answer) return; // stopped: found again the next time
    if ('error' in answer) return this.#fail(taken, answer.error, verdict);
    await this.giveUpFailed(); // the labeller works, so it was their fault
    const { frame } = taken;
    const { labels, info, arrays } = answer;
    const stored = { ...frame, labels, info: { ...frame.info, ...info }, arrays: { ...frame.arrays, ...arrays } };
    await store.append(stored, this.#provenance(taken, verdict));
    const more = { labelled: answer, ...(verdict && { verdict, reason: verdict.reason }) };
    await this.#settle(taken, this.#event(taken, 'labelled', more));
  }

  /** The label, why there is none, or undefined when the run was stopped before. */
  async #label(frame: Frame): Promise<Labelled | { readonly error: unknown } | undefined> {
    const { labeller, attempts, timeout, stop, kill } = this.#request;
    for (let attempt = 1; ; attempt++) {
      if (stop.aborted || this.#broken) return undefined;
      try {
        return await labelWithin(labeller, frame, timeout, kill);
      } catch (error) {
        if (kill.aborted) return undefined;
        // MissingDataError: the labeller lacks what this frame needs, such as an element.
        if (!(error instanceof LabelError || error instanceof MissingDataError)) throw error;
        if (attempt >= attempts) return { error };
      }
    }
  }

  async #fail(taken: Taken, error: unknown, verdict: Verdict | undefined): Promise<void> {
    const { failuresInRow } = this.#request;
    const message = error instanceof Error ? error.message : String(error);
    const place = taken.frame.origin ? `${formatLocation(taken.frame.origin)}: ` : '';
    const reason = message.startsWith(place) ? message.slice(place.length) : message; // the place is known
    const event = this.#event(taken, 'failed', { reason, error, ...(verdict && { verdict }) });
    this.#failed.push({ taken, event });
    if (this.#failed.length < failuresInRow || this.#broken) return;
    this.#broken = true;
    throw new ProgramError(
      `${failuresInRow} frames one after the other could not be labelled, so the labeller seems to be broken; the last one:\n${message}\nNothing is lost: put it right and run the same command again, or allow more failures with --max-failures`,
      { cause: error },
    );
  }

  async #settle(taken: Taken, event: PipelineEvent): Promise<void> {
    await this.#request.onEvent(event);
    const { outcome, reason, verdict } = event;
    const disagreement = verdict?.deviation?.maxForce;
    this.#cursors.settle(taken.ticket, oneOutcome(outcome, reason, disagreement));
  }

  #event(taken: Taken, outcome: Outcome, more: Partial<PipelineEvent> = {}): PipelineEvent {
    const { id, frame, cursor, step } = taken;
    return { outcome, id, frame, cursor, ...(step !== undefined && { step }), ...more };
  }

  #provenance({ cursor, step }: Taken, verdict: Verdict | undefined): Record<string, InfoValue> {
    const deviation = verdict?.deviation?.maxForce;
    return {
      ...(deviation !== undefined && { disagreement: deviation }),
      ...this.#request.labeller.provenance,
      source: cursor.path,
      source_frame: cursor.frames - 1,
      ...(step !== undefined && { source_step: step }),
    };
  }
}
