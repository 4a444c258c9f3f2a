#!/usr/bin/env node
import type { CommandModule } from 'yargs';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EXIT, ProjectError } from '../core/errors.ts';
import { commands } from './commands/index.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const parser = yargs(hideBin(process.argv))
  .scriptName('nnp-bridge')
  .usage('$0 COMMAND: between DFT data, neural network potentials and LAMMPS, ASE, i-PI')
  .command(commands as CommandModule[])
  .demandCommand(1, 'a command is needed; see --help')
  .strict()
  .wrap(Math.min(120, process.stdout.columns ?? 120))
  .fail((message, error) => {
    if (error) throw error;
    process.stderr.write(`nnp-bridge: ${message}\nTry: nnp-bridge --help\n`);
    process.exit(EXIT.usage);
  });

try {
  await parser.parseAsync();
} catch (error) {
  if (error instanceof ProjectError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof Error && 'code' in error && 'syscall' in error) {
    process.stderr.write(`nnp-bridge: ${error.message}\n`);
    process.exitCode = EXIT.input;
  } else {
    process.stderr.write(
      `nnp-bridge: this is a bug, please report it\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = EXIT.bug;
  }
}
