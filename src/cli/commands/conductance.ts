import type { Argv, CommandModule } from 'yargs';
import { conductanceBaseline } from './conductance-baseline.ts';
import { conductanceFeatures } from './conductance-features.ts';
import { conductanceHistogram } from './conductance-histogram.ts';
import { conductanceImport } from './conductance-import.ts';
import { conductanceLabel } from './conductance-label.ts';
import { conductancePredict } from './conductance-predict.ts';
import { conductanceTrain } from './conductance-train.ts';

export const conductance: CommandModule = {
  command: 'conductance',
  describe: 'conductance of stretched nanowires: label, import, features, baseline, train, predict, histogram',
  builder: (yargs: Argv) =>
    yargs
      .command(conductanceLabel)
      .command(conductanceImport)
      .command(conductanceHistogram)
      .command(conductanceFeatures)
      .command(conductanceBaseline)
      .command(conductanceTrain)
      .command(conductancePredict)
      .demandCommand(
        1,
        'conductance: label, import, features, baseline, train, predict or histogram is needed; see conductance --help',
      ),
  handler: () => {},
};
