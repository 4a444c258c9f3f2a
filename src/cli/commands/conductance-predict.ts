import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT, UsageError } from '../../core/errors.ts';
import { analysisSettings, withAnalysisOptions } from '../analysis-options.ts';
import { frameProgress } from '../frame-progress.ts';
import { withMetal } from '../metal-options.ts';
import {
  given,
  type OptionsOf,
  pathsOrStdin,
  printDiagnostic,
  printOut,
  readSettings,
  withReadOptions,
} from '../options.ts';
import { wireRule, withWire } from '../wire-options.ts';

const builder = (yargs: Argv) =>
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
    .option('live', {
      type: 'number',
      describe: 'show a page on this port of 127.0.0.1 while it goes on; 0 = any port',
    })
    .option('report-every', { type: 'number', default: 30, describe: 'seconds between reports while it goes on' })
    .option('bond', { type: 'number', describe: 'atoms nearer than this (Å) hold the wire together' })
    .option('after-rupture', {
      type: 'number',
      default: 6,
      describe: 'frames of a broken wire that are still predicted',
    })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the frames; otherwise it is detected' })
    .option('threads', { type: 'number', default: 0, describe: 'threads; 0 = all processors' })
    .example('$0 conductance predict pulls -O out --predictor K-net --follow --live 8080', 'while pulls are running')
    .example('$0 conductance predict pull.dump -O out --label jellium --element K', 'with NEGF, all eigenchannels')
    .epilogue(
      'Results: traces.csv (G and spread in G0, elongation in Å; connected: a chain of atoms leads from grip to grip; outside: not like\n' +
        'the training), rupture.csv, report.html, histograms/ (CSV, and text files as break-junction programs take them), run.json.',
    );

type Options = OptionsOf<typeof builder>;

export const conductancePredict: CommandModule<object, Options> = {
  command: 'predict <inputs..>',
  describe: 'conductance of every snapshot as dumps grow; traces, histograms, rupture',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { openPredictor } = await import('../../conductance/stream/open-predictor.ts');
    const { predictStream } = await import('../../conductance/stream/predict-stream.ts');
    checkNumbers(argv);
    const settings = await analysisSettings(argv);
    const { element, lattice, latticeConstant, valence, workFunction } = argv;
    const predictor = await openPredictor({
      ...given({ predictor: argv.predictor, label: argv.label }),
      metal: given({ element, lattice, latticeConstant, valence, workFunction }),
      threads: argv.threads,
      onDiagnostic: printDiagnostic,
    });
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
    const progress = frameProgress();
    const onOpen = (url: string) => process.stderr.write(`live page: ${url}\n`);
    const summary = await predictStream({
      inputs: pathsOrStdin(argv.inputs),
      output: argv.output,
      predictor,
      wire: wireRule(argv),
      ...given({ format: argv.format, bond: argv.bond }),
      ...(argv.follow && { follow: { idle: argv.idle } }),
      ...(argv.live !== undefined && { live: { port: argv.live, onOpen } }),
      afterRupture: argv.afterRupture,
      reportEvery: argv.reportEvery,
      settings,
      read: { ...readSettings(argv), strict: false, onDiagnostic: printDiagnostic },
      signal: stop.signal,
      onProgress: (done) => progress.show(done, undefined),
    }).finally(progress.close);
    const { snapshots, trajectories, predicted, seconds, outside, failures } = summary;
    const rate = predicted > 0 ? ` (${(predicted / seconds).toPrecision(3)} a second)` : '';
    await printOut(
      `${snapshots} snapshots of ${trajectories} trajectories, ${predicted} predicted by this run${rate}; ${outside} outside the training range; ${failures.size} left out: ${argv.output}\n`,
    );
    if (stop.signal.aborted && !argv.follow) process.exitCode = EXIT.interrupted;
    else if (failures.size > 0) process.exitCode = EXIT.input;
  },
};

function checkNumbers(argv: ArgumentsCamelCase<Options>): void {
  const { live, idle, bond, reportEvery, afterRupture, threads } = argv;
  const check = (isGood: boolean, text: string) => {
    if (!isGood) throw new UsageError(text);
  };
  check(
    live === undefined || (Number.isInteger(live) && live >= 0 && live < 65_536),
    `--live ${live}: expected a port`,
  );
  check(idle >= 0, `--idle ${idle}: expected seconds`);
  check(reportEvery > 0, `--report-every ${reportEvery}: expected seconds`);
  check(bond === undefined || bond > 0, `--bond ${bond}: expected a length above 0 Å`);
  check(Number.isInteger(afterRupture) && afterRupture >= 0, `--after-rupture ${afterRupture}: expected 0 or more`);
  check(Number.isInteger(threads) && threads >= 0 && threads <= 1024, `--threads ${threads}: expected 0 to 1024`);
}
