import type { Backend } from '../../../potentials/kernels/backends.ts';
import { CODES, DESCRIPTION_VERSION, type Task, taskArrays } from '../../../potentials/kernels/conductance/task.ts';
import { MissingDataError, ProgramError } from '../../core/errors.ts';
import type { Wire } from '../geometry/wire.ts';
import type { ComplexMatrix } from '../linear-algebra/complex.ts';
import { kernelTransmission, taskForLeads } from './kernel-task.ts';
import type { ConductanceModel, Transmission } from './landauer.ts';
import { TightBinding } from './tight-binding.ts';
import { MAX_BLOCK, type TightBindingLeads, tightBindingLeads } from './tight-binding-leads.ts';
import type { TightBindingParameters } from './tight-binding-parameters.ts';

interface PreparedLeads {
  /** Undefined where a lead has no open channel. */
  readonly task: Task | undefined;
  readonly channels: number;
}

/** `TightBinding` by the compiled kernel, the decimation of its leads too. */
export class TightBindingKernel implements ConductanceModel<PreparedLeads> {
  readonly #parameters: TightBindingParameters;
  readonly #oracle: TightBinding;
  readonly #backend: Backend;
  /** Atoms for which the kernel has room in a block. */
  #block = 64;

  constructor(parameters: TightBindingParameters, backend: Backend) {
    this.#parameters = parameters;
    this.#oracle = new TightBinding(parameters);
    this.#backend = backend;
  }

  leads(wire: Wire): PreparedLeads {
    const leads = tightBindingLeads(wire, this.#parameters, (h00, h01, n, eta) => this.#selfEnergy(h00, h01, n, eta));
    const channels = Math.min(leads.bottom.couplings.columns, leads.top.couplings.columns);
    if (channels === 0) return { task: undefined, channels };
    return { task: taskForLeads('tightBinding', describe(this.#parameters, leads), this.#backend), channels };
  }

  transmission(wire: Wire, { task, channels }: PreparedLeads): Transmission {
    if (!task) return { total: 0, channels: new Float64Array(0) };
    const expected = [CODES.smallRoom, CODES.coincident] as const;
    for (;;) {
      const numbers = [Math.min(this.#block, wire.natoms)];
      const result = kernelTransmission(task, wire, { most: channels, numbers, expected });
      if (!('code' in result)) return result;
      // The TypeScript program says which atoms they are.
      if (result.code === CODES.coincident) return this.#oracle.transmission(wire, this.#oracle.leads(wire));
      if (result.at > MAX_BLOCK)
        throw new MissingDataError(`a block of ${result.at} atoms is too large for tb-s`, `at most ${MAX_BLOCK} atoms`);
      this.#block = result.at;
    }
  }

  #selfEnergy(h00: Float64Array, h01: Float64Array, n: number, eta: number): ComplexMatrix {
    const task = taskForLeads('tightBindingLead', Float64Array.of(DESCRIPTION_VERSION, n, eta), this.#backend);
    const numbers = new Float64Array(2 * n * n);
    numbers.set(h00);
    numbers.set(h01, n * n);
    const values = new Float64Array(2 * n * n);
    const code = task.run(taskArrays({ positions: new Float64Array(0), numbers, values }));
    if (code !== CODES.done) throw new ProgramError(`the decimation of a lead did not converge (code ${code})`);
    return { rows: n, columns: n, re: values.subarray(0, n * n), im: values.subarray(n * n) };
  }
}

/** As readTightBinding of tight-binding.hpp reads it. */
function describe(parameters: TightBindingParameters, { bottom, top }: TightBindingLeads): Float64Array {
  const { t1, d1, lambda, inner, cutoff, neutrality } = parameters;
  const parts: (readonly number[] | Float64Array)[] = [
    [DESCRIPTION_VERSION, t1, d1, lambda, inner, cutoff, neutrality],
  ];
  for (const { selfEnergy, couplings } of [bottom, top])
    parts.push([selfEnergy.rows, couplings.columns], ...[selfEnergy.re, selfEnergy.im, couplings.re, couplings.im]);
  return Float64Array.from(parts.flatMap((part) => [...part]));
}
