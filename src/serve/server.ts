import type { Socket } from 'node:net';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Evaluator } from './evaluator.ts';
import { serveNative } from './protocols/native/session.ts';
import { StructureJobs } from './protocols/structure/jobs.ts';
import { type Address, formatAddress } from './transport/address.ts';
import { listen } from './transport/listen.ts';

export interface ServeOptions {
  /** Seconds; protocols/native/session.ts. */
  readonly helloTimeout?: number;
  readonly messageTimeout?: number;
  readonly idleTimeout?: number;
  /** Bytes of the largest message that is accepted. */
  readonly maxPayload?: number;
  /** Every client must know it. */
  readonly token?: string;
  /** Called whenever the last of the connected clients has closed. */
  readonly onLastClosed?: () => void;
  readonly onDiagnostic?: DiagnosticSink;
}

export interface ForceServer {
  readonly address: Address;
  /** Clients that ever connected. */
  readonly connections: number;
  /** Stops listening, tells every client, waits until all connections are closed. */
  stop(): Promise<void>;
}

/** Who takes an accepted socket: this process, or a worker. */
export type TakeSocket = (socket: Socket, peer: string) => void;

/** Serves `evaluator` to every client of `address` by the native protocol. Throws ProtocolError when it cannot listen. */
export async function startServer(
  evaluator: Evaluator,
  address: Address,
  options: ServeOptions = {},
): Promise<ForceServer> {
  const sessions = new NativeSessions(evaluator, options);
  const listening = await listenFor(address, (socket, peer) => sessions.take(socket, peer));
  return {
    get address() {
      return listening.address;
    },
    get connections() {
      return listening.connections;
    },
    async stop() {
      const closed = listening.close();
      await sessions.stop();
      await closed;
    },
  };
}

/** Listens and counts. */
export async function listenFor(address: Address, take: TakeSocket) {
  let connections = 0;
  const listener = await listen(address, (socket) => {
    connections++;
    take(socket, `client ${connections} on ${formatAddress(address)}`);
  });
  return {
    address: listener.address,
    get connections() {
      return connections;
    },
    close: () => new Promise<void>((resolve) => listener.server.close(() => resolve())),
  };
}

/** The sessions of one process, all on one evaluator. */
export class NativeSessions {
  readonly #evaluator: Evaluator;
  readonly #options: ServeOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #jobs: StructureJobs;

  constructor(evaluator: Evaluator, options: ServeOptions, jobs = new StructureJobs()) {
    this.#evaluator = evaluator;
    this.#options = options;
    this.#jobs = jobs;
  }

  take(socket: Socket, peer: string): void {
    const onDiagnostic = this.#options.onDiagnostic ?? (() => {});
    const { helloTimeout = 10, messageTimeout = 60, idleTimeout = 0, maxPayload = 2 ** 30, token } = this.#options;
    const times = { helloTimeout, messageTimeout, idleTimeout };
    const options = {
      peer,
      ...times,
      maxPayload,
      onDiagnostic,
      jobs: this.#jobs,
      ...(token !== undefined && { token }),
    };
    const session = serveNative(socket, this.#evaluator, options, this.#abort.signal)
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        onDiagnostic({ severity: 'warning', code: 'session-failed', message });
      })
      .finally(() => {
        this.#running.delete(session);
        if (this.#running.size === 0) this.#options.onLastClosed?.();
      });
    this.#running.add(session);
    socket.resume();
  }

  /** Tells every client that the server stops. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }
}
