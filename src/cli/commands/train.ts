import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { EXIT } from '../../core/errors.ts';
import { TRAINING_BACKENDS } from '../../train/training-backends.ts';
import type { TrainOptions } from '../../train/training-run.ts';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';
import { showTraining } from '../training-display.ts';

const builder = (yargs: Argv) =>
  withReadOptions(
    yargs
      .positional('data', {
        type: 'string',
        demandOption: true,
        describe: 'file of structures with energies (eV) and forces (eV/A)',
      })
      .option('config', {
        type: 'string',
        describe: 'YAML file: symmetry functions, network, optimiser; without it they are made from the data',
      })
      .option('output', {
        type: 'string',
        alias: 'O',
        demandOption: true,
        describe: 'directory of the trained potential (n2p2 files); OUTPUT.checkpoint stands beside it',
      })
      .option('seed', { type: 'number', default: 1, describe: 'decides split, first weights and order' })
      .option('epochs', { type: 'number', describe: 'instead of the number in the configuration' })
      .option('time-limit', { type: 'number', describe: 'seconds of training after which it stops' })
      .option('test', { type: 'string', describe: 'file of structures to measure the result with' })
      .option('committee', {
        type: 'number',
        describe: 'train so many potentials of different seeds and splits in parallel, as one committee',
      })
      .option('backend', { choices: TRAINING_BACKENDS, default: 'auto' as const, describe: 'program that trains' })
      .option('threads', { type: 'number', default: 1, describe: 'threads of the native backend; 0 = all processors' })
      .option('resume', { type: 'boolean', default: false, describe: 'continue from OUTPUT.checkpoint' })
      .option('overwrite', { type: 'boolean', default: false, describe: 'replace a potential of the same name' })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as JSON' })
      .check(({ seed, epochs, committee, threads, 'time-limit': limit }) => {
        if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed: expected an integer of at least 0');
        if (epochs !== undefined && !(Number.isSafeInteger(epochs) && epochs > 0))
          throw new Error('--epochs: expected an integer of at least 1');
        if (committee !== undefined && !(Number.isSafeInteger(committee) && committee > 1 && committee <= 64))
          throw new Error('--committee: expected an integer from 2 to 64');
        if (!(Number.isSafeInteger(threads) && threads >= 0 && threads <= 256))
          throw new Error('--threads: expected an integer from 0 to 256');
        if (limit !== undefined && !(limit > 0)) throw new Error('--time-limit: expected a number of seconds > 0');
        return true;
      }),
  )
    .example('$0 train si.extxyz -O si/ --committee 4', 'four potentials in si/1 … si/4; si/ is their mean')
    .example('$0 train si.extxyz -O si/ --test more.extxyz', 'settings made from the data, kept as si/train.yaml')
    .example('$0 train si.extxyz --config train.yaml -O si/', 'train with the settings of train.yaml')
    .example('$0 train si.extxyz -O si/ --threads 4', 'on four threads; the result is the same to the last bit')
    .example(
      '$0 train si.extxyz --config train.yaml -O si/ --resume --epochs 200',
      'go on after Ctrl-C, or for longer',
    );

type Options = OptionsOf<typeof builder>;

async function run(request: TrainOptions, members: number | undefined, display: ReturnType<typeof showTraining>) {
  if (members === undefined) {
    const { train } = await import('../../train/train.ts');
    const result = await train(request);
    await display.result(result, request.output);
    return result;
  }
  const { trainCommittee } = await import('../../train/train-committee.ts');
  const result = await trainCommittee({ ...request, members });
  await display.committee(result, request.output);
  return result;
}

export const train: CommandModule<object, Options> = {
  command: 'train <data>',
  describe: 'train a neural network potential on energies and forces',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const display = showTraining(argv.json);
    const abort = new AbortController();
    const stop = () => abort.abort();
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const request = {
        data: argv.data,
        ...(argv.config !== undefined && { config: argv.config }),
        output: argv.output,
        seed: argv.seed,
        ...(argv.epochs !== undefined && { epochs: argv.epochs }),
        ...(argv.timeLimit !== undefined && { timeLimit: argv.timeLimit }),
        ...(argv.test !== undefined && { test: argv.test }),
        backend: { backend: argv.backend, threads: argv.threads },
        resume: argv.resume,
        overwrite: argv.overwrite,
        read: readSettings(argv),
        signal: abort.signal,
        onDiagnostic: printDiagnostic,
        onBackend: display.backend,
        onProgress: display.progress,
        onEpoch: display.epoch,
      };
      const result = await run(request, argv.committee, display);
      if (result.stop === 'interrupted') process.exitCode = EXIT.interrupted;
    } catch (error) {
      if (!abort.signal.aborted || error !== abort.signal.reason) throw error;
      process.stderr.write('interrupted before training began: nothing was written\n');
      process.exitCode = EXIT.interrupted;
    } finally {
      display.close();
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  },
};
