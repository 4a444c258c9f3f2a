import { resolve } from 'node:path';
import { UsageError } from '../core/errors.ts';
import { servePotential } from '../serve/serve-potential.ts';
import { formatAddress, isNumbered, parseAddress } from '../serve/transport/address.ts';
import { readToken, requireToken } from '../serve/transport/token.ts';
import { printDiagnostic, printOut } from './options.ts';
import { committeeSource, positiveInteger } from './potential-options.ts';
import type { ServeArguments } from './serve-options.ts';

/** `serve --listen`: answers clients until Ctrl-C, or with --once until the last one has closed. */
export async function serveListening(argv: ServeArguments): Promise<void> {
  const given = parseAddress(argv.listen ?? 'unix:nnp.sock');
  const address = given.kind === 'unix' ? parseAddress(`unix:${resolve(given.path)}`) : given;
  const workers = positiveInteger('workers', argv.workers);
  if (argv.once && workers > 1) throw new UsageError('--once serves with one process; leave --workers out');
  if (argv.once && isNumbered(address)) throw new UsageError('--once serves on one socket; leave %d out');
  const token = argv.tokenFile === undefined ? undefined : await readToken(argv.tokenFile, printDiagnostic);
  requireToken(address, token);
  let lastClosed = () => {};
  const stopped = new Promise<void>((done) => {
    if (argv.once) lastClosed = done;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const server = await servePotential(committeeSource(argv.potential, argv), address, workers, {
    idleTimeout: argv.idleTimeout,
    messageTimeout: argv.messageTimeout,
    ...(token !== undefined && { token }),
    onLastClosed: () => lastClosed(),
    onDiagnostic: printDiagnostic,
  });
  const where = formatAddress(server.address);
  await printOut(`listening on ${where}\n`);
  const waiting = setInterval(() => {
    if (server.connections > 0) return;
    printDiagnostic({ severity: 'info', code: 'waiting', message: `waiting for a client on ${where}` });
  }, 60_000);
  await stopped;
  clearInterval(waiting);
  await server.stop();
}
