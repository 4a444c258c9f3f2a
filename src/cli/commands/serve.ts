import { resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { type OptionsOf, printDiagnostic, printOut } from '../options.ts';
import { positiveInteger, potentialSource, withPotentialUnits } from '../potential-options.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(yargs)
    .positional('potential', {
      type: 'string',
      demandOption: true,
      describe: 'directory of a trained potential (n2p2)',
    })
    .option('listen', {
      type: 'string',
      default: 'unix:nnp.sock',
      describe: 'unix:PATH or tcp:HOST:PORT (port 0 = any); whoever reaches a TCP port may use the potential',
    })
    .option('workers', {
      type: 'number',
      default: 1,
      describe: 'processes that evaluate; at most one per rank is of use',
    })
    .option('idle-timeout', {
      type: 'number',
      default: 0,
      describe: 'close a connection that is silent for so many seconds; 0 = never',
    })
    .example('$0 serve potentials/Si', 'listens on the unix socket nnp.sock until Ctrl-C')
    .example('$0 serve potentials/Si --listen tcp:127.0.0.1:9000 --workers 4', 'four ranks are evaluated at a time');

type Options = OptionsOf<typeof builder>;

export const serve: CommandModule<object, Options> = {
  command: 'serve <potential>',
  describe: 'serve a trained potential to LAMMPS (pair_style nnp/socket); prints "listening on ADDRESS" when ready',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ servePotential }, { formatAddress, parseAddress }] = await Promise.all([
      import('../../serve/serve-potential.ts'),
      import('../../serve/transport/address.ts'),
    ]);
    const given = parseAddress(argv.listen);
    const address = given.kind === 'unix' ? parseAddress(`unix:${resolve(given.path)}`) : given;
    const stopped = new Promise<void>((done) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
    });
    const server = await servePotential(
      potentialSource(argv.potential, argv),
      address,
      positiveInteger('workers', argv.workers),
      {
        idleTimeout: argv.idleTimeout,
        onDiagnostic: printDiagnostic,
      },
    );
    if (address.kind === 'tcp' && !/^(127\.|localhost$|::1$)/.test(address.host)) {
      const message = `whoever can reach ${formatAddress(server.address)} may use the potential`;
      printDiagnostic({ severity: 'warning', code: 'open-port', message });
    }
    await printOut(`listening on ${formatAddress(server.address)}\n`);
    const waiting = setInterval(() => {
      if (server.connections === 0) {
        printDiagnostic({
          severity: 'info',
          code: 'waiting',
          message: `waiting for a client on ${formatAddress(server.address)}`,
        });
      }
    }, 60_000);
    await stopped;
    clearInterval(waiting);
    await server.stop();
  },
};
