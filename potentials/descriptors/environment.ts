import { symbolOf } from '../../src/core/elements.ts';
import { PotentialError } from '../../src/core/errors.ts';
import type { Neighborhood } from '../neighborhood.ts';

/** Atoms closer than this (Å) are the same atom given twice. */
const COINCIDENT = 1e-6;

/** The neighbors of one center within the cutoff, sorted by species; buffers are reused from center to center. */
export class Environment {
  /** Atomic numbers, ascending; neighbors of species e are segment[e] … segment[e+1]−1. */
  readonly species: readonly number[];
  readonly segment: Int32Array;
  /** Number of neighbors. */
  count = 0;
  /** Counts calls of `gather`, so that users know whether what they derived is still of this center. */
  serial = 0;
  /** Index of each neighbor in the Neighborhood. */
  index = new Int32Array(0);
  /** Å: neighbor minus center, its length, and 1/length. */
  dx = new Float64Array(0);
  dy = new Float64Array(0);
  dz = new Float64Array(0);
  r = new Float64Array(0);
  inverseR = new Float64Array(0);
  /** Atomic numbers of the neighbors, as weights. */
  z = new Float64Array(0);
  #unsorted = new Float64Array(0);
  #order = new Int32Array(0);
  #kind = new Uint8Array(0);
  readonly #indexOfNumber = new Int16Array(256).fill(-1);

  constructor(species: readonly number[]) {
    this.species = species;
    this.segment = new Int32Array(species.length + 1);
    species.forEach((z, e) => {
      this.#indexOfNumber[z] = e;
    });
  }

  /** Index of an atomic number among the species; −1 when it is none of them. */
  speciesOf(z: number): number {
    return this.#indexOfNumber[z];
  }

  /**
   * Collects the neighbors of a center with r < cutoff (Å). Throws PotentialError, naming the atoms from 1, for coincident atoms,
   * unknown species and coordinates that are not finite.
   */
  gather(neighborhood: Neighborhood, center: number, cutoff: number): void {
    const { positions, numbers, neighbors } = neighborhood;
    const start = neighborhood.first[center];
    const end = neighborhood.first[center + 1];
    this.#reserve(end - start);
    const x = positions[3 * center];
    const y = positions[3 * center + 1];
    const z = positions[3 * center + 2];
    const limit = cutoff * cutoff;
    const segment = this.segment.fill(0);
    const d = this.#unsorted;
    let count = 0;
    for (let at = start; at < end; at++) {
      const j = neighbors[at];
      const dx = positions[3 * j] - x;
      const dy = positions[3 * j + 1] - y;
      const dz = positions[3 * j + 2] - z;
      const square = dx * dx + dy * dy + dz * dz;
      if (square >= limit) continue;
      // NaN arrives here, too.
      if (!(square > COINCIDENT * COINCIDENT)) throw tooClose(square, center, j);
      const kind = this.#indexOfNumber[numbers[j]];
      if (kind === -1) throw unknownSpecies(numbers[j], j, this.species);
      segment[kind + 1]++;
      this.#kind[count] = kind;
      this.#order[count] = j;
      d[4 * count] = dx;
      d[4 * count + 1] = dy;
      d[4 * count + 2] = dz;
      d[4 * count + 3] = square;
      count++;
    }
    for (let e = 1; e < segment.length; e++) segment[e] += segment[e - 1];
    this.#sort(count);
    this.count = count;
    this.serial++;
  }

  #sort(count: number): void {
    const d = this.#unsorted;
    const next = this.segment.slice();
    for (let k = 0; k < count; k++) {
      const kind = this.#kind[k];
      const to = next[kind]++;
      const r = Math.sqrt(d[4 * k + 3]);
      this.index[to] = this.#order[k];
      this.dx[to] = d[4 * k];
      this.dy[to] = d[4 * k + 1];
      this.dz[to] = d[4 * k + 2];
      this.r[to] = r;
      this.inverseR[to] = 1 / r;
      this.z[to] = this.species[kind];
    }
  }

  #reserve(needed: number): void {
    if (this.r.length >= needed) return;
    const n = Math.ceil(needed * 1.25) + 8;
    this.index = new Int32Array(n);
    this.dx = new Float64Array(n);
    this.dy = new Float64Array(n);
    this.dz = new Float64Array(n);
    this.r = new Float64Array(n);
    this.inverseR = new Float64Array(n);
    this.z = new Float64Array(n);
    this.#unsorted = new Float64Array(4 * n);
    this.#order = new Int32Array(n);
    this.#kind = new Uint8Array(n);
  }
}

/** The error of a pair at (nearly) the same place, or at no place. Atoms count from 1 in messages. */
export function tooClose(square: number, i: number, j: number): PotentialError {
  if (Number.isNaN(square))
    return new PotentialError(
      `the distance of atoms ${i + 1} and ${j + 1} is not a number: a coordinate is not finite`,
    );
  return new PotentialError(`atoms ${i + 1} and ${j + 1} coincide (distance ${Math.sqrt(square)} Å)`);
}

export function unknownSpecies(z: number, atom: number, species: readonly number[]): PotentialError {
  const known = species.map(symbolOf).join(' ');
  const name = z === 0 ? 'of unknown element' : z <= 118 ? symbolOf(z) : `of atomic number ${z}`;
  return new PotentialError(`atom ${atom + 1} is ${name}, which this potential does not know (it knows ${known})`);
}
