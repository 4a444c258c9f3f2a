import { ProtocolError } from '../../../core/errors.ts';
import type { Evaluator } from '../../evaluator.ts';
import type { Hello, Message } from '../native/codec.ts';
import type { StepAnswerer } from '../native/step-answerer.ts';
import { StructureEvaluation } from './structure-evaluation.ts';

/**
 * The clients of a server that send whole structures (`"route":"structure"`): `fix external` of LAMMPS, where rank 0 sends all atoms
 * and every rank gets the forces, and programs of one rank. Ranks belong together by the `job` of their HELLO.
 */
export class StructureJobs {
  readonly #alone: boolean;
  readonly #jobs = new Map<string, StructureJob>();

  /** A process that shares its clients with others cannot see all the ranks of a job. */
  constructor(where: 'the whole server' | 'one of several processes' = 'the whole server') {
    this.#alone = where === 'the whole server';
  }

  /** Throws ProtocolError when the client cannot be served. `timeout`: seconds that ranks wait for each other. */
  join(evaluator: Evaluator, hello: Hello, timeout: number): StepAnswerer {
    const evaluation = new StructureEvaluation(evaluator, hello);
    if (hello.nranks === 1) return new StructureJob(1, timeout).join(0, evaluation, () => {});
    if (!this.#alone) throw new ProtocolError('fix external on several ranks needs a server with --workers 1');
    const key = `${hello.job} of ${hello.nranks}`;
    const job = this.#jobs.get(key) ?? new StructureJob(hello.nranks, timeout);
    const answerer = job.join(hello.rank, evaluation, () => {
      if (job.empty && this.#jobs.get(key) === job) this.#jobs.delete(key);
    });
    this.#jobs.set(key, job);
    return answerer;
  }
}

/** One structure at one step: asked for by every rank, sent by rank 0, evaluated once. */
interface Round {
  readonly frame: Promise<Uint8Array>;
  answer(frame: Promise<Uint8Array>): void;
  fail(error: unknown): void;
  step: bigint | undefined;
  takers: number;
}

/** The ranks of one run. When one of them is gone, all the others are told. */
class StructureJob {
  readonly #nranks: number;
  readonly #timeout: number;
  readonly #ranks = new Set<number>();
  readonly #rounds = new Map<number, Round>();
  #lost: ProtocolError | undefined;

  constructor(nranks: number, timeout: number) {
    this.#nranks = nranks;
    this.#timeout = timeout;
  }

  get empty(): boolean {
    return this.#ranks.size === 0;
  }

  join(rank: number, evaluation: StructureEvaluation, left: () => void): StepAnswerer {
    if (this.#lost) throw this.#lost;
    if (this.#ranks.has(rank)) {
      throw new ProtocolError(
        `rank ${rank} of a run with ${this.#nranks} ranks is already connected; another run needs a server of its own`,
      );
    }
    this.#ranks.add(rank);
    let index = 0;
    return {
      cutoff: evaluation.cutoff,
      forces: (message) =>
        rank === 0 ? this.#evaluate(index++, evaluation, message) : this.#await(index++, rank, message),
      leave: () => {
        this.#ranks.delete(rank);
        this.#lost ??= new ProtocolError(`rank ${rank} of ${this.#nranks} has left the run`);
        for (const round of this.#rounds.values()) round.fail(this.#lost);
        left();
      },
    };
  }

  #evaluate(index: number, evaluation: StructureEvaluation, message: Message): Promise<Uint8Array> {
    if (this.#lost) return Promise.reject(this.#lost);
    const round = this.#round(index);
    round.step = message.step;
    round.answer(evaluation.forces(message));
    return this.#take(index, round);
  }

  async #await(index: number, rank: number, message: Message): Promise<Uint8Array> {
    if (this.#lost) throw this.#lost;
    if (message.payload.length > 0) throw new ProtocolError(`rank ${rank} sent atoms; only rank 0 does`);
    const round = this.#round(index);
    const late = setTimeout(() => {
      if (round.step === undefined) round.fail(new ProtocolError(`rank 0 sent no atoms for ${this.#timeout} s`));
    }, 1000 * this.#timeout);
    try {
      const frame = await this.#take(index, round);
      if (round.step === message.step) return frame;
      throw new ProtocolError(`rank ${rank} is at step ${message.step}, rank 0 at step ${round.step}`);
    } finally {
      clearTimeout(late);
    }
  }

  #round(index: number): Round {
    const known = this.#rounds.get(index);
    if (known) return known;
    const { promise, resolve, reject } = deferred<Uint8Array>();
    promise.catch(() => {}); // every taker hears of it
    const round: Round = { frame: promise, answer: resolve, fail: reject, step: undefined, takers: 0 };
    this.#rounds.set(index, round);
    return round;
  }

  #take(index: number, round: Round): Promise<Uint8Array> {
    if (++round.takers === this.#nranks) this.#rounds.delete(index);
    return round.frame;
  }
}

/** As Promise.withResolvers of newer Node versions. */
function deferred<T>() {
  let resolve: (value: T | PromiseLike<T>) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
