import { ENERGY_ROW, type KernelMatrix, virialRow } from '../../../potentials/kernels/training/training-kernel.ts';
import { energyScale, forceScale, type LossWeights, totalLoss, virialScale } from '../loss.ts';
import type { Passes } from '../passes.ts';
import type { RandomStream } from '../random-stream.ts';
import type { TrainingProgram } from '../training-program.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { ComponentChooser } from './component-chooser.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export interface LmOptions {
  /** Part of the force components, drawn anew in every iteration, that the normal equations are built from. */
  readonly forceFraction: number;
  /** Damping of the first trial. */
  readonly damping: number;
}

/** Rows of the Jacobian held at a time. */
const ROWS = 64;
const TRIALS = 8;
const FLOOR = 1e-6;
/** Of the damping: a success divides by it, a failure multiplies. */
const FACTOR = 4;
const RANGE = { least: 1e-9, most: 1e9 } as const;

/** Bytes that an optimiser of `parameters` weights takes: normal equations, their factor, rows and gradient. */
export function lmBytes(parameters: number): number {
  return 8 * (2 * parameters ** 2 + 12 * ROWS * parameters);
}

/**
 * Levenberg-Marquardt: one update solves (JᵀJ + μ (diag JᵀJ + 10⁻⁶)) δ = Jᵀ ξ over all structures (all energies and virials, a random
 * part of the forces) and takes w + δ when the loss over everything falls; μ/4 after a success, 4 μ after a failure, up to 8 trials
 * (Marquardt, SIAM J. 11, 431 (1963)). The matrix is summed up row by row: memory does not grow with the data.
 */
export class LevenbergMarquardt implements Optimiser {
  readonly batch = Number.POSITIVE_INFINITY;
  readonly #pass: Passes;
  readonly #loss: LossWeights;
  readonly #options: LmOptions;
  readonly #matrix: KernelMatrix;
  readonly #chooser: ComponentChooser;
  readonly #packed: Float64Array;
  readonly #rows: RowBuffer;
  /** Damping, and the loss of the present weights (NaN = not known). */
  readonly #numbers: Float64Array;

  constructor(program: TrainingProgram, pass: Passes, loss: LossWeights, options: LmOptions, random: RandomStream) {
    const n = pass.networks.weights.length;
    this.#pass = pass;
    this.#loss = loss;
    this.#options = options;
    this.#matrix = program.matrix(n, ROWS);
    this.#chooser = new ComponentChooser(random);
    this.#packed = new Float64Array((n * (n + 1)) / 2);
    this.#rows = new RowBuffer(n, this.#matrix);
    this.#numbers = Float64Array.of(options.damping, Number.NaN);
  }

  update(structures: readonly TrainingStructure[]): void {
    const { weights } = this.#pass.networks;
    const before = weights.slice();
    const loss = Number.isNaN(this.#numbers[1]) ? totalLoss(this.#pass, structures, this.#loss) : this.#numbers[1];
    this.#numbers[1] = loss;
    this.#normalEquations(structures);
    this.#matrix.get(this.#packed);
    const diagonal = Float64Array.from(weights, (_, i) => this.#packed[(i * (i + 3)) / 2]);
    for (let trial = 0; trial < TRIALS; trial++) {
      const damping = this.#numbers[0];
      const step = this.#rows.gradient.slice();
      const add = diagonal.map((d) => damping * (d + FLOOR));
      if (this.#matrix.solve(add, step)) {
        step.forEach((d, k) => {
          weights[k] = before[k] + d;
        });
        const next = totalLoss(this.#pass, structures, this.#loss);
        if (next < loss) {
          this.#numbers.set([Math.max(RANGE.least, damping / FACTOR), next]);
          return;
        }
      }
      this.#numbers[0] = Math.min(RANGE.most, damping * FACTOR);
    }
    weights.set(before);
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { numbers: this.#numbers };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    copyState(state, this.state());
  }

  #normalEquations(structures: readonly TrainingStructure[]): void {
    this.#matrix.set(this.#packed.fill(0));
    this.#rows.clear();
    for (const structure of structures) this.#addStructure(structure);
    this.#rows.flush();
  }

  /** Rows scaled so that their squared errors add up to the loss of the structure. */
  #addStructure(structure: TrainingStructure): void {
    const { energy, forces, labelled, labelledVirial, natoms, virial, weight } = structure;
    this.#pass.load(structure);
    const root = Math.sqrt(weight);
    if (!Number.isNaN(energy))
      this.#rows.add(this.#pass, Int32Array.of(ENERGY_ROW), root * energyScale(this.#loss, natoms), () => energy);
    if (this.#loss.force > 0 && labelled.length > 0) {
      const chosen = this.#chooser.alike(labelled, Math.ceil(this.#options.forceFraction * labelled.length));
      this.#rows.add(this.#pass, chosen, (root * forceScale(this.#loss)) / Math.sqrt(chosen.length), (k) => forces[k]);
    }
    if (this.#loss.virial > 0 && labelledVirial.length > 0) {
      const scale = (root * virialScale(this.#loss, natoms)) / Math.sqrt(labelledVirial.length);
      this.#rows.add(this.#pass, labelledVirial.map(virialRow), scale, (code) => virial[-2 - code]);
    }
  }
}

/** Rows on their way into JᵀJ and Jᵀξ. */
class RowBuffer {
  readonly gradient: Float64Array;
  readonly #matrix: KernelMatrix;
  readonly #h: Float64Array;
  readonly #values = new Float64Array(ROWS);
  readonly #scales = new Float64Array(ROWS);
  #count = 0;

  constructor(size: number, matrix: KernelMatrix) {
    this.gradient = new Float64Array(size);
    this.#matrix = matrix;
    this.#h = new Float64Array(ROWS * size);
  }

  clear(): void {
    this.gradient.fill(0);
    this.#count = 0;
  }

  /** Components of the loaded structure. */
  add(pass: Passes, codes: Int32Array, scale: number, label: (code: number) => number): void {
    const n = this.gradient.length;
    for (let from = 0; from < codes.length; ) {
      const some = codes.slice(from, from + ROWS - this.#count);
      const [first, end] = [this.#count, this.#count + some.length];
      this.#scales.fill(scale, first, end);
      pass.rows({
        codes: some,
        scales: this.#scales.subarray(first, end),
        values: this.#values.subarray(first, end),
        rows: this.#h.subarray(first * n, end * n),
      });
      some.forEach((code, k) => {
        const error = scale * (label(code) - this.#values[first + k]);
        const at = (first + k) * n;
        for (let i = 0; i < n; i++) this.gradient[i] += error * this.#h[at + i];
      });
      from += some.length;
      this.#count = end;
      if (end === ROWS) this.flush();
    }
  }

  flush(): void {
    if (this.#count > 0) this.#matrix.addRows(this.#count, this.#h);
    this.#count = 0;
  }
}
