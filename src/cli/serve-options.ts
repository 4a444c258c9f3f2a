import type { ArgumentsCamelCase, Argv } from 'yargs';
import { UsageError } from '../core/errors.ts';
import type { OptionsOf } from './options.ts';
import { withPotentialUnits } from './potential-options.ts';

/** Words of `serve`. */
export const serveOptions = (yargs: Argv) =>
  withPotentialUnits(yargs)
    .positional('potential', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'directory of a trained potential (n2p2); several: a committee, whose mean is served',
    })
    .option('listen', {
      type: 'string',
      describe:
        'unix:PATH (default unix:nnp.sock) or tcp:HOST:PORT (port 0 = any); %d in PATH: a socket for each worker, from 0',
    })
    .option('token-file', {
      type: 'string',
      describe: 'file with a secret word that every client must know; needed on ports that other machines reach',
    })
    .option('workers', {
      type: 'number',
      default: 1,
      describe: 'processes that evaluate; at most one per rank is of use',
    })
    .option('once', { type: 'boolean', default: false, describe: 'end when the last client has closed' })
    .option('ipi', {
      type: 'string',
      conflicts: ['listen', 'mdi', 'token-file'],
      describe: 'compute for i-PI or ASE, which listens on unix:NAME (socket PREFIX+NAME), unix:/PATH or tcp:HOST:PORT',
    })
    .option('ipi-prefix', { type: 'string', default: '/tmp/ipi_', describe: 'what i-PI and ASE put before NAME' })
    .option('mdi', {
      type: 'string',
      conflicts: ['listen', 'token-file'],
      describe: 'be the engine of an MDI driver (LAMMPS fix mdi/qm) that listens on tcp:HOST:PORT',
    })
    .option('name', { type: 'string', default: 'nnp', describe: 'name of the MDI engine' })
    .option('template', {
      type: 'string',
      describe: 'structure with the order of the atoms and the periodic directions, for --ipi (needed) and --mdi',
    })
    .option('wait', {
      type: 'number',
      default: 30,
      describe: 'seconds until the program of --ipi or --mdi must listen',
    })
    .option('idle-timeout', {
      type: 'number',
      default: 0,
      describe: 'close a connection that is silent for so many seconds; 0 = never',
    })
    .option('message-timeout', { type: 'number', default: 60, describe: 'seconds for a message that has begun' })
    .check((words) => {
      for (const name of ['wait', 'idle-timeout', 'message-timeout'] as const) {
        if (words[name] >= 0) continue;
        throw new UsageError(`--${name}: expected a number of seconds, found ${words[name]}`);
      }
      return true;
    })
    .epilogue(
      'ASE:    atoms.calc = SocketIOCalculator(unixsocket="nnp"), and --ipi unix:nnp --template FILE\n' +
        "i-PI:   <ffsocket mode='unix' name='nnp'><address>nnp</address></ffsocket>, and the same\n" +
        'LAMMPS: lmp -mdi "-role DRIVER -name lmp -method TCP -port 8021" -in IN with fix mdi/qm virial yes elements Si,\n' +
        '        and --mdi tcp:localhost:8021 (the MDI library needs about 0.1 s a step: for labels rather than dynamics)',
    )
    .example('$0 serve potentials/Si', 'listens on the unix socket nnp.sock until Ctrl-C')
    .example('$0 serve potentials/Si --listen tcp:127.0.0.1:9000 --workers 4', 'four ranks are evaluated at a time')
    .example('$0 serve si-1 si-2 si-3', 'mean forces; compute nnp/disagreement of LAMMPS tells how far they are apart')
    .example(
      '$0 serve potentials/Si --ipi unix:nnp --template si.xyz',
      "for ASE's SocketIOCalculator(unixsocket='nnp')",
    );

export type ServeOptions = OptionsOf<typeof serveOptions>;
export type ServeArguments = ArgumentsCamelCase<ServeOptions>;
