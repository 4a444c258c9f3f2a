import type { Backend } from '../../../potentials/kernels/backends.ts';
import { chooseTask } from '../../../potentials/kernels/conductance/choose-task.ts';
import { CODES, type Task, type TaskName, taskArrays } from '../../../potentials/kernels/conductance/task.ts';
import { PotentialError } from '../../core/errors.ts';
import type { Wire } from '../geometry/wire.ts';
import { openChannels, type Transmission } from './landauer.ts';

/** The compiled kernel with these leads. Throws PotentialError where the backend cannot be used: it was chosen because it can. */
export function taskForLeads(name: TaskName, description: Float64Array, backend: Backend): Task {
  const reasons: string[] = [];
  const task = chooseTask({ name, description, backend, selfTest: () => null }, reasons);
  if (task) return task;
  throw new PotentialError(`${name}, ${reasons.join('; ')}`);
}

/** Transmission of a wire by a task that takes `numbers` after grips and lead period; the code where it ends with one of `expected`. */
export function kernelTransmission<Code extends number>(
  task: Task,
  wire: Wire,
  { most, numbers = [], expected }: KernelRun<Code>,
): Transmission | { readonly code: Code; readonly at: number } {
  const values = new Float64Array(2 + most);
  const arrays = taskArrays({
    positions: wire.positions,
    numbers: Float64Array.of(wire.bottom, wire.top, wire.leadPeriod, ...numbers),
    values,
  });
  const code = task.run(arrays);
  const at = arrays.status[0];
  const known = expected.find((one) => one === code);
  if (known !== undefined) return { code: known, at };
  if (code === CODES.badPosition) throw new PotentialError(`a coordinate of atom ${at + 1} is not a number`);
  if (code !== CODES.done) throw new RangeError(`the conductance cannot be calculated (code ${code})`);
  return { total: values[0], channels: openChannels(values.slice(2, 2 + values[1])) };
}

interface KernelRun<Code> {
  /** Most channels there can be. */
  readonly most: number;
  readonly numbers?: readonly number[];
  /** Codes that the caller has an answer to. */
  readonly expected: readonly Code[];
}
