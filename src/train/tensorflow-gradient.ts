import type { Activation } from '../../potentials/hdnnp-model.ts';
import type { Tensor, Tf } from '../tensorflow/tensorflow.ts';
import { type LossWeights, lossOf } from './loss.ts';
import type { LossGradient } from './loss-gradient.ts';
import type { NetworkShape } from './network-pass.ts';
import type { Networks } from './networks.ts';
import type { TrainingStructure } from './training-structure.ts';

/**
 * Gradients by TensorFlow.js, in single precision: all atoms of a batch at once, the same formulas as network-pass.ts written as products
 * of matrices. Nothing is differentiated by TensorFlow; the sums over dG/dx are done here, in double precision.
 */
export class TensorflowGradient implements LossGradient {
  readonly #tf: Tf;
  readonly #networks: Networks;
  readonly #loss: LossWeights;

  constructor(tf: Tf, networks: Networks, loss: LossWeights) {
    this.#tf = tf;
    this.#networks = networks;
    this.#loss = loss;
  }

  add(structures: readonly TrainingStructure[], gradient: Float64Array): number {
    const atoms = this.#networks.shapes.map((shape, e) => new ElementAtoms(shape, structures, e));
    let loss = 0;
    this.#tf.tidy(() => {
      const passes = atoms.map((own) =>
        own.count > 0 ? new MatrixPass(this.#tf, own, this.#networks.weights) : undefined,
      );
      const rows = { energies: passes.map((p) => p?.energies()), slopes: passes.map((p) => p?.inputSlopes()) };
      structures.forEach((structure, s) => {
        loss += this.#addLabels(structure, s, atoms, rows);
      });
      passes.forEach((pass) => {
        pass?.addGradient(gradient);
      });
    });
    return loss;
  }

  /** The loss of one structure; what its labels ask of each atom goes into the rows of `atoms`. */
  #addLabels(
    structure: TrainingStructure,
    s: number,
    atoms: readonly ElementAtoms[],
    { energies, slopes }: Record<'energies' | 'slopes', readonly (Float32Array | undefined)[]>,
  ): number {
    const { natoms, elements, inputFirst } = structure;
    const pull = new Float64Array(inputFirst[natoms]);
    let energy = 0;
    forEachAtom(structure, s, atoms, (i, row, width) => {
      const e = elements[i];
      energy += energies[e]?.[row] ?? 0;
      for (let f = 0; f < width; f++) pull[inputFirst[i] + f] = slopes[e]?.[row * width + f] ?? 0;
    });
    const forces = new Float64Array(3 * natoms);
    const virial = new Float64Array(6);
    predict(structure, pull, forces, virial);
    const { loss, byEnergy } = lossOf(structure, this.#loss, { energy, forces, virial });
    const tangents = new Float64Array(pull.length);
    pullBack(structure, forces, virial, tangents);
    forEachAtom(structure, s, atoms, (i, row, width) => {
      const own = atoms[elements[i]];
      own.energyFactors[row] = byEnergy;
      own.tangents.set(tangents.subarray(inputFirst[i], inputFirst[i + 1]), row * width);
    });
    return loss;
  }
}

/** The atoms of one element of a batch, one row each. */
class ElementAtoms {
  readonly shape: NetworkShape;
  readonly count: number;
  readonly inputs: Float32Array;
  /** dL/dE of the atom's structure, and what the labels of forces and virial push along. */
  readonly energyFactors: Float32Array;
  readonly tangents: Float32Array;
  /** By structure: the row of its first atom of this element. */
  readonly first: readonly number[];

  constructor(shape: NetworkShape, structures: readonly TrainingStructure[], element: number) {
    const first: number[] = [];
    let count = 0;
    for (const { elements } of structures) {
      first.push(count);
      for (const e of elements) if (e === element) count++;
    }
    const width = shape.sizes[0];
    this.shape = shape;
    this.count = count;
    this.first = first;
    this.inputs = new Float32Array(count * width);
    this.energyFactors = new Float32Array(count);
    this.tangents = new Float32Array(count * width);
    let at = 0;
    for (const { elements, inputs, inputFirst } of structures)
      elements.forEach((e, i) => {
        if (e !== element) return;
        this.inputs.set(inputs.subarray(inputFirst[i], inputFirst[i + 1]), at);
        at += width;
      });
  }
}

function forEachAtom(
  { elements }: TrainingStructure,
  s: number,
  atoms: readonly ElementAtoms[],
  visit: (atom: number, row: number, width: number) => void,
): void {
  const next = atoms.map(({ first }) => first[s]);
  elements.forEach((e, i) => {
    visit(i, next[e]++, atoms[e].shape.sizes[0]);
  });
}

/** Forces and virial from dE/dinput of all atoms. */
function predict(s: TrainingStructure, pull: Float64Array, forces: Float64Array, virial: Float64Array): void {
  for (let i = 0; i < s.natoms; i++) {
    const at = s.inputFirst[i];
    const width = s.inputFirst[i + 1] - at;
    for (let b = s.blockFirst[i]; b < s.blockFirst[i + 1]; b++) {
      const columns = s.blockInputs[b];
      let from = s.blockStart[b];
      for (let c = 0; c < 3; c++, from += columns.length)
        for (let f = 0; f < columns.length; f++)
          forces[3 * s.blockAtom[b] + c] -= pull[at + columns[f]] * s.derivatives[from + f];
    }
    for (let v = 0, from = 6 * at; v < 6; v++, from += width)
      for (let f = 0; f < width; f++) virial[v] -= pull[at + f] * s.virialDerivatives[from + f];
  }
}

/** The transpose of `predict`. */
function pullBack(s: TrainingStructure, forces: Float64Array, virial: Float64Array, tangents: Float64Array): void {
  for (let i = 0; i < s.natoms; i++) {
    const at = s.inputFirst[i];
    const width = s.inputFirst[i + 1] - at;
    for (let b = s.blockFirst[i]; b < s.blockFirst[i + 1]; b++) {
      const columns = s.blockInputs[b];
      let from = s.blockStart[b];
      for (let c = 0; c < 3; c++, from += columns.length) {
        const u = forces[3 * s.blockAtom[b] + c];
        for (let f = 0; f < columns.length; f++) tangents[at + columns[f]] -= u * s.derivatives[from + f];
      }
    }
    for (let v = 0, from = 6 * at; v < 6; v++, from += width)
      for (let f = 0; f < width; f++) tangents[at + f] -= virial[v] * s.virialDerivatives[from + f];
  }
}

interface TensorLayer {
  /** (outputs, inputs). */
  readonly weights: Tensor;
  readonly inputs: Tensor;
  readonly slope: Tensor;
  readonly curvature: Tensor;
  /** dE/dx of the outputs, dE/dz. */
  pull: Tensor;
  delta: Tensor;
}

/** One element's network over all rows: forward and back when made, then the gradient. Use inside `tidy`. */
class MatrixPass {
  readonly #tf: Tf;
  readonly #atoms: ElementAtoms;
  readonly #layers: TensorLayer[] = [];
  readonly #output: Tensor;
  readonly #inputPull: Tensor;

  constructor(tf: Tf, atoms: ElementAtoms, weights: Float64Array) {
    const { sizes, weightStart, activations } = atoms.shape;
    this.#tf = tf;
    this.#atoms = atoms;
    let x: Tensor = tf.tensor2d(atoms.inputs, [atoms.count, sizes[0]]);
    weightStart.forEach((start, l) => {
      const [n, m] = [sizes[l], sizes[l + 1]];
      const w = tf.tensor2d(Float32Array.from(weights.subarray(start, start + n * m)), [m, n]);
      const bias = tf.tensor1d(Float32Array.from(weights.subarray(start + n * m, start + n * m + m)));
      const z = tf.add(tf.matMul(x, tf.transpose(w)), bias);
      const { value, slope, curvature } = activated(tf, activations[l], z);
      this.#layers.push({ weights: w, inputs: x, slope, curvature, pull: value, delta: value });
      x = value;
    });
    this.#output = x;
    let pull: Tensor = tf.onesLike(x);
    for (const layer of this.#layers.toReversed()) {
      layer.pull = pull;
      layer.delta = tf.mul(pull, layer.slope);
      pull = tf.matMul(layer.delta, layer.weights);
    }
    this.#inputPull = pull;
  }

  /** (atoms). */
  energies(): Float32Array {
    return this.#output.dataSync() as Float32Array;
  }

  /** dE/dinput, (atoms, inputs). */
  inputSlopes(): Float32Array {
    return this.#inputPull.dataSync() as Float32Array;
  }

  /** Adds Σ over atoms of energyFactor·dE/dw + d(tangent·dE/dinput)/dw: a tangent pass, then a reverse one. */
  addGradient(gradient: Float64Array): void {
    const tf = this.#tf;
    const { count, energyFactors, tangents, shape } = this.#atoms;
    const factors = tf.tensor2d(energyFactors, [count, 1]);
    let tangent: Tensor = tf.tensor2d(tangents, [count, shape.sizes[0]]);
    const steps = this.#layers.map(({ weights, slope }) => {
      const before = tangent;
      const sums = tf.matMul(before, tf.transpose(weights));
      tangent = tf.mul(slope, sums);
      return { before, sums };
    });
    let adjoint: Tensor | undefined;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { weights, inputs, slope, curvature, pull, delta } = this.#layers[l];
      const { before, sums } = steps[l];
      const bent = tf.mul(tf.mul(pull, curvature), sums);
      const own: Tensor = adjoint ? tf.add(tf.mul(adjoint, slope), bent) : bent;
      const both = tf.add(own, tf.mul(factors, delta));
      const byWeights = tf.add(tf.matMul(tf.transpose(both), inputs), tf.matMul(tf.transpose(delta), before));
      const start = shape.weightStart[l];
      addTo(gradient, start, byWeights);
      addTo(gradient, start + shape.sizes[l] * shape.sizes[l + 1], tf.sum(both, 0));
      adjoint = tf.matMul(own, weights);
    }
  }
}

function addTo(gradient: Float64Array, at: number, tensor: Tensor): void {
  const values = tensor.dataSync();
  for (let k = 0; k < values.length; k++) gradient[at + k] += values[k];
}

/** φ, φ', φ'' of n2p2's letters. */
function activated(tf: Tf, letter: Activation, z: Tensor): { value: Tensor; slope: Tensor; curvature: Tensor } {
  switch (letter) {
    case 'l':
      return { value: z, slope: tf.onesLike(z), curvature: tf.zerosLike(z) };
    case 't': {
      const t: Tensor = tf.tanh(z);
      const slope = tf.sub(1, tf.square(t));
      return { value: t, slope, curvature: tf.mul(-2, tf.mul(t, slope)) };
    }
    case 's':
    case 'S': {
      const s: Tensor = tf.sigmoid(letter === 's' ? z : tf.neg(z));
      const sign = letter === 's' ? 1 : -1;
      const slope = tf.mul(s, tf.sub(1, s));
      return { value: s, slope: tf.mul(sign, slope), curvature: tf.mul(slope, tf.sub(1, tf.mul(2, s))) };
    }
    case 'p': {
      const s: Tensor = tf.sigmoid(z);
      return { value: tf.softplus(z), slope: s, curvature: tf.mul(s, tf.sub(1, s)) };
    }
    case 'r':
      return { value: tf.relu(z), slope: tf.step(z), curvature: tf.zerosLike(z) };
    case 'g': {
      const g: Tensor = tf.exp(tf.mul(-0.5, tf.square(z)));
      return { value: g, slope: tf.neg(tf.mul(z, g)), curvature: tf.mul(tf.sub(tf.square(z), 1), g) };
    }
    case 'c': {
      const c: Tensor = tf.cos(z);
      return { value: c, slope: tf.neg(tf.sin(z)), curvature: tf.neg(c) };
    }
    case 'e': {
      const e: Tensor = tf.exp(tf.neg(z));
      return { value: e, slope: tf.neg(e), curvature: e };
    }
    case 'h':
      return { value: tf.square(z), slope: tf.mul(2, z), curvature: tf.mul(2, tf.onesLike(z)) };
  }
}
