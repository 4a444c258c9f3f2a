import type { Backend } from '../../../potentials/kernels/backends.ts';
import { CODES, DESCRIPTION_VERSION, type Task } from '../../../potentials/kernels/conductance/task.ts';
import type { Wire } from '../geometry/wire.ts';
import { Jellium } from './jellium.ts';
import type { JelliumLead, JelliumLeads } from './jellium-leads.ts';
import type { TransverseModes } from './jellium-modes.ts';
import type { JelliumParameters } from './jellium-parameters.ts';
import { kernelTransmission, taskForLeads } from './kernel-task.ts';
import type { ConductanceModel, Transmission } from './landauer.ts';

interface PreparedLeads {
  readonly leads: JelliumLeads;
  /** Undefined where a lead has no open channel. */
  readonly task: Task | undefined;
}

/** `Jellium` by the compiled kernel; where its real recursion meets a resonance, the TypeScript program takes over. */
export class JelliumKernel implements ConductanceModel<PreparedLeads> {
  readonly #oracle: Jellium;
  readonly #backend: Backend;

  constructor(parameters: JelliumParameters, backend: Backend) {
    this.#oracle = new Jellium(parameters);
    this.#backend = backend;
  }

  leads(wire: Wire): PreparedLeads {
    const leads = this.#oracle.leads(wire);
    const closed = leads.bottom.open === 0 || leads.top.open === 0;
    return { leads, task: closed ? undefined : this.#task(leads) };
  }

  transmission(wire: Wire, { leads, task }: PreparedLeads): Transmission {
    if (!task) return { total: 0, channels: new Float64Array(0) };
    const most = Math.min(leads.bottom.open, leads.top.open);
    const result = kernelTransmission(task, wire, { most, expected: [CODES.singular] });
    return 'code' in result ? this.#oracle.transmission(wire, leads) : result;
  }

  #task(leads: JelliumLeads): Task {
    return taskForLeads('jellium', describe(this.#oracle.parameters, leads), this.#backend);
  }
}

/** As readJellium of jellium.hpp reads it. */
function describe(parameters: JelliumParameters, { modes, offset, bottom, top }: JelliumLeads): Float64Array {
  const { slice, fermiEnergy, barrier, saturation, smearing, n0 } = parameters;
  const { x, y } = modes;
  const parts = [
    [DESCRIPTION_VERSION, slice, fermiEnergy, barrier, saturation, smearing, n0, ...offset],
    [x.low, x.length, x.points, x.modes, y.low, y.length, y.points, y.modes, modes.count],
    modesAlongY(modes),
    modes.energies,
    x.cosines,
    transposed(y.cosines, 2 * y.modes + 1, y.points),
    ...leadParts(bottom),
    ...leadParts(top),
  ];
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

/** How many modes along y go with each along x. */
function modesAlongY({ x, mx, count }: TransverseModes): number[] {
  const out = new Array<number>(x.modes).fill(0);
  for (let k = 0; k < count; k++) out[mx[k] - 1]++;
  return out;
}

function leadParts({ open, shift, couplings }: JelliumLead): (readonly number[] | Float64Array)[] {
  return [[open], shift, couplings];
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: a.length }, (_, k) => a[(k % rows) * columns + Math.floor(k / rows)]);
}
