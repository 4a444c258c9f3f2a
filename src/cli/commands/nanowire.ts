import type { Argv, CommandModule } from 'yargs';
import { nanowireBuild } from './nanowire-build.ts';
import { nanowirePotential } from './nanowire-potential.ts';
import { nanowirePull } from './nanowire-pull.ts';

export const nanowire: CommandModule = {
  command: 'nanowire',
  describe: 'wires between two grips: build, pull, potential',
  builder: (yargs: Argv) =>
    yargs
      .command(nanowireBuild)
      .command(nanowirePull)
      .command(nanowirePotential)
      .demandCommand(1, 'nanowire: build, pull or potential is needed; see nanowire --help'),
  handler: () => {},
};
