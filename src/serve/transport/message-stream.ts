import type { Duplex } from 'node:stream';
import { ProtocolError } from '../../core/errors.ts';
import type { Decoder } from '../protocols/decoder.ts';

/** How long to wait for a message, in seconds. */
export interface Wait {
  /** What is awaited, for the error. */
  readonly expected: string;
  /** Until its first byte; 0 = for ever. */
  readonly first: number;
  /** From its first byte to its last, however the bytes trickle. */
  readonly rest: number;
}

/** Bytes kept while nobody asks for a message; more are left in the socket. */
const UNASKED_BYTES = 65_536;

/** A stream as a sequence of messages, one awaited at a time; every wait has a deadline. */
export class MessageStream {
  /** How errors name the other side. */
  readonly peer: string;
  readonly #stream: Duplex;
  readonly #chunks: Uint8Array[] = [];
  #available = 0;
  #waiting = false;
  #ended = false;
  #stopped = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  #closed: () => void = () => {};

  /** After `signal` every `receive` gives undefined at once. */
  constructor(stream: Duplex, peer: string, signal: AbortSignal) {
    this.#stream = stream;
    this.peer = peer;
    stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
    const ended = () => {
      this.#ended = true;
      this.#wake();
    };
    stream.on('end', ended);
    stream.on('close', () => {
      ended();
      this.#closed();
    });
    stream.on('error', (error) => {
      this.#failure ??= error;
      ended();
    });
    const stop = () => {
      this.#stopped = true;
      this.#wake();
    };
    signal.addEventListener('abort', stop, { once: true });
    stream.once('close', () => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  }

  /**
   * The next message; undefined when the peer closed before its first byte, or after the signal. Throws ProtocolError naming the
   * peer for a broken or closed connection inside a message, a deadline that passed, and what the decoder refuses.
   */
  async receive<T>(decoder: Decoder<T>, wait: Wait): Promise<T | undefined> {
    this.#waiting = true;
    this.#stream.resume();
    try {
      return await this.#receive(decoder, wait);
    } catch (error) {
      throw error instanceof ProtocolError ? new ProtocolError(`${this.peer}: ${error.message}`) : error;
    } finally {
      this.#waiting = false;
    }
  }

  async #receive<T>(decoder: Decoder<T>, { expected, first, rest }: Wait): Promise<T | undefined> {
    const asked = performance.now();
    let begun = this.#available > 0 ? asked : undefined;
    let state = decoder.next();
    while (!state.done) {
      while (this.#available < state.value) {
        if (this.#stopped) return undefined;
        if (this.#failure) throw new ProtocolError(`connection broken: ${this.#failure.message}`);
        if (this.#ended && begun === undefined) return undefined;
        if (this.#ended) throw new ProtocolError(`it closed the connection in the middle of ${expected}`);
        const until = begun === undefined ? (first > 0 ? asked + 1000 * first : undefined) : begun + 1000 * rest;
        if (until !== undefined && performance.now() >= until) {
          if (begun === undefined) throw new ProtocolError(`it sent no ${expected} for ${first} s`);
          throw new ProtocolError(`it stopped in the middle of ${expected} for ${rest} s`);
        }
        await this.#more(until);
        if (this.#available > 0) begun ??= performance.now();
      }
      state = decoder.next(this.#pop(state.value));
    }
    return state.value;
  }

  /** False when the peer has closed its side. */
  get open(): boolean {
    return !this.#ended;
  }

  /** Sends a whole message in one write. Throws ProtocolError when the connection is broken or the peer takes nothing. */
  async send(bytes: Uint8Array, seconds: number): Promise<void> {
    if (this.#failure) throw new ProtocolError(`${this.peer}: connection broken: ${this.#failure.message}`);
    if (this.#stream.destroyed) throw new ProtocolError(`${this.peer}: it closed the connection`);
    let limit: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new ProtocolError(`${this.peer}: ${why}`));
      limit = setTimeout(() => fail(`it did not take a message for ${seconds} s`), 1000 * seconds);
      this.#closed = () => fail('it closed the connection');
      this.#stream.write(bytes, (error) => (error ? fail(`connection broken: ${error.message}`) : resolve()));
    }).finally(() => clearTimeout(limit));
  }

  /** Ends our side after what has been sent, and lets go of the socket. */
  close(): void {
    this.#stream.end();
    this.#stream.resume();
    setTimeout(() => this.#stream.destroy(), 1000).unref();
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#available += chunk.length;
    if (!this.#waiting && this.#available > UNASKED_BYTES) this.#stream.pause();
    this.#wake();
  }

  #more(until: number | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (until !== undefined) timer = setTimeout(resolve, Math.max(1, until - performance.now()));
    }).finally(() => clearTimeout(timer));
  }

  /** `count` bytes at the start of a buffer of their own. */
  #pop(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(0, count - filled);
      out.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#available -= count;
    return out;
  }
}
