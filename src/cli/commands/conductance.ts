import type { Argv, CommandModule } from 'yargs';
import { conductanceLabel } from './conductance-label.ts';

export const conductance: CommandModule = {
  command: 'conductance',
  describe: 'conductance of stretched nanowires: label',
  builder: (yargs: Argv) =>
    yargs.command(conductanceLabel).demandCommand(1, 'conductance: label is needed; see conductance --help'),
  handler: () => {},
};
