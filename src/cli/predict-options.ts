import type { ArgumentsCamelCase, Argv } from 'yargs';
import { UsageError } from '../core/errors.ts';
import { withAnalysisOptions } from './analysis-options.ts';
import { withMetal } from './metal-options.ts';
import { type OptionsOf, withReadOptions } from './options.ts';
import { withWire } from './wire-options.ts';

/** Words of `conductance predict`. */
export const predictOptions = (yargs: Argv) =>
  withAnalysisOptions(withMetal(withWire(withReadOptions(yargs))))
    .positional('inputs', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'dumps or other files of frames, one folder of them (with its folders), or - for stdin',
    })
    .option('output', {
      type: 'string',
      alias: 'O',
      demandOption: true,
      describe: 'folder of results; a run on the same folder goes on where the last one stopped',
    })
    .option('predictor', { type: 'string', describe: 'folder of conductance train' })
    .option('label', { choices: ['jellium', 'tb-s'] as const, describe: 'NEGF instead of a predictor' })
    .conflicts('predictor', 'label')
    .option('follow', { type: 'boolean', default: false, describe: 'go on while files grow and new ones appear' })
    .option('idle', {
      type: 'number',
      default: 0,
      describe: '--follow ends after so many seconds without news; 0 = never',
    })
    .option('live', { type: 'string', describe: 'page at 127.0.0.1 that shows the run; PORT, or any free one' })
    .option('report-every', { type: 'number', default: 30, describe: 'seconds between reports while it goes on' })
    .option('bond', { type: 'number', describe: 'atoms nearer than this (Å) hold the wire together' })
    .option('after-rupture', {
      type: 'number',
      default: 6,
      describe: 'frames of a broken wire that are still predicted',
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the frames; otherwise it is detected' })
    .option('threads', { type: 'number', default: 0, describe: 'threads; 0 = all processors' })
    .example('$0 conductance predict pulls -O out --predictor K-net --follow --live', 'while pulls are running')
    .example('$0 conductance predict pull.dump -O out --label jellium --element K', 'with NEGF, all eigenchannels')
    .epilogue(
      'Results: traces.csv (G and spread in G0, elongation in Å; connected: a chain of atoms leads from grip to grip;\n' +
        'outside: not like the training), rupture.csv, report.html, run.json, histograms/ (CSV, and text as break-junction\n' +
        'programs take it).',
    );

export type PredictOptions = OptionsOf<typeof predictOptions>;
export type PredictArguments = ArgumentsCamelCase<PredictOptions>;

/** Throws UsageError for a number that is none of its kind. */
export function checkPredictNumbers(argv: PredictArguments): void {
  const { live, idle, bond, reportEvery, afterRupture, threads } = argv;
  const check = (isGood: boolean, text: string) => {
    if (!isGood) throw new UsageError(text);
  };
  check(live === undefined || (/^\d*$/.test(live) && Number(live) < 65_536), `--live ${live}: expected a port`);
  check(idle >= 0, `--idle ${idle}: expected seconds`);
  check(reportEvery > 0, `--report-every ${reportEvery}: expected seconds`);
  check(bond === undefined || bond > 0, `--bond ${bond}: expected a length above 0 Å`);
  check(Number.isInteger(afterRupture) && afterRupture >= 0, `--after-rupture ${afterRupture}: expected 0 or more`);
  check(Number.isInteger(threads) && threads >= 0 && threads <= 1024, `--threads ${threads}: expected 0 to 1024`);
}
