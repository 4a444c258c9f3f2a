import type { CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { analysisSettings } from '../analysis-options.ts';
import { frameProgress } from '../frame-progress.ts';
import { given, pathsOrStdin, printDiagnostic, printOut, readSettings } from '../options.ts';
import { checkPredictNumbers, type PredictArguments, type PredictOptions, predictOptions } from '../predict-options.ts';
import { wireRule } from '../wire-options.ts';

export const conductancePredict: CommandModule<object, PredictOptions> = {
  command: 'predict <inputs..>',
  describe: 'conductance of every snapshot as dumps grow; traces, histograms, rupture',
  builder: predictOptions,
  handler: async (argv: PredictArguments) => {
    const { openPredictor } = await import('../../conductance/stream/open-predictor.ts');
    const { predictStream } = await import('../../conductance/stream/predict-stream.ts');
    checkPredictNumbers(argv);
    const settings = await analysisSettings(argv);
    const { element, lattice, latticeConstant, valence, workFunction } = argv;
    const predictor = await openPredictor({
      ...given({ predictor: argv.predictor, label: argv.label }),
      metal: given({ element, lattice, latticeConstant, valence, workFunction }),
      threads: argv.threads,
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
      ...(argv.live !== undefined && { live: { port: Number(argv.live), onOpen } }),
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
