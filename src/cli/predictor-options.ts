import type { ArgumentsCamelCase, Argv } from 'yargs';
import { PREDICTOR_MODELS } from '../conductance/predictor/recipes.ts';
import { PAPER_PARTS, type SplitRule } from '../conductance/predictor/split-rule.ts';
import { RUNGS } from '../tensorflow/rungs.ts';
import { given, type OptionsOf } from './options.ts';

const atLeast = (name: string, value: number | undefined, least: number, isInteger = true) => {
  if (value !== undefined && !((isInteger ? Number.isSafeInteger(value) : Number.isFinite(value)) && value >= least))
    throw new Error(`--${name}: expected ${isInteger ? 'an integer' : 'a number'} of at least ${least}`);
};

/** Options of commands that train predictors of conductances. */
export function withPredictor<T>(yargs: Argv<T>) {
  return yargs
    .option('test', { type: 'string', array: true, default: [] as string[], describe: 'files that are only scored' })
    .option('validation', {
      type: 'string',
      default: 'by-trajectory',
      describe:
        'by-trajectory or random (72/8/20 % for training, validation and test; with --test 92/8 %), none, or names of trajectories, e.g. s001,s012',
    })
    .option('split-seed', { type: 'number', default: 1, describe: 'decides which trajectories or frames are kept' })
    .option('model', {
      choices: PREDICTOR_MODELS,
      array: true,
      default: ['neck-kernel' as const],
      describe: 'the first is the predictor, the others are compared with it',
    })
    .option('baseline-only', { type: 'boolean', default: false, describe: 'only the cross-section baseline is scored' })
    .option('residual', {
      type: 'boolean',
      describe: 'learn what the cross-section baseline leaves; default as the model has it (neck and neck-kernel do)',
    })
    .option('seeds', { type: 'number', default: 5, describe: 'members of a model; their mean predicts' })
    .option('seed', { type: 'number', default: 1, describe: 'of the first network: first weights, order, noise' })
    .option('epochs', { type: 'number', describe: 'instead of the number of the model' })
    .option('noise', { type: 'number', describe: 'on the inputs, in standard deviations of each' })
    .option('weight-decay', { type: 'number', describe: 'on the matrices, apart from the gradient' })
    .option('atom-layers', { type: 'number', array: true, describe: 'widths of the layers on each atom' })
    .option('head-layers', { type: 'number', array: true, describe: 'widths of the layers after the pooling' })
    .option('key', { type: 'string', describe: 'key of the label, e.g. conductance_jellium (G0)' })
    .option('cutoff', { type: 'number', describe: 'of the SOAP features (Å); default 12' })
    .option('sigma', { type: 'number', describe: 'width of the atoms in them (Å); default 1.2' })
    .option('nmax', { type: 'number', describe: 'radial functions; default 17' })
    .option('lmax', { type: 'number', describe: 'largest angular momentum; default 9' })
    .option('engine', { choices: RUNGS, describe: 'of TensorFlow.js; default the first that works' })
    .option('format', { type: 'string', alias: 'i', describe: 'format of the frames; otherwise it is detected' })
    .check((argv) => {
      atLeast('seeds', argv.seeds, 1);
      atLeast('seed', argv.seed, 0);
      atLeast('split-seed', argv['split-seed'], 0);
      atLeast('epochs', argv.epochs, 1);
      atLeast('noise', argv.noise, 0, false);
      atLeast('weight-decay', argv['weight-decay'], 0, false);
      for (const name of ['atom-layers', 'head-layers'] as const)
        for (const width of argv[name] ?? []) atLeast(name, width, 1);
      return true;
    });
}

type Arguments = ArgumentsCamelCase<OptionsOf<typeof withPredictor<object>>>;

export function splitRule({ validation, test }: Arguments): SplitRule {
  if (validation === 'none') return { kind: 'trajectories', validation: [] };
  if (validation !== 'by-trajectory' && validation !== 'random')
    return { kind: 'trajectories', validation: validation.split(',').filter(Boolean) };
  return { kind: validation, validation: PAPER_PARTS.validation, test: test.length > 0 ? 0 : PAPER_PARTS.test };
}

export function recipeChanges(argv: Arguments) {
  const { residual, epochs, noise, weightDecay, atomLayers, headLayers } = argv;
  return given({ residual, epochs, noise, weightDecay, atomLayers, headLayers });
}
