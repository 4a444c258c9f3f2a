import { createConnection, type Socket } from 'node:net';
import { ProtocolError } from '../../core/errors.ts';
import { type Address, formatAddress } from './address.ts';

/** Milliseconds between two attempts. */
const PAUSE = 100;
/** What another attempt cannot change. */
const FINAL = new Set(['ENOTFOUND', 'ENOTDIR', 'EACCES', 'EPERM', 'ENOTSOCK', 'EINVAL']);

export interface ConnectOptions {
  /** Seconds until the attempts end. */
  readonly wait: number;
  readonly signal?: AbortSignal;
}

/**
 * Connects to a peer that listens, again and again until the deadline, because it may be started after us; TCP with TCP_NODELAY.
 * Throws ProtocolError that names the address and says what the last attempt met.
 */
export async function connect(address: Address, { wait, signal }: ConnectOptions): Promise<Socket> {
  const until = performance.now() + 1000 * wait;
  for (;;) {
    const left = until - performance.now();
    const result = await attempt(address, Math.max(left, PAUSE));
    if (!(result instanceof Error)) return result;
    if (signal?.aborted) throw new ProtocolError(`stopped while connecting to ${formatAddress(address)}`);
    if (FINAL.has(result.code ?? '') || performance.now() + PAUSE > until) {
      throw new ProtocolError(
        `cannot connect to ${formatAddress(address)} within ${wait} s: ${reason(result, address)}; ` +
          'start the program that listens there, or let us wait longer (--wait)',
      );
    }
    await new Promise((resume) => setTimeout(resume, PAUSE));
  }
}

function attempt(address: Address, patience: number): Promise<Socket | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const socket =
      address.kind === 'unix'
        ? createConnection({ path: address.path })
        : createConnection({ host: address.host, port: address.port, noDelay: true });
    const limit = setTimeout(() => {
      socket.destroy();
      resolve(new Error('no answer'));
    }, patience);
    const failed = (error: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      resolve(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(limit);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function reason(error: NodeJS.ErrnoException, address: Address): string {
  if (address.kind === 'tcp') return error.code === 'ECONNREFUSED' ? 'nobody listens on this port' : error.message;
  if (error.code === 'ENOENT') return 'there is no such socket (is the program on another node? then use TCP)';
  return error.code === 'ECONNREFUSED' ? 'nobody listens on this socket any more' : error.message;
}
