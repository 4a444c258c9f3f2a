import { createRequire } from 'node:module';
import type * as Union from '@tensorflow/tfjs';
import type { Rung } from './rungs.ts';

/** The interface of TensorFlow.js, the same on every rung. All numbers are float32. */
export type Tf = typeof Union;
export type Tensor = Union.Tensor;
export type TensorInfo = Union.TensorInfo;

/** Each engine of the ladder as it comes; all that @tensorflow is imported for is in this file. */
export const LOADERS: Readonly<Record<Rung, () => Promise<Tf>>> = {
  'tfjs-node-gpu': () => nativePackage('@tensorflow/tfjs-node-gpu'),
  'tfjs-node': () => nativePackage('@tensorflow/tfjs-node'),
  'tfjs-wasm': async () => {
    const tf = await union();
    await import('@tensorflow/tfjs-backend-wasm');
    return activate(tf, 'wasm');
  },
  'tfjs-cpu': async () => activate(await union(), 'cpu'),
};

async function union(): Promise<Tf> {
  const loaded = await import('@tensorflow/tfjs');
  const tf: Tf = 'default' in loaded ? (loaded.default as Tf) : loaded;
  // Without this the plain JavaScript engine prints an advertisement of tfjs-node to stderr.
  tf.env().set('PROD', true);
  return tf;
}

async function activate(tf: Tf, backend: string): Promise<Tf> {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} did not start`);
  await tf.ready();
  return tf;
}

/** The user adds these packages by hand, so their names are no imports. They need `util.isNullOrUndefined`, which Node 23 removed. */
async function nativePackage(name: string): Promise<Tf> {
  const require = createRequire(import.meta.url);
  const path = require.resolve(name);
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  return activate(require(path) as Tf, 'tensorflow');
}
