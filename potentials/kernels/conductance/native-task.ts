import { chosenVariant, type KernelAddon, loadAddon } from '../load-addon.ts';
import { DESCRIPTION_VERSION, TASKS, type Task, type TaskArrays, type TaskName } from './task.ts';

/** addon.c. */
interface Addon extends KernelAddon {
  /** Throws Error when the variant does not run here or the description is invalid. */
  create(variant: string, task: number, description: Float64Array): object;
  run(
    handle: object,
    positions: Float64Array,
    species: Int32Array,
    centers: Int32Array,
    first: Int32Array,
    neighbors: Int32Array,
    numbers: Float64Array,
    values: Float64Array,
    features: Float32Array,
    status: Int32Array,
  ): number;
}

const load = () => loadAddon<Addon>('conductance', DESCRIPTION_VERSION);

/** Instruction sets of the native kernels that run here, best first; empty without the addon. */
export function nativeTaskVariants(): string[] {
  try {
    return load().variants();
  } catch {
    return [];
  }
}

/** Throws Error with the reason when the addon, or the variant, does not run here. */
export function nativeTask(task: TaskName, description: Float64Array, wanted?: string): Task {
  const addon = load();
  const variant = chosenVariant(addon.variants(), wanted);
  const handle = addon.create(variant, TASKS[task], description);
  return {
    backend: `native (${variant})`,
    run: (a: TaskArrays) =>
      addon.run(
        handle,
        a.positions,
        a.species,
        a.centers,
        a.first,
        a.neighbors,
        a.numbers,
        a.values,
        a.features,
        a.status,
      ),
  };
}
