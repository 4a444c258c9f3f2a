import { createHash, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { DiagnosticSink } from '../../../core/diagnostic.ts';
import { ProtocolError } from '../../../core/errors.ts';
import type { Evaluator } from '../../evaluator.ts';
import type { StructureJobs } from '../structure/jobs.ts';
import {
  decodeHello,
  encodeError,
  encodeHelloOk,
  type Hello,
  MAX_TEXT_BYTES,
  type Message,
  MessageReader,
  TYPE,
} from './codec.ts';
import { RankEvaluation } from './rank-evaluation.ts';
import type { StepAnswerer } from './step-answerer.ts';

export interface SessionOptions {
  /** How messages to people name the peer before HELLO tells who it is. */
  readonly peer: string;
  /** Seconds: for HELLO, for the rest of a message that began (and for a reply to be taken), between messages (0 = for ever). */
  readonly helloTimeout: number;
  readonly messageTimeout: number;
  readonly idleTimeout: number;
  /** Bytes. */
  readonly maxPayload: number;
  /** Every HELLO must carry it. */
  readonly token?: string;
  /** Clients that send whole structures, of all sessions of a server. */
  readonly jobs: StructureJobs;
  readonly onDiagnostic: DiagnosticSink;
}

type State = 'awaiting HELLO' | 'ready' | 'evaluating' | 'replying' | 'closed';

/**
 * Serves one client of the NNP1 protocol (one LAMMPS rank) over `stream` until it closes between two messages or `signal` is
 * aborted. Rejects with ProtocolError (peer broke the protocol or a deadline) or the evaluator's error; the peer has been told.
 */
export function serveNative(
  stream: Duplex,
  evaluator: Evaluator,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<void> {
  return new NativeSession(stream, evaluator, options).run(signal);
}

class NativeSession {
  readonly #stream: Duplex;
  readonly #evaluator: Evaluator;
  readonly #options: SessionOptions;
  readonly #reader = new MessageReader((type) => this.#longest(type));
  #state: State = 'awaiting HELLO';
  #peer: string;
  #steps = 0;
  #timer: NodeJS.Timeout | undefined;
  #timedMessage = false;
  /** Known after HELLO. */
  #client: StepAnswerer | undefined;
  #done: () => void = () => {};
  #failed: (error: unknown) => void = () => {};

  constructor(stream: Duplex, evaluator: Evaluator, options: SessionOptions) {
    this.#stream = stream;
    this.#evaluator = evaluator;
    this.#options = options;
    this.#peer = options.peer;
  }

  run(signal: AbortSignal): Promise<void> {
    const stream = this.#stream;
    const onAbort = () => this.#close('the force server was stopped');
    const finished = new Promise<void>((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    stream.on('end', () => this.#ended());
    stream.on('error', (error) => this.#broken(error));
    stream.on('close', () => this.#ended());
    signal.addEventListener('abort', onAbort, { once: true });
    this.#deadline(this.#options.helloTimeout, 'it sent no HELLO');
    if (signal.aborted) onAbort();
    return finished.finally(() => {
      clearTimeout(this.#timer);
      this.#client?.leave?.();
      signal.removeEventListener('abort', onAbort);
    });
  }

  #longest(type: number): number | undefined {
    if (this.#state === 'awaiting HELLO') return type === TYPE.hello ? MAX_TEXT_BYTES : undefined;
    return type === TYPE.step ? this.#options.maxPayload : undefined;
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#reader.push(chunk);
    if (this.#state === 'evaluating' || this.#state === 'replying') this.#stream.pause();
    else this.#advance();
  }

  /** Handles the next message, when it is complete. */
  #advance(): void {
    try {
      const message = this.#reader.next();
      if (!message) {
        this.#waitForMore();
        return;
      }
      clearTimeout(this.#timer);
      this.#timedMessage = false;
      if (this.#client) this.#evaluate(this.#client, message);
      else this.#greet(decodeHello(message.payload));
    } catch (error) {
      this.#fail(error, 0n);
    }
  }

  #waitForMore(): void {
    if (this.#state === 'awaiting HELLO') return;
    if (this.#reader.inMessage && !this.#timedMessage) {
      this.#timedMessage = true;
      this.#deadline(this.#options.messageTimeout, 'it stopped in the middle of a message');
    } else if (!this.#reader.inMessage) {
      this.#deadline(this.#options.idleTimeout, 'it sent nothing');
    }
  }

  #greet(hello: Hello): void {
    checkToken(this.#options.token, hello.token);
    const { jobs, messageTimeout } = this.#options;
    this.#client =
      hello.route === 'structure'
        ? jobs.join(this.#evaluator, hello, messageTimeout)
        : new RankEvaluation(this.#evaluator, hello);
    this.#peer = `rank ${hello.rank} of ${hello.nranks} (${hello.client})`;
    this.#options.onDiagnostic({ severity: 'info', code: 'connected', message: `${this.#peer} connected` });
    const { modelId, name } = this.#evaluator;
    const committee = hello.route === 'lists' && this.#evaluator.committee !== undefined;
    this.#send(encodeHelloOk({ cutoff: this.#client.cutoff, modelId, name, committee }));
  }

  #evaluate(client: StepAnswerer, message: Message): void {
    const { step } = message;
    this.#state = 'evaluating';
    client.forces(message).then(
      (frame) => {
        this.#steps++;
        this.#send(frame);
      },
      (error) => this.#fail(error, step),
    );
  }

  #send(frame: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#state = 'replying';
    this.#deadline(this.#options.messageTimeout, 'it did not take the reply');
    this.#stream.write(frame, (error) => {
      if (error || this.#state !== 'replying') return; // 'error' or 'close' tells
      this.#state = 'ready';
      if (this.#stream.isPaused()) this.#stream.resume();
      this.#advance();
    });
  }

  #deadline(seconds: number, what: string): void {
    clearTimeout(this.#timer);
    if (seconds <= 0) return;
    this.#timer = setTimeout(() => this.#fail(new ProtocolError(`${what} for ${seconds} s`), 0n), 1000 * seconds);
  }

  /** The peer closed, or the stream was destroyed. */
  #ended(): void {
    if (this.#state === 'closed') return;
    const inMessage = this.#reader.inMessage;
    const where =
      this.#state === 'evaluating' || this.#state === 'replying' ? `while ${this.#state}` : 'in mid-message';
    const atBoundary = !inMessage && (this.#state === 'ready' || this.#state === 'awaiting HELLO');
    this.#state = 'closed';
    this.#stream.destroy();
    if (!atBoundary) {
      this.#failed(new ProtocolError(`${this.#peer} closed the connection ${where}`));
      return;
    }
    const message = `${this.#peer} closed after ${this.#steps} steps`;
    this.#options.onDiagnostic({ severity: 'info', code: 'closed', message });
    this.#done();
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#failed(new ProtocolError(`${this.#peer}: connection broken after ${this.#steps} steps: ${error.message}`));
  }

  /** Tells the peer, closes, and rejects. */
  #fail(error: unknown, step: bigint): void {
    if (this.#state === 'closed') return;
    const text = error instanceof Error ? error.message : String(error);
    this.#hangUp(text, step);
    this.#failed(error instanceof ProtocolError ? new ProtocolError(`${this.#peer}: ${text}`) : error);
  }

  #close(reason: string): void {
    if (this.#state === 'closed') return;
    this.#hangUp(reason, 0n);
    this.#done();
  }

  #hangUp(text: string, step: bigint): void {
    this.#state = 'closed';
    this.#stream.end(encodeError(text, step));
    this.#stream.resume();
    setTimeout(() => this.#stream.destroy(), 1000).unref();
  }
}

/** Compares hashes, so that neither time nor length tells anything of the token. */
function checkToken(expected: string | undefined, found: string | undefined): void {
  if (expected === undefined) return;
  if (found === undefined) throw new ProtocolError('this server asks for a token and HELLO has none');
  const hash = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(hash(expected), hash(found)))
    throw new ProtocolError('the token of HELLO is not that of this server');
}
