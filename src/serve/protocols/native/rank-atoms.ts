import { ProtocolError } from '../../../core/errors.ts';
import type { Neighborhood } from '../../evaluator.ts';
import { firstNotFinite } from '../finite.ts';
import { FLAG, type Message, roundUp8, STEP_HEAD_BYTES } from './codec.ts';

/**
 * Local and ghost atoms of one LAMMPS rank, kept from one neighbor-list rebuild to the next. Where LAMMPS evaluates only some of
 * the atoms (`hybrid` with NULL types), those are selected: `selected[k]` is the index in LAMMPS of atom k of the neighborhood.
 */
export class RankAtoms {
  /** Local atoms, and local and ghost atoms, of the last STEP. */
  nlocal = 0;
  nall = 0;
  selected: Int32Array | null = null;
  readonly #numberOfType: Uint8Array;
  readonly #toAngstrom: number;
  #hasList = false;
  #ncenters = 0;
  #numbers: Uint8Array = new Uint8Array(0);
  #first: Int32Array = new Int32Array(1);
  #neighbors = new Int32Array(0);
  #selectedPositions = new Float64Array(0);

  /** `numberOfType[t]` is the atomic number of LAMMPS type t ≥ 1, 0 for NULL; `toAngstrom` converts the client's lengths. */
  constructor(numberOfType: Uint8Array, toAngstrom: number) {
    this.#numberOfType = numberOfType;
    this.#toAngstrom = toAngstrom;
  }

  /** Reads a STEP; converts its positions in place. Throws ProtocolError for counts, indices and types that do not fit. */
  read(step: Message): Neighborhood {
    const { buffer, length } = step.payload;
    if (length < STEP_HEAD_BYTES) throw new ProtocolError(`STEP has ${length} bytes, fewer than its head`);
    const [nlocal, nghost, inum, nneigh] = new Int32Array(buffer, 0, 4);
    if (Math.min(nlocal, nghost, inum, nneigh) < 0) {
      throw new ProtocolError(
        `STEP has a negative count: nlocal ${nlocal} nghost ${nghost} inum ${inum} nneigh ${nneigh}`,
      );
    }
    const nall = nlocal + nghost;
    const withList = (step.flags & FLAG.neighbors) !== 0;
    if (withList !== ((step.flags & FLAG.types) !== 0))
      throw new ProtocolError('STEP must have TYPES and NEIGH together');
    if (!withList && step.flags & FLAG.ilist) throw new ProtocolError('STEP has ILIST without NEIGH');
    const sections = withList ? sectionBytes(step.flags, nall, inum, nneigh) : [];
    const expected = sections.reduce((sum, bytes) => sum + roundUp8(bytes), STEP_HEAD_BYTES + 24 * nall);
    if (length !== expected)
      throw new ProtocolError(`STEP of ${nall} atoms must have ${expected} bytes, it has ${length}`);
    if (!withList && !(this.#hasList && nlocal === this.nlocal && nall === this.nall)) {
      throw new ProtocolError('STEP without a neighbor list, but none was sent for these atoms before');
    }
    this.nlocal = nlocal;
    this.nall = nall;
    if (withList) {
      this.#hasList = false;
      this.#readList(step, sections, inum);
      this.#hasList = true;
    }
    return this.#neighborhood(new Float64Array(buffer, STEP_HEAD_BYTES, 3 * nall));
  }

  #neighborhood(positions: Float64Array): Neighborhood {
    const bad = firstNotFinite(positions);
    if (bad >= 0)
      throw new ProtocolError(`STEP has a position that is not finite, of atom index ${Math.floor(bad / 3)}`);
    if (this.#toAngstrom !== 1) for (let k = 0; k < positions.length; k++) positions[k] *= this.#toAngstrom;
    return {
      ncenters: this.#ncenters,
      natoms: this.#numbers.length,
      numbers: this.#numbers,
      positions: this.selected ? this.#select(positions, this.selected) : positions,
      first: this.#first,
      neighbors: this.#neighbors,
    };
  }

  #select(positions: Float64Array, selected: Int32Array): Float64Array {
    const out = this.#selectedPositions;
    for (let k = 0; k < selected.length; k++) {
      const at = 3 * selected[k];
      out[3 * k] = positions[at];
      out[3 * k + 1] = positions[at + 1];
      out[3 * k + 2] = positions[at + 2];
    }
    return out;
  }

  #readList(step: Message, sections: readonly number[], inum: number): void {
    let at = STEP_HEAD_BYTES + 24 * this.nall;
    const views = sections.map((bytes) => {
      const view = new Int32Array(step.payload.buffer, at, bytes / 4);
      at += roundUp8(bytes);
      return view;
    });
    const [types, ilist, counts, neighbors] = views;
    const numbers = this.#numbersOf(types);
    this.#ncenters = inum;
    this.#first = firstOf(counts, neighbors.length);
    const everyLocalAtom = (step.flags & FLAG.ilist) === 0;
    if (everyLocalAtom && inum !== this.nlocal) {
      throw new ProtocolError(`STEP has neighbors of ${inum} of ${this.nlocal} local atoms but no ILIST`);
    }
    checkIndices(neighbors, this.nall, 'neighbor');
    if (everyLocalAtom && !numbers.includes(0)) {
      this.selected = null;
      this.#numbers = numbers;
      this.#neighbors = Int32Array.from(neighbors);
    } else {
      checkIndices(ilist, this.nlocal, 'center');
      this.#selectAtoms(numbers, everyLocalAtom ? Int32Array.from(counts.keys()) : ilist, neighbors);
    }
  }

  #numbersOf(types: Int32Array): Uint8Array {
    const ntypes = this.#numberOfType.length - 1;
    return Uint8Array.from(types, (type, atom) => {
      if (type < 1 || type > ntypes)
        throw new ProtocolError(`STEP has type ${type} of atom index ${atom}, not 1 to ${ntypes}`);
      return this.#numberOfType[type];
    });
  }

  /** Centers first, then every other atom that has an element. */
  #selectAtoms(numbers: Uint8Array, centers: Int32Array, neighbors: Int32Array): void {
    const indexOf = new Int32Array(this.nall).fill(-1);
    const selected: number[] = [];
    for (const atom of centers) {
      if (indexOf[atom] >= 0) throw new ProtocolError(`STEP lists center ${atom} twice`);
      if (numbers[atom] === 0) throw new ProtocolError(`STEP lists atom index ${atom} as center, its type is NULL`);
      indexOf[atom] = selected.push(atom) - 1;
    }
    for (let atom = 0; atom < this.nall; atom++) {
      if (indexOf[atom] < 0 && numbers[atom] !== 0) indexOf[atom] = selected.push(atom) - 1;
    }
    this.#neighbors = Int32Array.from(neighbors, (atom) => {
      if (indexOf[atom] < 0) throw new ProtocolError(`STEP has neighbor ${atom} whose type is NULL`);
      return indexOf[atom];
    });
    this.selected = Int32Array.from(selected);
    this.#numbers = Uint8Array.from(selected, (atom) => numbers[atom]);
    this.#selectedPositions = new Float64Array(3 * selected.length);
  }
}

/** Bytes of the sections types, ilist, counts, neighbors, before padding. */
function sectionBytes(flags: number, nall: number, inum: number, nneigh: number): number[] {
  return [4 * nall, flags & FLAG.ilist ? 4 * inum : 0, 4 * inum, 4 * nneigh];
}

function firstOf(counts: Int32Array, nneigh: number): Int32Array {
  const first = new Int32Array(counts.length + 1);
  let sum = 0;
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] < 0) throw new ProtocolError(`STEP has a negative number of neighbors of center ${k}`);
    sum += counts[k];
    first[k + 1] = sum;
  }
  if (sum !== nneigh) throw new ProtocolError(`STEP has ${nneigh} neighbors, its counts add up to ${sum}`);
  return first;
}

function checkIndices(indices: Int32Array, end: number, what: string): void {
  for (let k = 0; k < indices.length; k++) {
    if (indices[k] < 0 || indices[k] >= end) {
      throw new ProtocolError(`STEP has ${what} index ${indices[k]}, not 0 to ${end - 1}`);
    }
  }
}
