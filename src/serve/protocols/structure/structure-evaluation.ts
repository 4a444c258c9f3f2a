import { ProtocolError } from '../../../core/errors.ts';
import { toVoigt } from '../../../core/tensor.ts';
import type { Evaluator, StructureInput } from '../../evaluator.ts';
import { firstNotFinite } from '../finite.ts';
import {
  FLAG,
  FORCES_HEAD_BYTES,
  HEADER_BYTES,
  type Hello,
  type Message,
  putHeader,
  roundUp8,
  TYPE,
} from '../native/codec.ts';
import { numbersOfTypes, unitsOf } from '../native/rank-evaluation.ts';
import { type Answerer, answerer } from '../structure-answer.ts';

/** Bytes of a STEP payload before the positions: number of atoms, periodicity, cell. */
const HEAD_BYTES = 80;

/** Answers the STEPs of a client that sends whole structures, in its units (lammps-scripts/protocol.md, "Whole structures"). */
export class StructureEvaluation {
  /** In the length unit of the client. */
  readonly cutoff: number;
  readonly #evaluate: Answerer;
  readonly #length: number;
  readonly #energy: number;
  readonly #numberOfType: Uint8Array;
  #numbers: Uint8Array | undefined;

  /** Throws ProtocolError for elements the model does not know and units that do not fit. */
  constructor(evaluator: Evaluator, hello: Hello) {
    const units = unitsOf(hello.units, evaluator);
    if (hello.elements.includes(null)) {
      throw new ProtocolError('HELLO has NULL elements; with whole structures every type has an element');
    }
    this.#evaluate = answerer(evaluator);
    this.#length = units.length;
    this.#energy = units.energy;
    this.#numberOfType = numbersOfTypes(hello.elements, evaluator);
    this.cutoff = evaluator.cutoff / units.length;
  }

  /** A FORCES frame of its own for each STEP. Throws ProtocolError for a wrong STEP, and what the evaluator throws. */
  async forces(message: Message): Promise<Uint8Array> {
    const structure = this.#read(message);
    const { step, flags } = message;
    const result = await this.#evaluate(structure);
    const natoms = structure.numbers.length;
    const withEnergies = (flags & FLAG.atomicEnergies) !== 0;
    const frame = new Uint8Array(HEADER_BYTES + FORCES_HEAD_BYTES + 24 * natoms + (withEnergies ? 8 * natoms : 0));
    const values = new Float64Array(frame.buffer, HEADER_BYTES);
    values[0] = result.energy / this.#energy;
    toVoigt(result.virial, 'lammps').forEach((value, k) => {
      values[1 + k] = value / this.#energy;
    });
    values[7] = result.extrapolationCount;
    const force = this.#length / this.#energy;
    for (let k = 0; k < 3 * natoms; k++) values[8 + k] = result.forces[k] * force;
    if (withEnergies) {
      if (firstNotFinite(result.atomicEnergies) >= 0)
        throw new ProtocolError('the model gave an atomic energy that is not finite');
      for (let k = 0; k < natoms; k++) values[8 + 3 * natoms + k] = result.atomicEnergies[k] / this.#energy;
    }
    putHeader(frame, TYPE.forces, step, withEnergies ? FLAG.atomicEnergies : 0);
    return frame;
  }

  #read({ payload, flags }: Message): StructureInput {
    if (flags & (FLAG.neighbors | FLAG.ilist)) throw new ProtocolError('STEP of a whole structure has a neighbor list');
    if (flags & FLAG.members) throw new ProtocolError('STEP of a whole structure asks for the members of a committee');
    const { buffer, length } = payload;
    if (length < HEAD_BYTES) throw new ProtocolError(`STEP has ${length} bytes, fewer than its head`);
    const [natoms, periodic] = new Int32Array(buffer, 0, 2);
    const withTypes = (flags & FLAG.types) !== 0;
    const expected = HEAD_BYTES + 24 * natoms + (withTypes ? roundUp8(4 * natoms) : 0);
    if (natoms < 0 || length !== expected) {
      throw new ProtocolError(`STEP of ${natoms} atoms must have ${expected} bytes, it has ${length}`);
    }
    if (periodic < 0 || periodic > 7) throw new ProtocolError(`STEP has periodicity ${periodic}, not 0 to 7`);
    if (withTypes) this.#numbers = this.#numbersOf(new Int32Array(buffer, HEAD_BYTES + 24 * natoms, natoms));
    const numbers = this.#numbers;
    if (numbers?.length !== natoms) throw new ProtocolError(`STEP of ${natoms} atoms whose types were not sent`);
    const cell = new Float64Array(buffer, 8, 9);
    const positions = new Float64Array(buffer, HEAD_BYTES, 3 * natoms);
    const bad = firstNotFinite(positions);
    if (bad >= 0) throw new ProtocolError(`STEP has a position that is not finite, of atom ${Math.floor(bad / 3) + 1}`);
    if (firstNotFinite(cell) >= 0) throw new ProtocolError('STEP has a cell that is not finite');
    return {
      numbers,
      positions: positions.map((x) => x * this.#length),
      cell: periodic === 0 ? null : cell.map((x) => x * this.#length),
      pbc: [(periodic & 1) !== 0, (periodic & 2) !== 0, (periodic & 4) !== 0],
    };
  }

  #numbersOf(types: Int32Array): Uint8Array {
    const ntypes = this.#numberOfType.length - 1;
    return Uint8Array.from(types, (type, atom) => {
      if (type >= 1 && type <= ntypes) return this.#numberOfType[type];
      throw new ProtocolError(`STEP has type ${type} of atom ${atom + 1}, not 1 to ${ntypes}`);
    });
  }
}
