import type { SoapSettings } from '../../../potentials/descriptors/soap.ts';
import type { PooledNetwork } from '../../../potentials/networks/pooled-network.ts';
import type { Tf } from '../../tensorflow/tensorflow.ts';
import { type CrossSectionBaseline, fitBaseline, predictBaseline } from '../features/cross-section.ts';
import type { TrainingCheckpoint } from './checkpoint.ts';
import { foldLayer, type InputMap } from './input-map.ts';
import { evaluateKernel, fitKernel, type KernelModel } from './kernel-model.ts';
import { type Collected, collect, fitOn, inputMapOf, inputsOf } from './learning-inputs.ts';
import { denseLayers, type Layout, layoutOf, type Parameters } from './network.ts';
import type { PredictorData } from './predictor-data.ts';
import type { Projection } from './projection.ts';
import { RawFeatures } from './raw-features.ts';
import { isGlobal, type PredictorModel, type Recipe, SLICES } from './recipes.ts';
import { metalOfSnapshots, type Snapshot } from './snapshots.ts';
import {
  type Epoch,
  evaluateAll,
  type MemberState,
  type MemberTraining,
  shuffled,
  trainMember,
} from './train-member.ts';
import type { Input } from './training-set.ts';

/** Where the work is: what is done of how much. */
type Phase = 'projection' | 'features' | 'training';

export interface FitRequest {
  readonly models: readonly PredictorModel[];
  readonly recipes: Readonly<Record<PredictorModel, Recipe>>;
  readonly soap: Omit<SoapSettings, 'species'>;
  /** Networks of a model, and the number of the first seed. */
  readonly seeds: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  onProgress?(phase: Phase, done: number, total: number): void;
  onMember?(model: PredictorModel, seed: number, epochs: readonly Epoch[]): void;
}

export interface Sets {
  readonly training: readonly Snapshot[];
  readonly validation: readonly Snapshot[];
  /** Further sets that are predicted, by name. */
  readonly tests: readonly (readonly [name: string, snapshots: readonly Snapshot[]])[];
}

export interface FittedModel {
  readonly model: PredictorModel;
  readonly data: PredictorData;
  /** Learning curves of the members. */
  readonly curves: readonly (readonly Epoch[])[];
  /** G0 by set: one row a member, one value a snapshot. */
  readonly predictions: ReadonlyMap<string, readonly Float64Array[]>;
}

export interface Fitted {
  readonly baseline: CrossSectionBaseline;
  readonly models: readonly FittedModel[];
  /** Program of the features. */
  readonly features: string;
  readonly interrupted: boolean;
}

export const TRAINING = 'training';
export const VALIDATION = 'validation';

/** Trains networks of several models on the same snapshots. When it is stopped, the models that are complete are returned. */
export async function fitModels(
  tf: Tf,
  sets: Sets,
  request: FitRequest,
  checkpoint?: TrainingCheckpoint,
): Promise<Fitted> {
  const { training } = sets;
  const soap: SoapSettings = { ...request.soap, species: [metalOfSnapshots(training)] };
  const features = new RawFeatures(soap);
  const baseline = fitBaseline(
    training.map((s) => s.crossSection),
    training.map((s) => s.conductance),
  );
  if (request.models.length === 0) return { baseline, models: [], features: 'none', interrupted: false };
  const projection = await fitOn(tf, features, training, { step: stepper(request, 'projection') });
  const named: [string, readonly Snapshot[]][] = [
    [TRAINING, training],
    [VALIDATION, sets.validation],
    ...sets.tests.map(([name, set]): [string, readonly Snapshot[]] => [name, set]),
  ];
  const all = named.flatMap(([, set]) => set);
  const { models } = request;
  const collected = await collect(tf, features, all, { models, projection, step: stepper(request, 'features') });
  const fitted: FittedModel[] = [];
  const facts = { soap, baseline, projection, named, collected };
  for (const model of models) {
    const found = await fitModel(tf, model, facts, { request, checkpoint });
    if (found === undefined)
      return { baseline, models: fitted, features: features.kernel.rung.backend, interrupted: true };
    fitted.push(found);
  }
  return { baseline, models: fitted, features: features.kernel.rung.backend, interrupted: false };
}

function stepper({ signal, onProgress }: FitRequest, phase: Phase) {
  return async (done: number, total: number) => {
    onProgress?.(phase, done, total);
    if (done % 16 === 0) await new Promise(setImmediate);
    signal?.throwIfAborted();
  };
}

interface Facts {
  readonly soap: SoapSettings;
  readonly baseline: CrossSectionBaseline;
  readonly projection: Projection;
  readonly named: readonly (readonly [name: string, snapshots: readonly Snapshot[]])[];
  readonly collected: Collected;
}

async function fitModel(
  tf: Tf,
  model: PredictorModel,
  { soap, baseline, projection, named, collected }: Facts,
  { request, checkpoint }: { request: FitRequest; checkpoint: TrainingCheckpoint | undefined },
): Promise<FittedModel | undefined> {
  const recipe = request.recipes[model];
  const vectors = collected.vectors.get(model) ?? [];
  const count = named[0][1].length;
  const map = inputMapOf(model, vectors.slice(0, count), projection);
  const all = named.flatMap(([, set]) => set);
  const inputs = inputsOf(model, all, collected, map);
  const offset = Float64Array.from(all, (s) => (recipe.residual ? predictBaseline(baseline, s.crossSection) : 0));
  const targets = Float64Array.from(all, (s, k) => s.conductance - offset[k]);
  if (model === 'neck-kernel') {
    const kernels = kernelMembers(named[0][1], inputs, { targets, size: map.shift.length }, request);
    const rows = inputs.map((input) => Float64Array.from(input.rows));
    const outputs = kernels.map((kernel) => Float64Array.from(rows, (x, k) => evaluateKernel(kernel, x) + offset[k]));
    const range = rangeOf(inputs.slice(0, count), map.shift.length);
    const data: PredictorData = { model, z: soap.species[0], soap, baseline, members: [], kernels, map, ...range };
    return { model, data, curves: [], predictions: bySet(named, outputs) };
  }
  const layout = layoutOf(model, map.shift.length, recipe);
  const part = (from: number, to: number) => ({ inputs: inputs.slice(from, to), targets: targets.slice(from, to) });
  const validationEnd = count + named[1][1].length;
  const states: MemberState[] = [];
  for (let k = 0; k < request.seeds; k++) {
    const seed = request.seed + k;
    const state = await member(tf, {
      model,
      seed,
      request,
      checkpoint,
      work: { layout, recipe, training: part(0, count), validation: part(count, validationEnd) },
    });
    if (state === undefined) return undefined;
    states.push(state);
    request.onMember?.(model, seed, state.epochs);
  }
  const outputs = states.map((s) => evaluateAll(tf, layout, s.best.parameters, inputs).map((g, k) => g + offset[k]));
  const predictions = bySet(named, outputs);
  const data: PredictorData = {
    model,
    z: soap.species[0],
    soap,
    ...(recipe.residual && { baseline }),
    members: states.map((s) => foldedNetwork(layout, s.best.parameters, map)),
    map,
    ...rangeOf(inputs.slice(0, count), map.shift.length),
  };
  return { model, data, curves: states.map((s) => s.epochs), predictions };
}

/** Rows of the outputs of each member, by set. */
function bySet(named: Facts['named'], outputs: readonly Float64Array[]): ReadonlyMap<string, readonly Float64Array[]> {
  let from = 0;
  return new Map(
    named.map(([name, set]) => {
      const rows = outputs.map((o) => o.slice(from, from + set.length));
      from += set.length;
      return [name, rows] as const;
    }),
  );
}

/** Part of the training trajectories that a member of an ensemble of kernels is fitted to, where there are several. */
const BAG = 0.85;

/** The seeds decide which trajectories a member does not see; one member alone sees all. */
function kernelMembers(
  training: readonly Snapshot[],
  inputs: readonly Input[],
  { targets, size }: { readonly targets: Float64Array; readonly size: number },
  { seeds, seed, onProgress }: FitRequest,
): KernelModel[] {
  const names = [...new Set(training.map((s) => s.trajectory))];
  return Array.from({ length: seeds }, (_, k) => {
    const order = Array.from(shuffled(names.length, seed + k), (i) => names[i]);
    const seen = new Set(seeds > 1 ? order.slice(0, Math.max(1, Math.round(BAG * names.length))) : names);
    const chosen = training.flatMap((s, i) => (seen.has(s.trajectory) ? [i] : []));
    const centers = new Float64Array(chosen.length * size);
    chosen.forEach((i, row) => {
      centers.set(inputs[i].rows, row * size);
    });
    onProgress?.('training', k + 1, seeds);
    return fitKernel(
      centers,
      Float64Array.from(chosen, (i) => targets[i]),
      size,
    );
  });
}

interface MemberJob {
  readonly model: PredictorModel;
  readonly seed: number;
  readonly request: FitRequest;
  readonly checkpoint: TrainingCheckpoint | undefined;
  readonly work: Omit<MemberTraining, 'seeds' | 'state' | 'onEpoch'>;
}

/** ms between two writings of the state of a network. */
const SAVED_EVERY = 5000;

/** Trained, or gone on with; undefined when it was stopped before its end. */
async function member(tf: Tf, job: MemberJob): Promise<MemberState | undefined> {
  const { model, seed, request, checkpoint, work } = job;
  const name = `${model}-${seed}`;
  const state = await checkpoint?.read(name);
  const { epochs } = work.recipe;
  const total = request.seeds * epochs;
  let saved = Date.now();
  const result = await trainMember(tf, {
    ...work,
    seeds: { weights: 3 * seed, order: 3 * seed + 1, noise: 3 * seed + 2 },
    ...(state && { state }),
    async onEpoch(now) {
      request.onProgress?.('training', (seed - request.seed) * epochs + now.epochs.length, total);
      const isLast = now.epochs.length === epochs;
      const stop = request.signal?.aborted === true;
      if (checkpoint && (isLast || stop || Date.now() - saved > SAVED_EVERY)) {
        await checkpoint.write(name, now);
        saved = Date.now();
      }
      return !stop;
    },
  });
  return result.epochs.length === epochs ? result : undefined;
}

/** The network on raw features. */
export function foldedNetwork(layout: Layout, parameters: Parameters, map: InputMap): PooledNetwork {
  const { atoms, slices, head } = denseLayers(layout, parameters);
  if (isGlobal(layout.model)) {
    const [first, ...rest] = head;
    return { atomLayers: [], pooling: { kind: 'mean' }, headLayers: [foldLayer(first, map), ...rest] };
  }
  const [first, ...rest] = atoms;
  const atomLayers = [foldLayer(first, map), ...rest];
  if (layout.model === 'slice')
    return { atomLayers, pooling: { kind: 'slice', ...SLICES, layers: slices }, headLayers: head };
  return { atomLayers, pooling: { kind: layout.model === 'gmp' ? 'max' : 'mean' }, headLayers: head };
}

/** Smallest and largest of each input of the network; for pooled models of its mean over the atoms. */
function rangeOf(inputs: readonly Input[], size: number): Pick<PredictorData, 'low' | 'high'> {
  const low = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  for (const { rows } of inputs) {
    const mean = new Float64Array(size);
    for (let k = 0; k < rows.length; k++) mean[k % size] += (rows[k] * size) / rows.length;
    for (let k = 0; k < size; k++) {
      low[k] = Math.min(low[k], mean[k]);
      high[k] = Math.max(high[k], mean[k]);
    }
  }
  return { low, high };
}
