import type { Backend } from '../backends.ts';
import { nativeTask } from './native-task.ts';
import type { Task, TaskName } from './task.ts';
import { wasmTask } from './wasm-task.ts';

/** How a task is made on a rung of the ladder. */
export type MakeTask = (description: Float64Array) => Task;

interface Wanted {
  readonly name: TaskName;
  readonly description: Float64Array;
  readonly backend: Backend;
  /** What is wrong with tasks made so, null if nothing; asked once for each rung. */
  selfTest(make: MakeTask): string | null;
}

const verdicts = new Map<string, string | null>();

/**
 * The fastest compiled kernel that works here, native before WebAssembly: one that loads, is of our version and passes a self-test.
 * Undefined with a sentence for each rung in `reasons` when there is none, or TypeScript is wanted.
 */
export function chooseTask({ name, description, backend, selfTest }: Wanted, reasons: string[]): Task | undefined {
  for (const [rung, make] of rungs(name, backend)) {
    try {
      const task = make(description);
      const key = `${name} ${task.backend}`;
      const verdict = verdicts.has(key) ? verdicts.get(key) : selfTest(make);
      verdicts.set(key, verdict ?? null);
      if (verdict === null) return task;
      reasons.push(`${rung}: it fails its self-test: ${verdict}`);
    } catch (error) {
      reasons.push(`${rung}: ${(error as Error).message}`);
    }
  }
  return undefined;
}

function rungs(name: TaskName, backend: Backend): [string, MakeTask][] {
  if (backend === 'wasm') return [['wasm', (d) => wasmTask(name, d)]];
  if (backend.startsWith('native-')) return [[backend, (d) => nativeTask(name, d, backend.slice('native-'.length))]];
  const native: [string, MakeTask] = ['native', (d) => nativeTask(name, d)];
  if (backend === 'native') return [native];
  return backend === 'auto' ? [native, ['wasm', (d) => wasmTask(name, d)]] : [];
}
