import type { KernelOptions } from '../../potentials/kernels/training/rungs.ts';
import { UsageError } from '../core/errors.ts';
import type { Rung } from '../tensorflow/rungs.ts';
import { loadTensorflow, rungText } from '../tensorflow/tensorflow.ts';
import { chooseProgram } from './choose-program.ts';
import type { LossWeights } from './loss.ts';
import { type LossGradient, PassGradient } from './loss-gradient.ts';
import type { Networks } from './networks.ts';
import type { OptimiserOptions } from './optimisers/optimiser-config.ts';
import type { Passes } from './passes.ts';
import { TensorflowGradient } from './tensorflow-gradient.ts';
import type { TRAINING_BACKENDS } from './training-backends.ts';
import type { TrainingProgram } from './training-program.ts';

/** TensorFlow.js engines by the names of `--backend`. */
const TENSORFLOW: Readonly<Record<string, Rung>> = {
  'tfjs-gpu': 'tfjs-node-gpu',
  'tfjs-node': 'tfjs-node',
  'tfjs-wasm': 'tfjs-wasm',
  'tfjs-cpu': 'tfjs-cpu',
};

export interface BackendOptions {
  readonly backend?: (typeof TRAINING_BACKENDS)[number];
  /** Of the native kernel; 0 = as many as there are processors. */
  readonly threads?: number;
}

/** What computes a run. */
export interface TrainingBackend {
  readonly program: TrainingProgram;
  /** For people: `native (avx512)`, and why not a faster one. */
  readonly description: string;
  gradient(pass: Passes, networks: Networks, loss: LossWeights): LossGradient;
}

export function isTensorflow({ backend = 'auto' }: BackendOptions): boolean {
  return backend in TENSORFLOW;
}

/**
 * Throws PotentialError or ProgramError with the reason when a backend asked for by name does not work here, UsageError when it cannot
 * run this optimiser.
 */
export async function trainingBackend(options: BackendOptions, optimiser: OptimiserOptions): Promise<TrainingBackend> {
  const { backend = 'auto', threads } = options;
  const rung = TENSORFLOW[backend];
  if (rung === undefined) {
    const kernel = { backend, ...(threads !== undefined && { threads }) } as KernelOptions;
    const { program, passedOver } = chooseProgram(kernel);
    const description = [program.description, ...passedOver.map((reason) => `not ${reason}`)].join('; ');
    return { program, description, gradient: (pass, _, loss) => new PassGradient(pass, loss) };
  }
  if (optimiser.name !== 'adam' && optimiser.name !== 'lbfgs')
    throw new UsageError(
      `--backend ${backend} computes in single precision, which is not enough for the optimiser ${optimiser.name}: ` +
        'take adam or lbfgs, or another backend',
    );
  const engine = await loadTensorflow(rung);
  const { program } = chooseProgram({});
  return {
    program,
    description: `${rungText(engine)} for gradients, ${program.description} for errors`,
    gradient: (_, networks, loss) => new TensorflowGradient(engine.tf, networks, loss),
  };
}
