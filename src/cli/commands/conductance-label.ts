import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { EXIT, UsageError } from '../../core/errors.ts';
import { withMetal } from '../metal-options.ts';
import { given, type OptionsOf, pathsOrStdin, printDiagnostic, readSettings, withReadOptions } from '../options.ts';
import { wireRule, withWire } from '../wire-options.ts';

const MODELS = ['jellium', 'tb-s'] as const;

const builder = (yargs: Argv) =>
  withMetal(
    withWire(withReadOptions(yargs))
      .positional('frames', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'files of frames; - is stdin',
      })
      .option('output', {
        type: 'string',
        alias: 'o',
        demandOption: true,
        describe: 'extxyz file, or .csv: a table of traces (G0, Å); .gz compresses; - is stdout',
      })
      .option('model', {
        choices: MODELS,
        array: true,
        default: ['jellium'],
        describe: 'generators: jellium (free electrons), tb-s (one-orbital tight binding, bcc alkali metals)',
      })
      .option('format', { type: 'string', alias: 'i', describe: 'format of the frames; otherwise it is detected' })
      .option('smearing', { type: 'number', describe: 'width of the density of an atom in jellium (Å)' })
      .option('threads', { type: 'number', default: 0, describe: 'threads; 0 = all processors' })
      .option('backend', {
        choices: BACKENDS,
        default: 'auto' as const,
        describe: 'program; auto: the first of native, wasm, typescript that works here',
      })
      .option('resume', { type: 'boolean', default: false, describe: 'go on where an interrupted run stopped' }),
  )
    .example('$0 conductance label pull.extxyz -o labelled.extxyz', 'conductance_jellium in G0, channels_jellium')
    .example(
      '$0 conductance label pull.dump -o traces.csv --element K --model jellium tb-s',
      'both models, as a table',
    );

type Options = OptionsOf<typeof builder>;

export const conductanceLabel: CommandModule<object, Options> = {
  command: 'label <frames..>',
  describe: 'zero-bias conductance of wire snapshots by NEGF (G0)',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { labelFiles } = await import('../../conductance/label/label-files.ts');
    const { frameProgress } = await import('../frame-progress.ts');
    if (argv.smearing !== undefined && !(argv.smearing > 0))
      throw new UsageError('--smearing: expected a length above 0 Å');
    if (!Number.isSafeInteger(argv.threads) || argv.threads < 0 || argv.threads > 1024)
      throw new UsageError(`--threads: expected 0 to 1024, found ${argv.threads}`);
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    const progress = frameProgress();
    const summary = await labelFiles({
      inputs: pathsOrStdin(argv.frames),
      output: argv.output,
      models: MODELS.filter((name) => argv.model.includes(name)),
      metal: given({
        element: argv.element,
        lattice: argv.lattice,
        latticeConstant: argv.latticeConstant,
        valence: argv.valence,
        workFunction: argv.workFunction,
      }),
      wire: wireRule(argv),
      ...given({ format: argv.format, smearing: argv.smearing }),
      threads: argv.threads,
      backend: argv.backend,
      resume: argv.resume,
      read: { ...readSettings(argv), strict: false, onDiagnostic: printDiagnostic },
      signal: stop.signal,
      onProgress: progress.show,
    }).finally(progress.close);
    const { frames, resumed, seconds, threads, rung, journal } = summary;
    const rate = frames > resumed ? `, ${((frames - resumed) / seconds).toPrecision(3)} frames/s` : '';
    const done = `${frames} frames${resumed > 0 ? ` (${resumed} from the interrupted run)` : ''} in ${seconds.toFixed(1)} s on ${threads} threads${rate}, by ${rung.backend}`;
    if (!stop.signal.aborted || journal === undefined) {
      process.stderr.write(`${done}\n`);
      if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
      return;
    }
    process.stderr.write(`interrupted: ${done}\n${journal} holds the labels: the same command with --resume goes on\n`);
    process.exitCode = EXIT.interrupted;
  },
};
