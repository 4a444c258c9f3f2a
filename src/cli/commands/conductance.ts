import type { Argv, CommandModule } from 'yargs';
import { conductanceBaseline } from './conductance-baseline.ts';
import { conductanceFeatures } from './conductance-features.ts';
import { conductanceLabel } from './conductance-label.ts';

export const conductance: CommandModule = {
  command: 'conductance',
  describe: 'conductance of stretched nanowires: label, features, baseline',
  builder: (yargs: Argv) =>
    yargs
      .command(conductanceLabel)
      .command(conductanceFeatures)
      .command(conductanceBaseline)
      .demandCommand(1, 'conductance: label, features or baseline is needed; see conductance --help'),
  handler: () => {},
};
