import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { given, type OptionsOf, printDiagnostic, printOut, readSettings, withReadOptions } from '../options.ts';
import { recipeChanges, splitRule, withPredictor } from '../predictor-options.ts';
import { wireRule, withWire } from '../wire-options.ts';

const builder = (yargs: Argv) =>
  withPredictor(withWire(withReadOptions(yargs)))
    .positional('frames', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'files of wires with conductances (G0), as conductance label writes them',
    })
    .option('output', {
      type: 'string',
      alias: 'O',
      demandOption: true,
      describe: 'folder of the predictor; OUTPUT.checkpoint stands beside it until it is finished',
    })
    .option('learning-curve', {
      type: 'boolean',
      default: false,
      describe:
        'instead of a predictor: scores over the number of training trajectories and over the choice of the split',
    })
    .option('resume', { type: 'boolean', default: false, describe: 'go on where an interrupted training stopped' })
    .option('overwrite', { type: 'boolean', default: false, describe: 'replace a predictor of the same name' })
    .option('json', { type: 'boolean', default: false, describe: 'print the scores as JSON' })
    .example(
      '$0 conductance train short.extxyz -O K-net --test long.extxyz',
      'the recommended model; split 72/8/20 % by trajectory',
    )
    .example(
      '$0 conductance train short.extxyz -O K-net --model neck-kernel neck gmp coulomb --validation s001,s012 --test long.extxyz',
      'compare models; named trajectories for validation',
    )
    .epilogue(
      'Writes predictor.json, weights.bin, run.json, report.html (parity, learning), scores.csv, predictions.csv (G0), learning.csv;\n' +
        'further models to OUTPUT/models. conductance predict --predictor OUTPUT uses it, without TensorFlow.js.',
    );

type Options = OptionsOf<typeof builder>;

export const conductanceTrain: CommandModule<object, Options> = {
  command: 'train <frames..>',
  describe: 'train a network that predicts the conductance of wires (G0)',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { trainPredictor } = await import('../../conductance/predictor/train-predictor.ts');
    const { trainLearningCurve } = await import('../../conductance/predictor/learning-curve.ts');
    const { tableText } = await import('../../report/page.ts');
    const { phaseProgress } = await import('../phase-progress.ts');
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    const progress = phaseProgress();
    const train = argv.learningCurve ? trainLearningCurve : trainPredictor;
    const summary = await train({
      training: argv.frames,
      tests: argv.test,
      output: argv.output,
      models: argv.baselineOnly ? [] : argv.model,
      split: splitRule(argv),
      splitSeed: argv.splitSeed,
      changes: recipeChanges(argv),
      soap: given({ cutoff: argv.cutoff, sigma: argv.sigma, nmax: argv.nmax, lmax: argv.lmax }),
      seeds: argv.seeds,
      seed: argv.seed,
      wire: wireRule(argv),
      ...given({ format: argv.format, key: argv.key, rung: argv.engine }),
      resume: argv.resume,
      overwrite: argv.overwrite,
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
      signal: stop.signal,
      onProgress: progress.show,
      onEngine: (text: string) => progress.say(`engine: ${text}`),
      onMember: progress.member,
    }).finally(progress.close);
    await printOut(argv.json ? `${JSON.stringify(summary)}\n` : `${tableText(summary.table)}\n`);
    const cost = `${summary.cpuSeconds.toFixed(1)} CPU s, ${summary.seconds.toFixed(1)} s`;
    if (!summary.interrupted) return void process.stderr.write(`${summary.written}; ${cost}\n`);
    process.stderr.write(`interrupted after ${cost}: the same command with --resume goes on (${summary.checkpoint})\n`);
    process.exitCode = EXIT.interrupted;
  },
};
