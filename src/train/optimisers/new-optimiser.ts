import { UsageError } from '../../core/errors.ts';
import type { LossWeights } from '../loss.ts';
import type { LossGradient } from '../loss-gradient.ts';
import type { Passes } from '../passes.ts';
import type { RandomStream } from '../random-stream.ts';
import type { TrainingProgram } from '../training-program.ts';
import { Adam } from './adam.ts';
import { ExtendedKalmanFilter, ekfBytes } from './ekf.ts';
import { Lbfgs } from './lbfgs.ts';
import { LevenbergMarquardt, lmBytes } from './levenberg-marquardt.ts';
import type { Optimiser } from './optimiser.ts';
import type { OptimiserOptions } from './optimiser-config.ts';

interface Parts {
  readonly program: TrainingProgram;
  readonly pass: Passes;
  readonly loss: LossWeights;
  /** For optimisers of first order. */
  readonly gradient: LossGradient;
  readonly random: RandomStream;
  readonly memoryGB: number;
  /** Structures seen in the whole run. */
  readonly structures: number;
}

/** Throws UsageError when the optimiser would take more memory than allowed. */
export function newOptimiser(options: OptimiserOptions, parts: Parts): Optimiser {
  const { program, pass, loss, random, gradient } = parts;
  const { weights } = pass.networks;
  switch (options.name) {
    case 'ekf':
      checkMemory('Kalman filter', ekfBytes(weights.length, options), parts);
      return new ExtendedKalmanFilter(program, pass, loss, options, random);
    case 'lm':
      checkMemory('Levenberg-Marquardt matrix', lmBytes(weights.length), parts);
      return new LevenbergMarquardt(program, pass, loss, options, random);
    case 'lbfgs':
      return new Lbfgs(weights, gradient, options);
    case 'adam':
      return new Adam(weights, gradient, options, parts.structures);
  }
}

function checkMemory(what: string, bytes: number, { memoryGB, pass }: Parts): void {
  if (bytes <= memoryGB * 1e9) return;
  throw new UsageError(
    `the ${what} of ${pass.networks.weights.length} weights would take ${(bytes / 1e9).toPrecision(3)} GB, more than memory_gb: ` +
      `${memoryGB}; allow more, use a smaller network or the optimiser lbfgs or adam`,
  );
}
