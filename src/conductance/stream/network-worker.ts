// One thread of a NetworkPool (network-pool.ts): predicts the wires it is sent, in order.
import { parentPort, workerData } from 'node:worker_threads';
import { ProjectError } from '../../core/errors.ts';
import type { FromThread } from '../../flow/thread-pool.ts';
import type { Wire } from '../geometry/wire.ts';
import { loadPredictor, type Prediction } from '../predictor/predictor.ts';

const loaded = loadPredictor(workerData as string);
loaded.catch(() => {}); // said with every answer

parentPort?.on('message', async (wire: Wire) => {
  let message: FromThread<Prediction>;
  try {
    message = { answer: (await loaded).predict(wire) };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    message = { failure, expected: error instanceof ProjectError };
  }
  parentPort?.postMessage(message);
});
