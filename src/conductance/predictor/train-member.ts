import { PotentialError } from '../../core/errors.ts';
import { gaussian, seededRandom } from '../../core/random.ts';
import type { Tensor, Tf } from '../../tensorflow/tensorflow.ts';
import { forward, initialParameters, type Layout, type Parameters, parameterTensors } from './network.ts';
import type { Recipe } from './recipes.ts';
import { batchTensors, deviations, type Input, type Noise } from './training-set.ts';

/** Snapshots with what the network has to give, G0. */
interface LearningSet {
  readonly inputs: readonly Input[];
  readonly targets: Float64Array;
}

/** Seeds of the first weights, of the order and of the noise. */
interface Seeds {
  readonly weights: number;
  readonly order: number;
  readonly noise: number;
}

/** One row of the learning curve of a member; errors in G0. */
export interface Epoch {
  readonly epoch: number;
  readonly loss: number;
  readonly validation: number;
}

/** All that an interrupted training needs to go on exactly. */
export interface MemberState {
  readonly parameters: Float32Array[];
  readonly first: Float32Array[];
  readonly second: Float32Array[];
  steps: number;
  best: { epoch: number; error: number; parameters: Float32Array[] };
  readonly epochs: Epoch[];
}

export interface MemberTraining {
  readonly layout: Layout;
  readonly recipe: Recipe;
  readonly seeds: Seeds;
  readonly training: LearningSet;
  /** Without snapshots the last epoch counts, not the best. */
  readonly validation: LearningSet;
  readonly state?: MemberState;
  /** After each epoch; false = stop here. */
  onEpoch(state: MemberState): Promise<boolean>;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Normal numbers that the noise is taken from, in another order at each update. */
const NOISE_TABLE = 1 << 18;
/** Snapshots of the validation set at a time. */
const EVALUATED = 64;

/** Trains one network with Adam; the epoch of best validation MAE counts. Returns early where `onEpoch` says so. */
export async function trainMember(tf: Tf, work: MemberTraining): Promise<MemberState> {
  const { layout, recipe, seeds, training, validation } = work;
  const state = work.state ?? newState(layout, seeds);
  const table = noiseTable(seeds.noise);
  const spread = deviations(training.inputs, layout.inputs).map((d) => d * recipe.noise);
  const count = training.inputs.length;
  for (let epoch = state.epochs.length; epoch < recipe.epochs; epoch++) {
    const rate = recipe.learningRate * 0.5 * (1 + Math.cos((Math.PI * epoch) / recipe.epochs)) + recipe.lastRate;
    const order = shuffled(count, mixed(seeds.order, epoch));
    let loss = 0;
    for (let from = 0; from < count; from += recipe.batch) {
      const chosen = order.subarray(from, from + recipe.batch);
      const noise = recipe.noise > 0 ? noiseFrom(table, spread, mixed(seeds.noise, state.steps)) : undefined;
      const { value, gradients } = lossAndGradients(tf, work, { parameters: state.parameters, chosen, noise });
      if (!Number.isFinite(value))
        throw new PotentialError(`the loss of epoch ${epoch + 1} is ${value}: see labels and noise`);
      loss += (value * chosen.length) / count;
      adamStep(state, gradients, rate, recipe.weightDecay);
      // Let a stop signal in.
      if ((from / recipe.batch) % 8 === 7) await new Promise(setImmediate);
    }
    const error = validation.inputs.length > 0 ? meanError(tf, layout, state.parameters, validation) : Number.NaN;
    state.epochs.push({ epoch: epoch + 1, loss, validation: error });
    if (!(error >= state.best.error))
      state.best = { epoch: epoch + 1, error, parameters: state.parameters.map((p) => p.slice()) };
    if (!(await work.onEpoch(state))) break;
  }
  return state;
}

function newState(layout: Layout, seeds: Seeds): MemberState {
  const parameters = initialParameters(layout, seeds.weights);
  const zeros = () => parameters.map((p) => new Float32Array(p.length));
  return {
    parameters,
    first: zeros(),
    second: zeros(),
    steps: 0,
    best: { epoch: 0, error: Number.POSITIVE_INFINITY, parameters: parameters.map((p) => p.slice()) },
    epochs: [],
  };
}

interface Update {
  readonly parameters: Parameters;
  readonly chosen: Int32Array;
  readonly noise: Noise | undefined;
}

function lossAndGradients(tf: Tf, { layout, recipe, training }: MemberTraining, update: Update) {
  const { parameters, chosen, noise } = update;
  const inputs = Array.from(chosen, (i) => training.inputs[i]);
  const targets = Float32Array.from(chosen, (i) => training.targets[i]);
  return tf.tidy(() => {
    const batch = batchTensors(tf, layout, inputs, noise);
    const wanted = tf.tensor1d(targets);
    const loss = (...tensors: Tensor[]) =>
      tf.losses.huberLoss(wanted, forward(tf, layout, tensors, batch), undefined, recipe.delta) as Tensor;
    const { value, grads } = tf.valueAndGrads(loss as Parameters0<Tf>)(parameterTensors(tf, layout, parameters));
    return { value: value.dataSync()[0], gradients: grads.map((g) => g.dataSync() as Float32Array) };
  });
}

/** Type of a function that TensorFlow.js differentiates. */
type Parameters0<T extends Tf> = Parameters1<T['valueAndGrads']>;
type Parameters1<F extends (f: never) => unknown> = F extends (f: infer G) => unknown ? G : never;

/** D. Kingma and J. Ba, ICLR 2015; decay of the matrices apart from the gradient (I. Loshchilov and F. Hutter, ICLR 2019). */
function adamStep(state: MemberState, gradients: readonly Float32Array[], rate: number, decay: number): void {
  state.steps++;
  const step = rate / (1 - BETA1 ** state.steps);
  const correction = 1 / (1 - BETA2 ** state.steps);
  gradients.forEach((gradient, p) => {
    const [weights, first, second] = [state.parameters[p], state.first[p], state.second[p]];
    const kept = p % 2 === 0 ? 1 - rate * decay : 1;
    for (let k = 0; k < gradient.length; k++) {
      const g = gradient[k];
      first[k] += (1 - BETA1) * (g - first[k]);
      second[k] += (1 - BETA2) * (g * g - second[k]);
      weights[k] = kept * weights[k] - (step * first[k]) / (Math.sqrt(second[k] * correction) + EPSILON);
    }
  });
}

/** Outputs of the network for all snapshots, G0. */
export function evaluateAll(tf: Tf, layout: Layout, parameters: Parameters, inputs: readonly Input[]): Float64Array {
  const out = new Float64Array(inputs.length);
  for (let from = 0; from < inputs.length; from += EVALUATED) {
    const part = inputs.slice(from, from + EVALUATED);
    const values = tf.tidy(() =>
      forward(tf, layout, parameterTensors(tf, layout, parameters), batchTensors(tf, layout, part)).dataSync(),
    );
    out.set(values, from);
  }
  return out;
}

function meanError(tf: Tf, layout: Layout, parameters: Parameters, set: LearningSet): number {
  const outputs = evaluateAll(tf, layout, parameters, set.inputs);
  return outputs.reduce((sum, g, k) => sum + Math.abs(g - set.targets[k]), 0) / outputs.length;
}

function noiseTable(seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: NOISE_TABLE }, () => gaussian(random));
}

function noiseFrom(table: Float32Array, spread: Float64Array, seed: number): Noise {
  const random = seededRandom(seed);
  const jump = () => Math.floor(random() * NOISE_TABLE);
  let at = jump();
  let used = 0;
  return {
    deviations: spread,
    next() {
      // A new place now and then: no two atoms of a batch share their noise for long.
      if (++used % 64 === 0) at = jump();
      at = (at + 1) & (NOISE_TABLE - 1);
      return table[at];
    },
  };
}

/** A seed from a seed and a number. */
function mixed(seed: number, k: number): number {
  return (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(k + 1, 0x85ebca6b)) >>> 0;
}

export function shuffled(count: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, k) => k);
  const random = seededRandom(seed);
  for (let k = count - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
