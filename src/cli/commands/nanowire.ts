import type { Argv, CommandModule } from 'yargs';
import { nanowireBuild } from './nanowire-build.ts';

export const nanowire: CommandModule = {
  command: 'nanowire',
  describe: 'wires between two grips: build',
  builder: (yargs: Argv) =>
    yargs.command(nanowireBuild).demandCommand(1, 'nanowire: build is needed; see nanowire --help'),
  handler: () => {},
};
