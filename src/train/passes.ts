import type { GradientRequest, RowRequest } from '../../potentials/kernels/training/training-kernel.ts';
import type { Networks } from './networks.ts';
import type { TrainingStructure } from './training-structure.ts';

/**
 * Energy, forces, virial and their derivatives by the weights, one structure at a time. `load` runs all atoms of a structure through
 * their networks; everything else uses what it left. Weights must not change between `load` and its uses.
 */
export interface Passes {
  readonly networks: Networks;
  /** eV without reference energies, of the loaded structure. */
  readonly energy: number;
  load(structure: TrainingStructure): void;
  /** Forces in eV/Å into `out` (natoms, 3). */
  forces(out: Float64Array): void;
  /** Virial Σ r⊗f in eV, xx yy zz xy xz yz, into `out` (6). */
  virial(out: Float64Array): void;
  /** Rows of the Jacobian and the quantities themselves. */
  rows(request: RowRequest): void;
  /** Adds energy·dE/dw + Σ forces·dF/dw + Σ virial·dW/dw to `gradient`. */
  addGradient(request: GradientRequest, gradient: Float64Array): void;
}
