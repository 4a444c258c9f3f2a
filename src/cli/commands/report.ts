import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { OptionsOf } from '../options.ts';

const builder = (yargs: Argv) =>
  yargs
    .positional('logs', { type: 'string', array: true, demandOption: true, describe: 'LAMMPS logs (units metal)' })
    .option('output', { type: 'string', alias: 'o', default: 'report.html', describe: 'self-contained HTML file' })
    .option('timestep', { type: 'number', default: 0.001, describe: 'time step of logs without a Time column (ps)' })
    .example('$0 report log.lammps -o report.html', 'energy (eV), temperature (K), pressure (bar), conservation');

type Options = OptionsOf<typeof builder>;

export const report: CommandModule<object, Options> = {
  command: 'report <logs..>',
  describe: 'plots of runs as one HTML page',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { reportRuns } = await import('../../report/report-runs.ts');
    process.stdout.write(`${await reportRuns(argv.logs, argv.output, argv.timestep)}\n`);
  },
};
