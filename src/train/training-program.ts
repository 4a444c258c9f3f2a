import type { KernelMatrix } from '../../potentials/kernels/training/training-kernel.ts';
import type { Networks } from './networks.ts';
import { SymmetricMatrix } from './optimisers/symmetric-matrix.ts';
import type { Passes } from './passes.ts';
import { StructurePass } from './structure-pass.ts';

/** What does the arithmetic of training, in double precision. */
export interface TrainingProgram {
  /** `native (avx512, 2 threads)`, `wasm`, `typescript`. */
  readonly description: string;
  passes(networks: Networks): Passes;
  /** A symmetric matrix, 0 at the start; `rows`: how many rows it is worked on with at a time. */
  matrix(size: number, rows: number): KernelMatrix;
}

export const typescriptProgram: TrainingProgram = {
  description: 'typescript',
  passes: (networks) => new StructurePass(networks),
  matrix: (size) => new SymmetricMatrix(size),
};
