import { symbolOf } from '../../../src/core/elements.ts';
import { PotentialError } from '../../../src/core/errors.ts';
import { Soap, type SoapSettings } from '../../descriptors/soap.ts';
import type { Neighborhood } from '../../neighborhood.ts';
import { buildNeighborList } from '../../neighbors/neighbor-list.ts';
import type { Backend } from '../backends.ts';
import type { Rung } from '../ladder.ts';
import { chooseTask, type MakeTask } from './choose-task.ts';
import { describeNetworks } from './describe-network.ts';
import { CODES, type TaskArrays, taskArrays } from './task.ts';

/** Atoms without a box, or with the neighbor lists of the cutoff (periodic structures: images are atoms). */
export type SoapAtoms = Pick<Neighborhood, 'positions' | 'numbers'> &
  Partial<Pick<Neighborhood, 'first' | 'neighbors'>>;

export interface SoapKernel {
  readonly settings: SoapSettings;
  /** Features per atom, in the order of `Soap`. */
  readonly nfeatures: number;
  readonly rung: Rung;
  /**
   * Features of the given centers into `out` (centers, nfeatures), which is overwritten; to single precision except by TypeScript. Throws PotentialError
   * for a foreign species, a coordinate that is not finite, coincident atoms and centers that are not there.
   */
  compute(atoms: SoapAtoms, centers: Int32Array, out: Float32Array | Float64Array): void;
  /** Mean of the features over the centers with these weights (centers), which need not add up to 1; much faster than all of them. */
  mean(atoms: SoapAtoms, centers: Int32Array, weights: Float64Array): Float64Array;
}

/**
 * SOAP features by the fastest program that works here: native, WebAssembly, TypeScript. An instance is for one thread. Throws
 * PotentialError for settings that make no descriptor, or a backend asked for by name that cannot be used.
 */
export function openSoapKernel(settings: SoapSettings, backend: Backend = 'auto'): SoapKernel {
  const soap = soapOf(settings);
  const common = { settings: soap.settings, nfeatures: soap.nfeatures };
  const opened = openTask(describeNetworks(soap, []), backend);
  if ('reasons' in opened)
    return {
      ...common,
      rung: { backend: 'typescript', passedOver: opened.reasons },
      compute: (atoms, centers, out) => out.set(featuresByTypescript(soap, atoms, centers)),
      mean: (atoms, centers, weights) => weightedMean(featuresByTypescript(soap, atoms, centers), weights),
    };
  const place = new SpeciesOf(settings.species);
  return {
    ...common,
    rung: opened.rung,
    compute: (atoms, centers, out) => {
      if (out.length !== centers.length * soap.nfeatures)
        throw new PotentialError(`expected room for ${centers.length * soap.nfeatures} features, found ${out.length}`);
      const features = out instanceof Float32Array ? out : new Float32Array(out.length);
      opened.run({ ...atomArrays(atoms, place), centers, features }, atoms);
      if (features !== out) out.set(features);
    },
    mean: (atoms, centers, weights) => {
      const values = new Float64Array(soap.nfeatures);
      opened.run({ ...atomArrays(atoms, place), centers, numbers: weights, values }, atoms);
      return values;
    },
  };
}

/** Descriptors with different settings that are kept. */
const KEPT = 8;
const descriptors = new Map<string, Soap>();

/** The descriptor of these settings, made once: its table takes a third of a second. */
export function soapOf({ species, cutoff, sigma, nmax, lmax }: SoapSettings): Soap {
  const settings = { species, cutoff, sigma, nmax, lmax };
  const key = JSON.stringify(settings);
  const soap = descriptors.get(key) ?? new Soap(settings);
  descriptors.delete(key);
  descriptors.set(key, soap);
  for (const oldest of descriptors.keys()) if (descriptors.size > KEPT) descriptors.delete(oldest);
  return soap;
}

interface Opened {
  readonly rung: Rung;
  /** Throws PotentialError that says what is wrong. */
  run(given: Partial<TaskArrays> & Pick<TaskArrays, 'positions'>, atoms: SoapAtoms): void;
}

/** The kernel on a description, or why only TypeScript is left. Throws PotentialError when another backend was asked for by name. */
export function openTask(
  description: Float64Array | string,
  backend: Backend,
): Opened | { readonly reasons: readonly string[] } {
  const reasons: string[] = typeof description === 'string' ? [description] : [];
  const task =
    typeof description === 'string'
      ? undefined
      : chooseTask({ name: 'pooledNetwork', description, backend, selfTest }, reasons);
  if (task)
    return {
      rung: { backend: task.backend, passedOver: reasons },
      run: (given, atoms) => {
        const arrays = taskArrays(given);
        const code = task.run(arrays);
        if (code !== CODES.done) throw new PotentialError(failure(code, arrays.status[0], atoms));
      },
    };
  if (backend !== 'auto' && backend !== 'typescript')
    throw new PotentialError(`the backend ${backend} cannot be used: ${reasons.join('; ')}`);
  return { reasons };
}

function failure(code: number, at: number, { positions, numbers }: SoapAtoms): string {
  const atom = `atom ${at + 1}`;
  if (code === CODES.badPosition) {
    const k = [0, 1, 2].find((d) => !Number.isFinite(positions[3 * at + d])) ?? 0;
    return `coordinate ${'xyz'[k]} of ${atom} is ${positions[3 * at + k]}, not a number`;
  }
  if (code === CODES.badIndex) return `center ${at + 1}, or a neighbor of it, is none of the ${numbers.length} atoms`;
  if (code === CODES.coincident) return `${atom} has another atom at its place`;
  if (code === CODES.badResult) return 'the network gives no number for these atoms';
  return 'the arrays of atoms, centers and features do not fit to each other';
}

/** Atomic numbers as places among the species. */
export class SpeciesOf {
  readonly #place = new Int32Array(256).fill(-1);
  readonly #species: readonly number[];

  constructor(species: readonly number[]) {
    this.#species = species;
    species.forEach((z, k) => {
      this.#place[z] = k;
    });
  }

  /** Throws PotentialError for a foreign species. */
  places(numbers: ArrayLike<number>): Int32Array {
    const out = new Int32Array(numbers.length);
    for (let i = 0; i < out.length; i++) {
      out[i] = this.#place[numbers[i]];
      if (out[i] < 0)
        throw new PotentialError(
          `an atom of ${symbolOf(numbers[i])} is none of the species of the features: ${this.#species.map(symbolOf).join(' ')}`,
        );
    }
    return out;
  }
}

export function atomArrays(
  { positions, numbers, first, neighbors }: SoapAtoms,
  species: SpeciesOf,
): Partial<TaskArrays> & Pick<TaskArrays, 'positions'> {
  if (positions.length !== 3 * numbers.length)
    throw new PotentialError(`expected ${3 * numbers.length} coordinates, found ${positions.length}`);
  return { positions, species: species.places(numbers), ...(first && neighbors && { first, neighbors }) };
}

/** Features in double precision by the TypeScript program, (centers, nfeatures). */
export function featuresByTypescript(soap: Soap, atoms: SoapAtoms, centers: ArrayLike<number>): Float64Array {
  const { positions, numbers, first, neighbors } = atoms;
  const lists: Neighborhood =
    first && neighbors
      ? { positions, numbers, first, neighbors, natoms: numbers.length, ncenters: first.length - 1 }
      : buildNeighborList({ positions, numbers, cell: null, pbc: [false, false, false] }, soap.settings.cutoff);
  for (let c = 0; c < centers.length; c++)
    if (!(centers[c] >= 0 && centers[c] < lists.ncenters))
      throw new PotentialError(`center ${c + 1}, or a neighbor of it, is none of the ${numbers.length} atoms`);
  const out = new Float64Array(centers.length * soap.nfeatures);
  soap.compute(lists, centers, out);
  return out;
}

/** Mean over rows (weights.length, features). */
export function weightedMean(rows: Float64Array, weights: Float64Array): Float64Array {
  const width = rows.length / weights.length;
  const total = weights.reduce((sum, w) => sum + w, 0);
  const mean = new Float64Array(width);
  for (let k = 0; k < rows.length; k++) mean[k % width] += (weights[Math.floor(k / width)] / total) * rows[k];
  return mean;
}

/** A small cluster of two species: rounding is a hundred times smaller than the tolerance. */
const TOLERANCE = 1e-5;

function selfTest(make: MakeTask): string | null {
  const soap = soapOf({ species: [11, 19], cutoff: 6, sigma: 0.8, nmax: 5, lmax: 4 });
  const numbers = Uint8Array.from({ length: 13 }, (_, i) => (i % 3 === 0 ? 11 : 19));
  const positions = Float64Array.from({ length: 39 }, (_, k) => {
    const i = Math.floor(k / 3);
    return [2.1 * Math.cos(1.1 * i), 2.1 * Math.sin(1.1 * i), 0.8 * i + 0.01 * i * i][k % 3];
  });
  const centers = Int32Array.from({ length: 13 }, (_, i) => i);
  const wanted = featuresByTypescript(soap, { positions, numbers }, centers);
  const description = describeNetworks(soap, []);
  if (typeof description === 'string') return description;
  const features = new Float32Array(wanted.length);
  const arrays = taskArrays({ ...atomArrays({ positions, numbers }, new SpeciesOf([11, 19])), centers, features });
  const code = make(description).run(arrays);
  if (code !== CODES.done) return `code ${code}`;
  const largest = wanted.reduce((most, p) => Math.max(most, Math.abs(p)), 0);
  const error = wanted.reduce((most, p, k) => Math.max(most, Math.abs(features[k] - p)), 0) / largest;
  return error < TOLERANCE ? null : `features are off by ${error.toExponential(1)}`;
}
