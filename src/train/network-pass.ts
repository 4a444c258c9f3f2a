import type { Activation, NetworkModel } from '../../potentials/hdnnp-model.ts';
import { type ActivationValues, activate } from './activations.ts';

/** Shape of one element's network and where its parameters stand in the common weight vector. */
export interface NetworkShape {
  /** Nodes per layer: inputs, hidden layers, 1. */
  readonly sizes: readonly number[];
  /** One letter per layer after the input. */
  readonly activations: readonly Activation[];
  /** Per layer after the input: first weight of the (outputs, inputs) row-major matrix; the biases follow it. */
  readonly weightStart: readonly number[];
  /** First node of each layer (inputs included) in an atom's row of node values. */
  readonly nodeStart: readonly number[];
  readonly nodes: number;
  readonly first: number;
  /** Parameters of this network. */
  readonly parameters: number;
}

/** Lays out a network of `sizes` from parameter `first` on. */
export function networkShape(
  sizes: readonly number[],
  activations: readonly Activation[],
  first: number,
): NetworkShape {
  const weightStart: number[] = [];
  const nodeStart: number[] = [0];
  let parameter = first;
  let nodes = sizes[0];
  for (let l = 1; l < sizes.length; l++) {
    weightStart.push(parameter);
    nodeStart.push(nodes);
    parameter += sizes[l] * (sizes[l - 1] + 1);
    nodes += sizes[l];
  }
  return { sizes, activations, weightStart, nodeStart, nodes, first, parameters: parameter - first };
}

/** The network of `shape` with the parameters in `weights`, as potentials store it. */
export function networkModel(shape: NetworkShape, weights: Float64Array): NetworkModel {
  const layers = shape.weightStart.map((start, l) => {
    const inputs = shape.sizes[l];
    const outputs = shape.sizes[l + 1];
    const split = start + inputs * outputs;
    return {
      inputs,
      outputs,
      activation: shape.activations[l],
      weights: weights.slice(start, split),
      biases: weights.slice(split, split + outputs),
    };
  });
  return { normalizeNodes: false, layers };
}

/**
 * Passes of one atom through its network. All node values of an atom stand in one row (`at` is its first entry) of the caller's
 * arrays: `value` x = φ(z), `slope` φ'(z), `curvature` φ''(z), `pull` dE/dx, `delta` dE/dz. The inputs are the first entries of
 * `value`, and dE/dinput the first entries of `pull`.
 */
export interface NodeRows {
  readonly value: Float64Array;
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
  readonly pull: Float64Array;
  readonly delta: Float64Array;
}

const phi: ActivationValues = { value: 0, slope: 0, curvature: 0 };

/** Forward from the inputs in `rows.value`; returns the atomic energy in the unit of the network. */
export function forward(shape: NetworkShape, weights: Float64Array, rows: NodeRows, at: number): number {
  const { value, slope, curvature } = rows;
  for (let l = 0; l < shape.weightStart.length; l++) {
    const inputs = shape.sizes[l];
    const outputs = shape.sizes[l + 1];
    const x = at + shape.nodeStart[l];
    const y = at + shape.nodeStart[l + 1];
    let w = shape.weightStart[l];
    const biases = w + inputs * outputs;
    const letter = shape.activations[l];
    for (let o = 0; o < outputs; o++) {
      let z = weights[biases + o];
      for (let k = 0; k < inputs; k++) z += weights[w + k] * value[x + k];
      w += inputs;
      activate(letter, z, phi);
      value[y + o] = phi.value;
      slope[y + o] = phi.slope;
      curvature[y + o] = phi.curvature;
    }
  }
  return value[at + shape.nodes - 1];
}

/** dE/dx and dE/dz of every node into `rows`, after `forward`. */
export function backward(shape: NetworkShape, weights: Float64Array, rows: NodeRows, at: number): void {
  const { slope, pull, delta } = rows;
  pull[at + shape.nodes - 1] = 1;
  for (let l = shape.sizes.length - 1; l > 0; l--) {
    const y = at + shape.nodeStart[l];
    for (let o = 0; o < shape.sizes[l]; o++) delta[y + o] = pull[y + o] * slope[y + o];
    transposed(shape, weights, l - 1, delta, y, pull, at + shape.nodeStart[l - 1]);
  }
}

/** `target[x…]` = Wᵀ `source[y…]` of the weights between layers l and l + 1. */
function transposed(
  shape: NetworkShape,
  weights: Float64Array,
  l: number,
  source: Float64Array,
  y: number,
  target: Float64Array,
  x: number,
): void {
  const inputs = shape.sizes[l];
  const outputs = shape.sizes[l + 1];
  let w = shape.weightStart[l];
  for (let k = 0; k < inputs; k++) target[x + k] = 0;
  for (let o = 0; o < outputs; o++) {
    const s = source[y + o];
    for (let k = 0; k < inputs; k++) target[x + k] += s * weights[w + k];
    w += inputs;
  }
}

/** Scratch of `addSlopeGradient` for networks of up to `nodes` nodes. */
export class TangentScratch {
  /** Change of the node values and of the weighted sums along v; adjoints of the node values, then of the weighted sums. */
  readonly tangent: Float64Array;
  readonly sums: Float64Array;
  readonly adjoint: Float64Array;
  constructor(nodes: number) {
    this.tangent = new Float64Array(nodes);
    this.sums = new Float64Array(nodes);
    this.adjoint = new Float64Array(nodes);
  }
}

/** Where one atom's pass reads and writes: its first entry in the node rows, and the gradient row it adds to. */
export interface PassTarget {
  rows: NodeRows;
  at: number;
  row: Float64Array;
  rowAt: number;
}

/** Adds `scale`·dE/dw of one atom to the target row, after `backward`. */
export function addEnergyGradient(shape: NetworkShape, target: PassTarget, scale: number): void {
  const { rows, at, row } = target;
  const { value, delta } = rows;
  for (let l = 1; l < shape.sizes.length; l++) {
    const inputs = shape.sizes[l - 1];
    const outputs = shape.sizes[l];
    const x = at + shape.nodeStart[l - 1];
    const y = at + shape.nodeStart[l];
    let w = target.rowAt + shape.weightStart[l - 1];
    const biases = w + inputs * outputs;
    for (let o = 0; o < outputs; o++) {
      const d = scale * delta[y + o];
      row[biases + o] += d;
      for (let k = 0; k < inputs; k++) row[w + k] += d * value[x + k];
      w += inputs;
    }
  }
}

/**
 * Adds d(v·dE/dinput)/dw of one atom to the target row, after `backward`; v stands in the first entries of `scratch.tangent`.
 * One tangent pass along v and one reverse pass; the adjoint of the tangent of a node is dE/dx of that node, whatever v is.
 */
export function addSlopeGradient(
  shape: NetworkShape,
  weights: Float64Array,
  target: PassTarget,
  scratch: TangentScratch,
): void {
  pushTangent(shape, weights, target, scratch);
  const { rows, at, row } = target;
  const { value, slope, curvature, pull, delta } = rows;
  const { tangent, sums, adjoint } = scratch;
  adjoint[shape.nodes - 1] = 0;
  for (let l = shape.sizes.length - 1; l > 0; l--) {
    const inputs = shape.sizes[l - 1];
    const outputs = shape.sizes[l];
    const y = shape.nodeStart[l];
    const x = shape.nodeStart[l - 1];
    let w = target.rowAt + shape.weightStart[l - 1];
    const biases = w + inputs * outputs;
    for (let o = 0; o < outputs; o++) {
      const node = at + y + o;
      const a = adjoint[y + o] * slope[node] + pull[node] * curvature[node] * sums[y + o];
      const d = delta[node];
      adjoint[y + o] = a;
      row[biases + o] += a;
      for (let k = 0; k < inputs; k++) row[w + k] += a * value[at + x + k] + d * tangent[x + k];
      w += inputs;
    }
    if (l > 1) transposed(shape, weights, l - 1, adjoint, y, adjoint, x);
  }
}

function pushTangent(shape: NetworkShape, weights: Float64Array, target: PassTarget, scratch: TangentScratch): void {
  const { tangent, sums } = scratch;
  const { slope } = target.rows;
  for (let l = 1; l < shape.sizes.length; l++) {
    const inputs = shape.sizes[l - 1];
    const x = shape.nodeStart[l - 1];
    const y = shape.nodeStart[l];
    let w = shape.weightStart[l - 1];
    for (let o = 0; o < shape.sizes[l]; o++) {
      let s = 0;
      for (let k = 0; k < inputs; k++) s += weights[w + k] * tangent[x + k];
      w += inputs;
      sums[y + o] = s;
      tangent[y + o] = slope[target.at + y + o] * s;
    }
  }
}
