// One thread of the conductance bench: predicts for a time, when it is told to, and says how often.
import { parentPort, workerData } from 'node:worker_threads';
import { predictor } from './conductance-workload.ts';

const { free, backend, seconds } = workerData;
const { predict } = predictor(free, backend);
predict();
parentPort?.postMessage('ready');
parentPort?.once('message', () => {
  const end = performance.now() + 1000 * seconds;
  let count = 0;
  for (; performance.now() < end; count++) predict();
  parentPort?.postMessage(count);
});
