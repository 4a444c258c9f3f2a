import { join } from 'node:path';
import { kernelFolder } from '../kernel-folder.ts';
import { instantiate, type WasmExports, WasmMemory } from '../wasm-memory.ts';
import { CODES, DESCRIPTION_VERSION, TASKS, type Task, type TaskArrays, type TaskName } from './task.ts';

/** wasm.cpp; addresses and counts are unsigned 32-bit numbers. */
interface Exports extends WasmExports {
  model_bytes(task: number, description: number, length: number): number;
  model_init(task: number, description: number, length: number, model: number): number;
  scratch_bytes(task: number, model: number, snapshot: number): number;
  run(task: number, model: number, snapshot: number, scratch: number): number;
}

/** Numbers of 32 bits in NnpSnapshot of conductance.h; the last is `at`. */
const SNAPSHOT_WORDS = 16;

/** Throws Error with the reason when the module does not load here or the description is invalid. */
export function wasmTask(name: TaskName, description: Float64Array): Task {
  const file = join(kernelFolder(), 'conductance', 'conductance.wasm');
  const exports = instantiate<Exports>(file, DESCRIPTION_VERSION);
  const memory = new WasmMemory(exports);
  const task = TASKS[name];
  const start = memory.mark();
  const bytes = exports.model_bytes(task, memory.put(description), description.length) >>> 0;
  if (bytes === 0) throw new Error('the description is invalid');
  memory.release(start);
  const model = memory.take(bytes);
  const free = memory.mark();
  // Behind the model, where the snapshots will be.
  if (exports.model_init(task, memory.put(description), description.length, model))
    throw new Error('the description cannot be prepared');
  return { backend: 'wasm', run: (arrays) => runTask(exports, memory, { task, model, free }, arrays) };
}

interface Prepared {
  readonly task: number;
  readonly model: number;
  /** Memory from here on is used again by every snapshot. */
  readonly free: number;
}

function runTask(exports: Exports, memory: WasmMemory, { task, model, free }: Prepared, arrays: TaskArrays): number {
  const { positions, species, centers, first, neighbors, numbers, values, features, status } = arrays;
  memory.release(free);
  const snapshot = memory.take(4 * SNAPSHOT_WORDS);
  const given = [positions, species, centers, first, neighbors, numbers].map((array) => memory.put(array));
  const valuesAt = values.length ? memory.take(values.byteLength) : 0;
  const featuresAt = features.length ? memory.take(features.byteLength) : 0;
  const words = [
    ...[given[0], positions.length / 3, given[1], given[2], centers.length, given[3], given[4]],
    ...[first.length, neighbors.length, given[5], numbers.length, valuesAt, values.length, featuresAt, features.length],
    -1,
  ];
  memory.view(Int32Array, snapshot, SNAPSHOT_WORDS).set(words);
  if (species.length < positions.length / 3) return CODES.badSize;
  const bytes = exports.scratch_bytes(task, model, snapshot) >>> 0;
  if (bytes === 0) return CODES.badSize;
  const code = exports.run(task, model, snapshot, memory.take(bytes));
  status[0] = memory.view(Int32Array, snapshot, SNAPSHOT_WORDS)[SNAPSHOT_WORDS - 1];
  if (code !== CODES.done) return code;
  values.set(memory.view(Float64Array, valuesAt, values.length));
  features.set(memory.view(Float32Array, featuresAt, features.length));
  return code;
}
