import { PotentialError } from '../../core/errors.ts';
import { energyScale, forceScale, type LossWeights, virialScale } from '../loss.ts';
import type { RandomStream } from '../random-stream.ts';
import type { StructurePass } from '../structure-pass.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { Covariance } from './covariance.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export interface EkfOptions {
  /** Force components drawn per structure and update. */
  readonly forceRows: number;
  /** Virial components drawn per structure and update, where the loss has a virial term. */
  readonly virialRows: number;
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

/**
 * Multi-row fading-memory extended Kalman filter. One update takes one structure: its energy and some randomly drawn force
 * and virial components. With H the Jacobian rows and ξ the errors, A = H P Hᵀ + λ1, w += P Hᵀ A⁻¹ ξ, P ← (P − P Hᵀ A⁻¹ H P)/λ
 * (Shah, Palmieri and Datum, Neural Networks 5, 779 (1992); for HDNNPs: Singraber et al., JCTC 15, 3075 (2019)).
 */
export class ExtendedKalmanFilter implements Optimiser {
  readonly batch = 1;
  readonly #pass: StructurePass;
  readonly #loss: LossWeights;
  readonly #options: EkfOptions;
  readonly #random: RandomStream;
  readonly #covariance: Covariance;
  readonly #lambda: Float64Array;
  /** Rows of the Jacobian, padded to a multiple of 4. */
  readonly #rows: number;
  readonly #h: Float64Array;
  readonly #y: Float64Array;
  readonly #zt: Float64Array;
  readonly #a: Float64Array;
  readonly #xi: Float64Array;
  #drawn = new Int32Array(0);
  readonly #virial = new Float64Array(6);

  constructor(pass: StructurePass, loss: LossWeights, options: EkfOptions, random: RandomStream) {
    const n = pass.networks.weights.length;
    this.#pass = pass;
    this.#loss = loss;
    this.#options = options;
    this.#random = random;
    this.#covariance = new Covariance(n, options.covariance);
    this.#lambda = Float64Array.of(options.lambda);
    this.#rows = 4 * Math.ceil((1 + options.forceRows + (loss.virial > 0 ? options.virialRows : 0)) / 4);
    this.#h = new Float64Array(this.#rows * n);
    this.#y = new Float64Array(this.#rows * n);
    this.#zt = new Float64Array(this.#rows * n);
    this.#a = new Float64Array(this.#rows * this.#rows);
    this.#xi = new Float64Array(this.#rows);
  }

  update([structure]: readonly TrainingStructure[]): void {
    this.#fillRows(structure);
    const { weights } = this.#pass.networks;
    const n = weights.length;
    const m = this.#rows;
    const lambda = this.#lambda[0];
    this.#covariance.multiply(this.#h, m, this.#y);
    this.#innovation(lambda);
    if (!cholesky(this.#a, m))
      throw new PotentialError(
        'training diverged: the innovation matrix of the Kalman filter is not positive definite; ' +
          'choose a smaller optimiser.covariance or another seed',
      );
    solveLower(this.#a, m, this.#xi);
    columnsOfLowerSolve(this.#a, m, this.#y, n, this.#zt);
    for (let k = 0; k < n; k++) {
      let step = 0;
      for (let r = 0; r < m; r++) step += this.#zt[k * m + r] * this.#xi[r];
      weights[k] += step;
    }
    const windUp = this.#covariance.largestDiagonal() > WIND_UP * this.#options.covariance;
    this.#covariance.downdate(this.#zt, m, windUp ? 1 : lambda);
    this.#covariance.addDiagonal(this.#options.processNoise);
    this.#lambda[0] = this.#options.nu * lambda + 1 - this.#options.nu;
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { covariance: this.#covariance.values, lambda: this.#lambda };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    copyState(state, this.state());
  }

  /** Scaled Jacobian rows and errors (label − prediction) of one structure; unused rows are zero. */
  #fillRows(structure: TrainingStructure): void {
    const pass = this.#pass;
    const n = pass.networks.weights.length;
    this.#h.fill(0);
    this.#xi.fill(0);
    pass.load(structure);
    const weight = Math.sqrt(structure.weight);
    if (!Number.isNaN(structure.energy)) {
      const scale = weight * energyScale(this.#loss, structure.natoms);
      pass.addEnergyRow(scale, this.#h, 0);
      this.#xi[0] = scale * (structure.energy - pass.energy);
    }
    const scale = weight * forceScale(this.#loss);
    const count = scale > 0 ? this.#draw(structure.labelled, this.#options.forceRows) : 0;
    for (let r = 0; r < count; r++) {
      const component = this.#drawn[r];
      pass.addForceRow(component, scale, this.#h, (r + 1) * n);
      this.#xi[r + 1] = scale * (structure.forces[component] - pass.force(component));
    }
    if (this.#loss.virial > 0) this.#fillVirialRows(structure, weight, count + 1);
  }

  #fillVirialRows(structure: TrainingStructure, weight: number, first: number): void {
    const pass = this.#pass;
    const scale = weight * virialScale(this.#loss, structure.natoms);
    const count = this.#draw(structure.labelledVirial, this.#options.virialRows);
    if (count === 0) return;
    pass.virial(this.#virial);
    for (let r = 0; r < count; r++) {
      const component = this.#drawn[r];
      pass.addVirialRow(component, scale, this.#h, (first + r) * pass.networks.weights.length);
      this.#xi[first + r] = scale * (structure.virial[component] - this.#virial[component]);
    }
  }

  /** Different components into the head of `#drawn`; returns how many. */
  #draw(labelled: Int32Array, most: number): number {
    if (this.#drawn.length < labelled.length) this.#drawn = new Int32Array(labelled.length);
    this.#drawn.set(labelled);
    const count = Math.min(most, labelled.length);
    for (let k = 0; k < count; k++) {
      const other = k + this.#random.index(labelled.length - k);
      const kept = this.#drawn[k];
      this.#drawn[k] = this.#drawn[other];
      this.#drawn[other] = kept;
    }
    return count;
  }

  /** A = Y Hᵀ + λ1, lower triangle. */
  #innovation(lambda: number): void {
    const n = this.#pass.networks.weights.length;
    const m = this.#rows;
    for (let r = 0; r < m; r++) {
      for (let s = 0; s <= r; s++) {
        let sum = r === s ? lambda : 0;
        for (let k = 0; k < n; k++) sum += this.#y[r * n + k] * this.#h[s * n + k];
        this.#a[r * m + s] = sum;
      }
    }
  }
}

/** Lower Cholesky factor of a (m, m) row-major matrix in place of its lower triangle; false when it is not positive definite. */
function cholesky(a: Float64Array, m: number): boolean {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * m + j];
      for (let k = 0; k < j; k++) sum -= a[i * m + k] * a[j * m + k];
      if (i !== j) a[i * m + j] = sum / a[j * m + j];
      else if (sum > 0) a[i * m + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** x ← L⁻¹ x. */
function solveLower(l: Float64Array, m: number, x: Float64Array): void {
  for (let i = 0; i < m; i++) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= l[i * m + k] * x[k];
    x[i] = sum / l[i * m + i];
  }
}

/** The columns of L⁻¹ Y, with Y (m, n) row-major, as rows of `zt` (n, m). */
function columnsOfLowerSolve(l: Float64Array, m: number, y: Float64Array, n: number, zt: Float64Array): void {
  for (let c = 0; c < n; c++) {
    const at = c * m;
    for (let i = 0; i < m; i++) {
      let sum = y[i * n + c];
      for (let k = 0; k < i; k++) sum -= l[i * m + k] * zt[at + k];
      zt[at + i] = sum / l[i * m + i];
    }
  }
}
