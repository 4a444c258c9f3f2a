import { atomicNumber, symbolOf } from '../../../core/elements.ts';
import { PotentialError, ProtocolError } from '../../../core/errors.ts';
import { toVoigt } from '../../../core/tensor.ts';
import { LAMMPS_UNITS } from '../../../core/units.ts';
import type { Evaluator, Neighborhood } from '../../evaluator.ts';
import { firstNotFinite } from '../finite.ts';
import { FLAG, FORCES_HEAD_BYTES, HEADER_BYTES, type Hello, type Message, putHeader, TYPE } from './codec.ts';
import { RankAtoms } from './rank-atoms.ts';

/** Answers the STEPs of one client: its atoms, its units, and the buffer its replies are made in. */
export class RankEvaluation {
  /** In the length unit of the client. */
  readonly cutoff: number;
  readonly #evaluator: Evaluator;
  readonly #atoms: RankAtoms;
  /** Multiply by these to get the client's units. */
  readonly #energyFactor: number;
  readonly #forceFactor: number;
  #reply = new Uint8Array(0);

  /** Throws ProtocolError when the model cannot serve this client: an element it does not know, units that do not fit. */
  constructor(evaluator: Evaluator, hello: Hello) {
    const units = unitsOf(hello.units, evaluator);
    this.#evaluator = evaluator;
    this.#atoms = new RankAtoms(numbersOfTypes(hello.elements, evaluator), units.length);
    this.cutoff = evaluator.cutoff / units.length;
    this.#energyFactor = 1 / units.energy;
    this.#forceFactor = units.length / units.energy;
  }

  /**
   * The FORCES frame for a STEP, valid until the next call. The evaluator writes into it directly. Throws ProtocolError for a
   * STEP that is wrong and for results that are not finite, and what the evaluator throws.
   */
  async forces(message: Message): Promise<Uint8Array> {
    const neighborhood = this.#atoms.read(message);
    const { nall, nlocal, selected } = this.#atoms;
    const flags = message.flags & (FLAG.atomicEnergies | FLAG.members);
    const { reply, bytes } = this.#layOut(flags, nall, nlocal);
    await this.#evaluate(neighborhood, selected, reply);
    checkFinite(reply, message.step);
    const frame = this.#reply.subarray(0, bytes);
    putHeader(frame, TYPE.forces, message.step, flags);
    return frame;
  }

  /** Zeroed views on the reply, and its length; what was not asked for lies behind its end. */
  #layOut(flags: number, nall: number, nlocal: number): { reply: Reply; bytes: number } {
    const count = flags & FLAG.members ? (this.#evaluator.committee?.members ?? 0) : undefined;
    if (count === 0)
      throw new ProtocolError(`STEP asks for the members of a committee, model ${this.#evaluator.name} is none`);
    const energyBytes = 8 * nlocal;
    const memberBytes = count === undefined ? 0 : 8 + 24 * nall * count;
    const start = HEADER_BYTES + FORCES_HEAD_BYTES + 24 * nall;
    const all = start + energyBytes + memberBytes;
    if (this.#reply.length < all) this.#reply = new Uint8Array(all);
    else this.#reply.fill(0, 0, all);
    const { buffer } = this.#reply;
    const energiesFirst = (flags & FLAG.atomicEnergies) !== 0;
    const reply = {
      head: new Float64Array(buffer, HEADER_BYTES, FORCES_HEAD_BYTES / 8),
      forces: new Float64Array(buffer, HEADER_BYTES + FORCES_HEAD_BYTES, 3 * nall),
      energies: new Float64Array(buffer, energiesFirst ? start : start + memberBytes, nlocal),
      members: new Float64Array(buffer, energiesFirst ? start + energyBytes : start, memberBytes / 8),
    };
    return { reply, bytes: energiesFirst ? all : all - energyBytes };
  }

  async #evaluate(n: Neighborhood, selected: Int32Array | null, reply: Reply): Promise<void> {
    const out = {
      energy: 0,
      forces: selected ? new Float64Array(3 * n.natoms) : reply.forces,
      virial: new Float64Array(9),
      atomicEnergies: selected ? new Float64Array(n.ncenters) : reply.energies,
      extrapolationCount: 0,
    };
    const { committee } = this.#evaluator;
    const members = reply.members.length > 0 && committee;
    const done = members ? members.evaluateMembers(n, out) : this.#evaluator.evaluateNeighborhood(n, out);
    const memberForces = await done.catch((error: unknown) => {
      if (!(error instanceof PotentialError)) throw error;
      throw new PotentialError(`${error.message} (atoms are counted within this rank)`);
    });
    if (selected) {
      selected.forEach((atom, k) => {
        reply.forces.set(out.forces.subarray(3 * k, 3 * k + 3), 3 * atom);
        if (k < n.ncenters) reply.energies[atom] = out.atomicEnergies[k];
      });
    }
    reply.head[0] = out.energy * this.#energyFactor;
    toVoigt(out.virial, 'lammps').forEach((value, k) => {
      reply.head[1 + k] = value * this.#energyFactor;
    });
    reply.head[7] = out.extrapolationCount;
    scale(reply.forces, this.#forceFactor);
    scale(reply.energies, this.#energyFactor);
    if (members && memberForces) this.#putMembers(memberForces, members.members, { selected, reply });
  }

  /** Their number, then the forces of each on all atoms of the rank. */
  #putMembers(forces: Float64Array, count: number, to: { selected: Int32Array | null; reply: Reply }): void {
    const { selected, reply } = to;
    const values = reply.members;
    values[0] = count;
    const [own, all] = [forces.length / count, reply.forces.length];
    for (let m = 0; m < count; m++) {
      if (!selected) values.set(forces.subarray(m * own, (m + 1) * own), 1 + m * all);
      else
        selected.forEach((atom, k) => {
          values.set(forces.subarray(m * own + 3 * k, m * own + 3 * k + 3), 1 + m * all + 3 * atom);
        });
    }
    scale(values.subarray(1), this.#forceFactor);
  }
}

/** Views on the payload of a FORCES frame. */
interface Reply {
  /** Energy, virial (xx yy zz xy xz yz), number of extrapolations. */
  readonly head: Float64Array;
  readonly forces: Float64Array;
  readonly energies: Float64Array;
  /** Of a committee: the number of its members and their forces (members,nall,3); empty when not asked for. */
  readonly members: Float64Array;
}

/** Factors from the client's units to internal ones. */
export function unitsOf(
  name: string,
  { name: model, reduced }: Evaluator,
): { readonly length: number; readonly energy: number } {
  if (reduced) {
    if (name === 'lj') return { length: 1, energy: 1 };
    throw new ProtocolError(`model ${model} is in reduced units: LAMMPS must use units lj, it uses ${name}`);
  }
  if (name === 'lj') throw new ProtocolError(`model ${model} is not in reduced units: LAMMPS must not use units lj`);
  if (!Object.hasOwn(LAMMPS_UNITS, name)) throw new ProtocolError(`unknown LAMMPS units "${name}"`);
  return LAMMPS_UNITS[name];
}

/** Atomic number by LAMMPS type; 0 for NULL. */
export function numbersOfTypes(elements: readonly (string | null)[], { name, species }: Evaluator): Uint8Array {
  return Uint8Array.from([null, ...elements], (element) => {
    if (element === null) return 0;
    const number = atomicNumber(element);
    if (number > 0 && species.includes(number)) return number;
    throw new ProtocolError(`model ${name} has no element ${element} (it knows ${species.map(symbolOf).join(', ')})`);
  });
}

function scale(values: Float64Array, factor: number): void {
  if (factor !== 1) for (let k = 0; k < values.length; k++) values[k] *= factor;
}

/** Never a NaN to LAMMPS: it would go on with it. */
function checkFinite({ head, forces, energies, members }: Reply, step: bigint): void {
  const what = (text: string) => new ProtocolError(`the model gave ${text} that is not finite at step ${step}`);
  if (firstNotFinite(head) >= 0) throw what('an energy or virial');
  const force = firstNotFinite(forces);
  if (force >= 0) throw what(`a force on atom index ${Math.floor(force / 3)}`);
  const energy = firstNotFinite(energies);
  if (energy >= 0) throw what(`an energy of atom index ${energy}`);
  if (firstNotFinite(members) >= 0) throw what('a force of a member of the committee');
}
