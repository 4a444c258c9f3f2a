import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { symbolOf } from '../../core/elements.ts';
import { ThreadPool } from '../../flow/thread-pool.ts';
import { workerModule } from '../../flow/worker-module.ts';
import type { Wire } from '../geometry/wire.ts';
import { type MetalWords, metalOf } from '../metals.ts';
import { loadPredictor, type Prediction, type PredictorData } from '../predictor/predictor.ts';
import { PREDICTOR_NAME } from '../predictor/predictor-file.ts';
import { bondLength } from '../pull/job-folder.ts';
import type { SnapshotPredictor } from './predictor.ts';

/** Predictions of a trained network, on several threads. Throws what `loadPredictor` throws. */
export async function networkPredictor(
  directory: string,
  metal: Omit<MetalWords, 'element'>,
  threads: number,
): Promise<SnapshotPredictor> {
  const { data, backend } = await loadPredictor(directory);
  const { lattice, a } = metalOf({ ...metal, element: symbolOf(data.z) });
  const identity = await identityOf(directory, data);
  const worker = workerModule(new URL('./network-worker.ts', import.meta.url));
  const pool = new ThreadPool<Wire, Prediction>(worker, directory, threads);
  return {
    name: `${directory} (${data.model}, ${data.members.length} networks, ${backend})`,
    identity,
    z: data.z,
    bond: bondLength(lattice, a),
    needsLeads: false,
    atOnce: 3 * threads,
    predict: (wire) => pool.run(wire),
    close: () => pool.close(),
  };
}

/** The model and the hash of its description, which holds that of its weights. */
async function identityOf(directory: string, { model }: PredictorData): Promise<string> {
  const text = await readFile(join(directory, PREDICTOR_NAME));
  return JSON.stringify({ predictor: model, sha256: createHash('sha256').update(text).digest('hex') });
}
