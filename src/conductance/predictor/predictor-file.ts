import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DenseLayer, PooledNetwork, Pooling } from '../../../potentials/networks/pooled-network.ts';
import { symbolOf } from '../../core/elements.ts';
import { FormatError, UsageError } from '../../core/errors.ts';
import type { KernelModel } from './kernel-model.ts';
import type { PredictorData } from './predictor-data.ts';
import { PREDICTOR_MODELS } from './recipes.ts';

const SCHEMA = 'nnp-bridge-conductance/1';
export const PREDICTOR_NAME = 'predictor.json';
const WEIGHTS_NAME = 'weights.bin';
/** Bytes a directory may claim: a typing error in predictor.json must not allocate everything. */
const MOST_BYTES = 1 << 30;

/** Where in weights.bin (float64, little-endian) an array is, in numbers. */
interface Place {
  readonly at: number;
  readonly length: number;
}

/**
 * Writes a directory: `predictor.json` (units, basis, layers, baseline, facts about the training), `weights.bin` and further files. It
 * appears whole or not at all; one that holds a predictor is replaced. Throws UsageError for a directory of something else.
 */
export async function writePredictor(
  directory: string,
  data: PredictorData,
  facts: Readonly<Record<string, unknown>>,
  files: ReadonlyMap<string, string | Uint8Array> = new Map(),
): Promise<void> {
  const all = new Map([...packedPredictor(data, facts), ...files]);
  const target = resolve(directory);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  const mark = `.${basename(target)}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const temporary = join(parent, `${mark}.tmp`);
  await mkdir(temporary);
  try {
    for (const [name, content] of all) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      const file = await open(join(temporary, name), 'wx');
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await replace(temporary, target, join(parent, `${mark}.old`));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Throws UsageError where there is something that is no predictor. */
export async function checkPredictorTarget(directory: string): Promise<void> {
  const exists = await access(directory).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  await access(join(directory, PREDICTOR_NAME)).catch(() => {
    throw new UsageError(`${directory} exists and holds no predictor (no ${PREDICTOR_NAME}): choose another directory`);
  });
}

/** Directories cannot be exchanged in one step: the old one is moved aside, and back when the new one cannot take its place. */
async function replace(fresh: string, directory: string, aside: string): Promise<void> {
  await checkPredictorTarget(directory);
  const moved = await rename(directory, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(fresh, directory);
  } catch (error) {
    if (moved) await rename(aside, directory);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Names and contents of the two files of a predictor. */
export function packedPredictor(
  data: PredictorData,
  facts: Readonly<Record<string, unknown>>,
): Map<string, string | Uint8Array> {
  const arrays: Float64Array[] = [];
  let at = 0;
  const place = (array: Float64Array): Place => {
    arrays.push(array);
    at += array.length;
    return { at: at - array.length, length: array.length };
  };
  const layer = ({ weights, bias, ...rest }: DenseLayer) => ({ ...rest, weights: place(weights), bias: place(bias) });
  const { map, low, high, members, kernels, ...plain } = data;
  const body = {
    ...plain,
    members: members.map(({ atomLayers, pooling, headLayers }) => ({
      atomLayers: atomLayers.map(layer),
      pooling: pooling.kind === 'slice' ? { ...pooling, layers: pooling.layers.map(layer) } : pooling,
      headLayers: headLayers.map(layer),
    })),
    ...(kernels && {
      kernels: kernels.map((k) => ({ ...k, centers: place(k.centers), weights: place(k.weights) })),
    }),
    map: {
      ...(map.projection && {
        projection: {
          features: map.projection.features,
          kept: map.projection.kept,
          mean: place(map.projection.mean),
          scale: place(map.projection.scale),
          components: place(map.projection.components),
        },
      }),
      shift: place(map.shift),
      width: place(map.width),
    },
    low: place(low),
    high: place(high),
  };
  const weights = Buffer.alloc(8 * at);
  let to = 0;
  for (const array of arrays) for (const value of array) to = weights.writeDoubleLE(value, to);
  const text = JSON.stringify(
    {
      schema: SCHEMA,
      units: { conductance: 'G0 = 2e^2/h', length: 'angstrom' },
      element: symbolOf(data.z),
      ...facts,
      weights: { file: WEIGHTS_NAME, type: 'float64 little-endian', sha256: sha256(weights) },
      predictor: body,
    },
    null,
    1,
  );
  return new Map<string, string | Uint8Array>([
    [PREDICTOR_NAME, `${text}\n`],
    [WEIGHTS_NAME, weights],
  ]);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads a directory that `writePredictor` wrote. Throws FormatError for one that is damaged or of another kind. */
export async function readPredictor(directory: string): Promise<PredictorData> {
  const path = join(directory, PREDICTOR_NAME);
  const fail = (message: string) => new FormatError(PREDICTOR_NAME, { path }, message);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw fail(`expected the file of a trained predictor (conductance train), found none (${error.code})`);
  });
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field below
  let read: any;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw fail(`expected JSON, found: ${(error as Error).message}`);
  }
  if (read?.schema !== SCHEMA) throw fail(`expected "schema": "${SCHEMA}", found ${JSON.stringify(read?.schema)}`);
  const bytes = await readFile(join(directory, WEIGHTS_NAME)).catch((error: NodeJS.ErrnoException) => {
    throw fail(`expected ${WEIGHTS_NAME} beside it (${error.code})`);
  });
  if (sha256(bytes) !== read.weights?.sha256) throw fail(`${WEIGHTS_NAME} is not the file it was written with`);
  try {
    return unpacked(read.predictor, bytes);
  } catch (error) {
    throw fail(`the description of the predictor is damaged: ${(error as Error).message}`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what is missing or wrong throws, and the caller says so
function unpacked(body: any, bytes: Buffer): PredictorData {
  const array = ({ at, length }: Place): Float64Array => {
    const inside = Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 0;
    if (!inside || 8 * (at + length) > Math.min(bytes.length, MOST_BYTES))
      throw new Error('an array is out of the file');
    return Float64Array.from({ length }, (_, k) => bytes.readDoubleLE(8 * (at + k)));
  };
  const layer = (from: { inputs: number; outputs: number; activation: string; weights: Place; bias: Place }) => {
    const { inputs, outputs, activation } = from;
    const read = { inputs, outputs, weights: array(from.weights), bias: array(from.bias) };
    if (read.weights.length !== inputs * outputs || read.bias.length !== outputs)
      throw new Error('a layer has other weights than its size says');
    if (activation !== 'linear' && activation !== 'leaky-relu') throw new Error(`activation ${activation}`);
    return { ...read, activation } satisfies DenseLayer;
  };
  const network = (from: { atomLayers: never[]; pooling: Pooling; headLayers: never[] }): PooledNetwork => ({
    atomLayers: from.atomLayers.map(layer),
    pooling:
      from.pooling.kind === 'slice'
        ? { ...from.pooling, layers: (from.pooling.layers as never[]).map(layer) }
        : from.pooling,
    headLayers: from.headLayers.map(layer),
  });
  const kernel = (from: Omit<KernelModel, 'centers' | 'weights'> & { centers: Place; weights: Place }): KernelModel => {
    const read = { ...from, centers: array(from.centers), weights: array(from.weights) };
    if (!(read.width > 0) || read.centers.length !== read.inputs * read.weights.length)
      throw new Error('a kernel has other centers than its size says');
    return read;
  };
  const { projection, shift, width } = body.map;
  if (!PREDICTOR_MODELS.includes(body.model)) throw new Error(`model ${body.model}`);
  return {
    model: body.model,
    z: body.z,
    soap: body.soap,
    ...(body.baseline && { baseline: body.baseline }),
    members: body.members.map(network),
    ...(body.kernels && { kernels: body.kernels.map(kernel) }),
    map: {
      ...(projection && {
        projection: {
          features: projection.features,
          kept: projection.kept,
          mean: array(projection.mean),
          scale: array(projection.scale),
          components: array(projection.components),
        },
      }),
      shift: array(shift),
      width: array(width),
    },
    low: array(body.low),
    high: array(body.high),
  };
}
