import { type KernelOptions, trainingKernels } from '../../potentials/kernels/training/rungs.ts';
import type { TrainingKernel } from '../../potentials/kernels/training/training-kernel.ts';
import { PotentialError } from '../core/errors.ts';
import { KernelPass } from './kernel-pass.ts';
import { programFailure } from './program-test.ts';
import { type TrainingProgram, typescriptProgram } from './training-program.ts';

function kernelProgram(kernel: TrainingKernel): TrainingProgram {
  return {
    description: kernel.description,
    passes: (networks) => new KernelPass(kernel, networks),
    matrix: (size, rows) => kernel.matrix(size, rows),
  };
}

interface ChosenProgram {
  readonly program: TrainingProgram;
  /** One sentence for each faster one that was passed over. */
  readonly passedOver: readonly string[];
}

/**
 * The fastest of native, WebAssembly and TypeScript that loads and passes a test against TypeScript. One asked for by name is taken
 * or refused by a PotentialError with the reason.
 */
export function chooseProgram({ backend = 'auto', threads = 1 }: KernelOptions): ChosenProgram {
  const passedOver: string[] = [];
  if (backend === 'typescript') return { program: typescriptProgram, passedOver };
  for (const [name, create] of trainingKernels({ backend, threads })) {
    try {
      const program = kernelProgram(create());
      const failure = programFailure(program);
      if (failure === undefined) return { program, passedOver };
      passedOver.push(`${name}: ${failure}`);
    } catch (error) {
      passedOver.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (backend !== 'auto') throw new PotentialError(`the backend ${backend} cannot be used: ${passedOver.join('; ')}`);
  return { program: typescriptProgram, passedOver };
}
