import type { Argv, CommandModule } from 'yargs';
import { conductanceBaseline } from './conductance-baseline.ts';
import { conductanceFeatures } from './conductance-features.ts';
import { conductanceHistogram } from './conductance-histogram.ts';
import { conductanceImport } from './conductance-import.ts';
import { conductanceLabel } from './conductance-label.ts';

export const conductance: CommandModule = {
  command: 'conductance',
  describe: 'conductance of stretched nanowires: label, import, histogram, features, baseline',
  builder: (yargs: Argv) =>
    yargs
      .command(conductanceLabel)
      .command(conductanceImport)
      .command(conductanceHistogram)
      .command(conductanceFeatures)
      .command(conductanceBaseline)
      .demandCommand(
        1,
        'conductance: label, import, histogram, features or baseline is needed; see conductance --help',
      ),
  handler: () => {},
};
