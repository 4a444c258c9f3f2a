import { type ChildProcess, fork } from 'node:child_process';
import type { Diagnostic, DiagnosticSink } from '../core/diagnostic.ts';
import { ProgramError } from '../core/errors.ts';
import type { PotentialSource } from './load-evaluator.ts';
import { type ForceServer, listenFor, type ServeOptions, type TakeSocket } from './server.ts';
import { type Address, isNumbered, numbered } from './transport/address.ts';

export type ToWorker =
  | { kind: 'load'; source: PotentialSource; options: Omit<ServeOptions, 'onDiagnostic' | 'onLastClosed'> }
  | { kind: 'socket'; peer: string }
  | { kind: 'stop' };

export type FromWorker =
  | { kind: 'ready'; modelId: number }
  | { kind: 'failed'; message: string }
  | { kind: 'diagnostic'; diagnostic: Diagnostic };

/** Milliseconds. */
const LOAD_TIME = 120_000;
const STOP_TIME = 5000;

/**
 * A force server whose connections are dealt out to `count` processes, so that the ranks of LAMMPS are evaluated at the same time.
 * With `%d` in a unix address every worker has a socket of its own, numbered from 0: that of the rank of LAMMPS it works for.
 * A worker that dies closes its connections, which stops LAMMPS. Throws ProgramError when a worker cannot load the potential.
 */
export async function startWorkers(
  source: PotentialSource,
  address: Address,
  count: number,
  options: ServeOptions = {},
): Promise<ForceServer> {
  const { onDiagnostic = () => {}, onLastClosed: _, ...plain } = options;
  const beside = new URL('./worker.ts', import.meta.url);
  const script = import.meta.url.endsWith('.ts') ? beside : new URL(beside.href.replace(/ts$/, 'js')); // compiled
  const workers = Array.from({ length: count }, () => fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  let stopping = false;
  try {
    await Promise.all(workers.map((worker) => load(worker, { kind: 'load', source, options: plain }, onDiagnostic)));
    let next = 0;
    const give = (worker: ChildProcess, ...[socket, peer]: Parameters<TakeSocket>) => {
      if (!worker.connected) return void socket.destroy();
      worker.send({ kind: 'socket', peer } satisfies ToWorker, socket);
    };
    const listening = isNumbered(address)
      ? await listenForEach(address, workers, give)
      : await listenFor(address, (...client) => give(workers[next++ % count], ...client));
    for (const worker of workers) {
      worker.on('exit', (code, signal) => {
        if (stopping) return;
        const message = `worker process ${worker.pid} of the force server ended (${signal ?? code}); its connections are closed`;
        onDiagnostic({ severity: 'warning', code: 'worker-died', message });
      });
    }
    return {
      address: listening.address,
      get connections() {
        return listening.connections;
      },
      async stop() {
        stopping = true;
        const closed = listening.close();
        await Promise.all(workers.map(end));
        await closed;
      },
    };
  } catch (error) {
    for (const worker of workers) worker.kill('SIGKILL');
    throw error;
  }
}

/** A socket for each worker. */
async function listenForEach(
  address: Address,
  workers: readonly ChildProcess[],
  give: (worker: ChildProcess, ...client: Parameters<TakeSocket>) => void,
) {
  const all: Awaited<ReturnType<typeof listenFor>>[] = [];
  const close = async () => void (await Promise.all(all.map((one) => one.close())));
  try {
    for (const [k, worker] of workers.entries())
      all.push(await listenFor(numbered(address, k), (...client) => give(worker, ...client)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address,
    get connections() {
      return all.reduce((sum, { connections }) => sum + connections, 0);
    },
    close,
  };
}

function load(worker: ChildProcess, order: ToWorker, onDiagnostic: DiagnosticSink): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(limit);
      reject(new ProgramError(`a worker process of the force server ${why}`));
    };
    const limit = setTimeout(() => fail(`did not load the potential within ${LOAD_TIME / 1000} s`), LOAD_TIME);
    worker.once('error', (error) => fail(`does not start: ${error.message}`));
    worker.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'diagnostic') return onDiagnostic(message.diagnostic);
      clearTimeout(limit);
      if (message.kind === 'ready') resolve();
      else fail(`cannot load the potential: ${message.message}`);
    });
    worker.send(order);
  });
}

/** Asks, then kills. */
async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const limit = setTimeout(() => worker.kill('SIGKILL'), STOP_TIME);
  if (worker.connected) worker.send({ kind: 'stop' } satisfies ToWorker, () => {});
  await gone;
  clearTimeout(limit);
}
