import { UsageError } from '../core/errors.ts';
import { attachToIpi, attachToMdi } from '../serve/attach.ts';
import { type Address, formatAddress, parseAddress } from '../serve/transport/address.ts';
import { printDiagnostic, printOut } from './options.ts';
import { committeeSource } from './potential-options.ts';
import type { ServeArguments } from './serve-options.ts';

/** `serve --ipi` and `serve --mdi`: connects to a program that listens, and ends with it. */
export async function serveAttached(argv: ServeArguments): Promise<void> {
  const { template, wait, idleTimeout, messageTimeout } = argv;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const address = argv.ipi === undefined ? mdiAddress(argv.mdi ?? '') : ipiAddress(argv.ipi, argv.ipiPrefix);
  if (argv.ipi !== undefined && template === undefined) {
    throw new UsageError('--ipi needs --template FILE: i-PI sends neither elements nor periodic directions');
  }
  const patience = setInterval(() => {
    printDiagnostic({ severity: 'info', code: 'waiting', message: `waiting for ${formatAddress(address)} to listen` });
  }, 10_000);
  const request = {
    source: committeeSource(argv.potential, argv),
    address,
    ...(template !== undefined && { template }),
    wait,
    idleTimeout,
    messageTimeout,
    onDiagnostic: printDiagnostic,
    onConnected: (text: string) => {
      clearInterval(patience);
      return printOut(`${text}\n`);
    },
    signal: stop.signal,
  };
  try {
    const evaluations =
      argv.ipi !== undefined && template !== undefined
        ? await attachToIpi({ ...request, template })
        : await attachToMdi(request, argv.name);
    const message = `${formatAddress(address)} ended after ${evaluations} evaluations`;
    printDiagnostic({ severity: 'info', code: 'ended', message });
  } finally {
    clearInterval(patience);
  }
}

/** i-PI and ASE know a unix socket by a name, to which they put a prefix. */
function ipiAddress(text: string, prefix: string): Address {
  const given = parseAddress(text);
  if (given.kind === 'tcp' || given.path.startsWith('/')) return given;
  return parseAddress(`unix:${prefix}${given.path}`);
}

function mdiAddress(text: string): Address {
  const address = parseAddress(text);
  if (address.kind === 'tcp') return address;
  throw new UsageError(`--mdi: an MDI driver listens on a TCP port: tcp:HOST:PORT, found ${text}`);
}
