import { type Random, seededRandom } from '../../core/random.ts';
import type { Tf } from '../../tensorflow/tensorflow.ts';
import { type InputMap, mapRow, plainMap } from './input-map.ts';
import { fitProjection, type Projection, projectRows } from './projection.ts';
import { mobileAtoms, type RawFeatures } from './raw-features.ts';
import { isGlobal, type PredictorModel, seesNeck } from './recipes.ts';
import type { Snapshot } from './snapshots.ts';
import type { Input } from './training-set.ts';

/** Atoms whose features decide the projection, and components that are kept. */
const SAMPLED = 12_000;
const KEPT = 128;
/** Weight of the cross-sections in the distances of a kernel, against the largest component. */
const CROSS_SECTION_SHARE = 3;

export interface Steps {
  step(done: number, total: number): Promise<void>;
}

/** Fits the projection on mobile atoms of the training snapshots, drawn at random. */
export async function fitOn(
  tf: Tf,
  features: RawFeatures,
  training: readonly Snapshot[],
  { step }: Steps,
): Promise<Projection> {
  const random = seededRandom(2);
  const each = SAMPLED / training.length;
  const parts: Float32Array[] = [];
  for (const [k, { wire }] of training.entries()) {
    const count = Math.floor((k + 1) * each) - Math.floor(k * each);
    if (count > 0) parts.push(features.rows(wire, drawn(mobileAtoms(wire), count, random)).slice());
    await step(k + 1, training.length);
  }
  const rows = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return fitProjection(tf, rows, features.kernel.nfeatures, KEPT);
}

function drawn(atoms: Int32Array, count: number, random: Random): Int32Array {
  const pool = atoms.slice();
  const n = Math.min(count, pool.length);
  for (let k = 0; k < n; k++) {
    const other = k + Math.floor(random() * (pool.length - k));
    [pool[k], pool[other]] = [pool[other], pool[k]];
  }
  return pool.subarray(0, n);
}

/** What several models need of a set of snapshots: raw vectors a model, and components of the atoms where a pooled model is among them. */
export interface Collected {
  readonly vectors: ReadonlyMap<PredictorModel, readonly Float64Array[]>;
  readonly atoms: readonly Float32Array[];
}

export async function collect(
  tf: Tf,
  features: RawFeatures,
  snapshots: readonly Snapshot[],
  { models, projection, step }: Steps & { models: readonly PredictorModel[]; projection: Projection },
): Promise<Collected> {
  const vectors = new Map(models.map((model) => [model, [] as Float64Array[]]));
  const atoms: Float32Array[] = [];
  const needsAtoms = models.some((model) => !isGlobal(model));
  for (const [k, { wire }] of snapshots.entries()) {
    const rows = features.rows(wire);
    for (const [model, list] of vectors) list.push(features.vector(model, wire, rows));
    if (needsAtoms) atoms.push(projectRows(tf, rows, projection));
    await step(k + 1, snapshots.length);
  }
  return { vectors, atoms };
}

/** The map of a model from raw vectors of training wires: global models see standardised numbers, the others components. */
export function inputMapOf(model: PredictorModel, vectors: readonly Float64Array[], projection: Projection): InputMap {
  if (!isGlobal(model)) return plainMap(projection);
  const used = model === 'coulomb' ? undefined : projection;
  const size = vectors[0].length - (used ? used.features - used.kept : 0);
  const shift = new Float64Array(size);
  const width = new Float64Array(size).fill(1);
  const open: InputMap = { ...(used && { projection: used }), shift, width };
  const rows = vectors.map((v) => mapRow(v, open));
  const mean = shift.map((_, k) => rows.reduce((sum, r) => sum + r[k], 0) / rows.length);
  const deviation = shift.map((_, k) =>
    Math.sqrt(rows.reduce((sum, r) => sum + (r[k] - mean[k]) ** 2, 0) / rows.length),
  );
  const all = Math.sqrt(
    rows.reduce((sum, r) => sum + r.reduce((part, v) => part + v * v, 0), 0) / (rows.length * size) -
      (mean.reduce((sum, m) => sum + m, 0) / size) ** 2,
  );
  // Components of the neck keep their proportions: the small ones are mostly noise. To a kernel the cross-sections count more.
  const largest = deviation.subarray(0, used?.kept ?? 0).reduce((most, d) => Math.max(most, d), 0);
  const kept = used?.kept ?? 0;
  const widths = deviation.map((d, k) => {
    if (seesNeck(model) && k < kept) return largest || 1;
    if (model === 'neck-kernel') return d / CROSS_SECTION_SHARE || 1;
    return d + (model === 'coulomb' ? 1e-3 * all : 0) || 1;
  });
  return { ...open, shift: mean, width: widths };
}

/** Inputs of a network of the model. */
export function inputsOf(
  model: PredictorModel,
  snapshots: readonly Snapshot[],
  { vectors, atoms }: Collected,
  map: InputMap,
): Input[] {
  const own = vectors.get(model) ?? [];
  return snapshots.map(({ wire }, k) =>
    isGlobal(model)
      ? { rows: Float32Array.from(mapRow(own[k], map)), heights: new Float64Array(0) }
      : { rows: atoms[k], heights: Float64Array.from(mobileAtoms(wire), (i) => wire.positions[3 * i + 2]) },
  );
}
