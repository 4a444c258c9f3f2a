import { ENERGY_ROW, type KernelMatrix, virialRow } from '../../../potentials/kernels/training/training-kernel.ts';
import { PotentialError } from '../../core/errors.ts';
import { energyScale, forceScale, type LossWeights, virialScale } from '../loss.ts';
import type { Passes } from '../passes.ts';
import type { RandomStream } from '../random-stream.ts';
import type { TrainingProgram } from '../training-program.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { ComponentChooser } from './component-chooser.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export interface EkfOptions {
  /** Force components used per structure and update. */
  readonly forceRows: number;
  /** How they are drawn: all alike, or with a probability proportional to their error. */
  readonly forceChoice: 'random' | 'error';
  /** Virial components drawn per structure and update, where the loss has a virial term. */
  readonly virialRows: number;
  /** Structures per update. */
  readonly streams: number;
  /** Forgetting factor at the start; it approaches 1 as λ ← ν λ + 1 − ν. */
  readonly lambda: number;
  readonly nu: number;
  /** Diagonal of the covariance at the start. */
  readonly covariance: number;
  /** Added to the diagonal of the covariance after each update: keeps the filter learning without forgetting. */
  readonly processNoise: number;
}

/**
 * Forgetting inflates the covariance of directions that the data never excite without end; beyond this multiple of its first
 * value it pauses.
 */
const WIND_UP = 1e7;

/** Bytes that the filter takes at most: the covariance, and rows in a dozen forms. */
export function ekfBytes(parameters: number, { streams, forceRows, virialRows }: EkfOptions): number {
  return 8 * parameters * (parameters + 12 * streams * (1 + forceRows + virialRows));
}

/**
 * Multi-row, multi-stream fading-memory extended Kalman filter. One update takes the energies of some structures (one, unless the
 * options say otherwise) and some of their force and virial components. With H the Jacobian rows and ξ the errors,
 * A = H P Hᵀ + λ1, w += P Hᵀ A⁻¹ ξ, P ← (P − P Hᵀ A⁻¹ H P)/λ
 * (Shah, Palmieri and Datum, Neural Networks 5, 779 (1992); for HDNNPs: Singraber et al., JCTC 15, 3075 (2019)).
 */
export class ExtendedKalmanFilter implements Optimiser {
  readonly batch: number;
  readonly #pass: Passes;
  readonly #loss: LossWeights;
  readonly #options: EkfOptions;
  readonly #matrix: KernelMatrix;
  readonly #lambda: Float64Array;
  readonly #chooser: ComponentChooser;
  /** Rows of the Jacobian, their scales, the predictions and the errors: as many as an update can have. */
  readonly #h: Float64Array;
  readonly #scales: Float64Array;
  readonly #values: Float64Array;
  readonly #errors: Float64Array;

  constructor(program: TrainingProgram, pass: Passes, loss: LossWeights, options: EkfOptions, random: RandomStream) {
    const n = pass.networks.weights.length;
    this.batch = options.streams;
    this.#pass = pass;
    this.#loss = loss;
    this.#options = options;
    this.#lambda = Float64Array.of(options.lambda);
    this.#chooser = new ComponentChooser(random);
    const rows = options.streams * (1 + options.forceRows + (loss.virial > 0 ? options.virialRows : 0));
    this.#matrix = program.matrix(n, rows);
    this.#matrix.set(diagonal(n, options.covariance));
    this.#h = new Float64Array(rows * n);
    this.#scales = new Float64Array(rows);
    this.#values = new Float64Array(rows);
    this.#errors = new Float64Array(rows);
  }

  update(structures: readonly TrainingStructure[]): void {
    const { covariance, nu, processNoise } = this.#options;
    const { weights } = this.#pass.networks;
    let count = 0;
    for (const structure of structures) count += this.#fillRows(structure, count);
    const lambda = this.#lambda[0];
    const update = {
      h: this.#h.subarray(0, count * weights.length),
      errors: this.#errors.subarray(0, count),
      lambda,
      noise: processNoise,
      limit: WIND_UP * covariance,
    };
    // Without rows the filter only forgets.
    const isDone = () => update.errors.every(Number.isFinite) && this.#matrix.kalman(update, weights);
    if (!isDone() && !this.#isDoneAnew(isDone))
      throw new PotentialError(
        'training diverged: the innovation matrix of the Kalman filter is not positive definite; ' +
          'choose a smaller optimiser.covariance or another seed',
      );
    this.#lambda[0] = nu * lambda + 1 - nu;
  }

  /**
   * Round-off can make P indefinite where rows are nearly alike (small cells of one element near rest). The weights are good then:
   * only what the filter believes of their certainty is begun anew.
   */
  #isDoneAnew(isDone: () => boolean): boolean {
    this.#matrix.set(diagonal(this.#pass.networks.weights.length, this.#options.covariance));
    return isDone();
  }

  state(): Readonly<Record<string, Float64Array>> {
    const n = this.#pass.networks.weights.length;
    const covariance = new Float64Array((n * (n + 1)) / 2);
    this.#matrix.get(covariance);
    return { covariance, lambda: this.#lambda };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    const own = this.state();
    copyState(state, own);
    this.#matrix.set(own['covariance']);
  }

  /** Scaled Jacobian rows and errors (label − prediction) of one structure from row `first` on; returns how many. */
  #fillRows(structure: TrainingStructure, first: number): number {
    const { energy, natoms, weight } = structure;
    const root = Math.sqrt(weight);
    const codes: number[] = [];
    const labels: number[] = [];
    this.#pass.load(structure);
    const add = (code: number, label: number, scale: number) => {
      this.#scales[first + codes.length] = root * scale;
      codes.push(code);
      labels.push(label);
    };
    if (!Number.isNaN(energy)) add(ENERGY_ROW, energy, energyScale(this.#loss, natoms));
    if (this.#loss.force > 0)
      for (const k of this.#chooseForces(structure)) add(k, structure.forces[k], forceScale(this.#loss));
    if (this.#loss.virial > 0)
      for (const v of this.#chooser.alike(structure.labelledVirial, this.#options.virialRows))
        add(virialRow(v), structure.virial[v], virialScale(this.#loss, natoms));
    const count = codes.length;
    const n = this.#pass.networks.weights.length;
    this.#pass.rows({
      codes: Int32Array.from(codes),
      scales: this.#scales.subarray(first, first + count),
      values: this.#values.subarray(first, first + count),
      rows: this.#h.subarray(first * n, (first + count) * n),
    });
    for (let r = 0; r < count; r++)
      this.#errors[first + r] = this.#scales[first + r] * (labels[r] - this.#values[first + r]);
    return count;
  }

  #chooseForces(structure: TrainingStructure): Int32Array {
    const { forceRows, forceChoice } = this.#options;
    if (forceChoice === 'random') return this.#chooser.alike(structure.labelled, forceRows);
    const errors = new Float64Array(3 * structure.natoms);
    this.#pass.forces(errors);
    for (const k of structure.labelled) errors[k] = Math.abs(errors[k] - structure.forces[k]);
    return this.#chooser.bySize(structure.labelled, errors, forceRows);
  }
}

/** A packed lower triangle with only a diagonal. */
function diagonal(size: number, value: number): Float64Array {
  const packed = new Float64Array((size * (size + 1)) / 2);
  for (let i = 0, at = 0; i < size; i++, at += i + 1) packed[at] = value;
  return packed;
}
