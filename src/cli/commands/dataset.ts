import type { Argv, CommandModule } from 'yargs';
import { datasetDedupe } from './dataset-dedupe.ts';
import { datasetExport } from './dataset-export.ts';
import { datasetImport } from './dataset-import.ts';
import { datasetLs } from './dataset-ls.ts';
import { datasetQuery } from './dataset-query.ts';
import { datasetSplit } from './dataset-split.ts';

export const dataset: CommandModule = {
  command: 'dataset',
  describe: 'data sets that watch and learn keep: ls, query, export, import, dedupe, split',
  builder: (yargs: Argv) =>
    yargs
      .command(datasetLs)
      .command(datasetQuery)
      .command(datasetExport)
      .command(datasetImport)
      .command(datasetDedupe)
      .command(datasetSplit)
      .demandCommand(1, 'dataset: ls, query, export, import, dedupe or split is needed; see dataset --help'),
  handler: () => {},
};
