/** Version of training.h that this side speaks. */
export const TRAINING_VERSION = 1;

/** Letters of activation functions in the order of their numbers in training.h. */
export const ACTIVATION_NUMBERS = 'ltsprgcSeh';

/** What a row of a Jacobian is the derivative of: this, a force component (3·atom + direction), or `virialRow(component)`. */
export const ENERGY_ROW = -1;

/** Code of a virial component, an index into xx yy zz xy xz yz. */
export function virialRow(component: number): number {
  return -2 - component;
}

/** A structure as the kernel takes it. */
export interface PackedStructure {
  /** natoms, blocks, columns, then the integer arrays of TrainStructure in training.h in their order. */
  readonly index: Int32Array;
  readonly inputs: Float64Array;
  readonly derivatives: Float64Array;
  readonly virialDerivatives: Float64Array;
}

export interface GradientRequest {
  /** Derivatives of a loss by the energy, by forces (natoms, 3) and by the virial (6). */
  readonly energy: number;
  readonly forces: Float64Array;
  readonly virial: Float64Array;
}

export interface RowRequest {
  readonly codes: Int32Array;
  readonly scales: Float64Array;
  /** Written: the quantities themselves, eV and eV/Å. */
  readonly values: Float64Array;
  /** Written: (codes, parameters), scale · derivative by the weights. */
  readonly rows: Float64Array;
}

/** Networks at work on one structure at a time: all but `load` are about the structure loaded last, which is handed in again. */
export interface KernelNetworks {
  /** Runs all atoms with these weights; returns the energy in eV. */
  load(structure: PackedStructure, weights: Float64Array): number;
  /** Written: eV/Å (natoms, 3). */
  forces(structure: PackedStructure, out: Float64Array): void;
  /** Written: eV, xx yy zz xy xz yz. */
  virial(structure: PackedStructure, out: Float64Array): void;
  rows(structure: PackedStructure, request: RowRequest): void;
  /** Adds energy·dE/dw + Σ forces·dF/dw + Σ virial·dW/dw. */
  addGradient(structure: PackedStructure, request: GradientRequest, out: Float64Array): void;
}

export interface KalmanUpdate {
  /** (errors, size): rows of the Jacobian. */
  readonly h: Float64Array;
  /** Label − prediction. */
  readonly errors: Float64Array;
  /** Added to the diagonal of the innovation A; the matrix is divided by it. */
  readonly lambda: number;
  /** Added to the diagonal of the matrix afterwards. */
  readonly noise: number;
  /** The matrix is not divided by lambda while its largest diagonal element is above this. */
  readonly limit: number;
}

/** A symmetric matrix P, 0 at the start. */
export interface KernelMatrix {
  /** The lower triangle, row after row: size·(size + 1)/2 numbers. */
  set(packed: Float64Array): void;
  get(packed: Float64Array): void;
  /** P += HᵀH; h is (count, size). */
  addRows(count: number, h: Float64Array): void;
  /** A = H P Hᵀ + λ; w += P Hᵀ A⁻¹ errors; P ← (P − P Hᵀ A⁻¹ H P)/λ + noise. False when A is not positive definite. */
  kalman(update: KalmanUpdate, weights: Float64Array): boolean;
  /** x ← (P + diag(add))⁻¹ x; false when that is not positive definite. */
  solve(add: Float64Array, x: Float64Array): boolean;
}

/** The training kernel on one backend. Results do not depend on the number of threads. */
export interface TrainingKernel {
  /** For messages: `native (avx512, 4 threads)`, `wasm`. */
  readonly description: string;
  /** `plan` as in training.h; throws Error when it is not valid. */
  networks(plan: Int32Array): KernelNetworks;
  /** `rows`: how many rows `kalman` and `addRows` work in at a time, at most 1024. */
  matrix(size: number, rows: number): KernelMatrix;
}
