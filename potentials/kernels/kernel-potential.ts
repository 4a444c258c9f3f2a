import { symbolOf } from '../../src/core/elements.ts';
import { PotentialError } from '../../src/core/errors.ts';
import type { Committee, MemberResults } from '../committee.ts';
import { unknownSpecies } from '../descriptors/environment.ts';
import { type HdnnpModel, maxCutoff } from '../hdnnp-model.ts';
import type { Neighborhood } from '../neighborhood.ts';
import { type Evaluation, MAX_EXTRAPOLATIONS } from '../potential.ts';
import { trainingRange } from './blob.ts';
import { CODES, type KernelCall, type KernelInstance } from './kernel-instance.ts';

/** List entries, a few milliseconds of work: below, handing over to a thread and back (0.2 ms) costs more than it spares. */
const WORTH_A_THREAD = 60_000;

const NOTHING = new Float64Array(0);

/**
 * One HDNNP, or a committee of them that share their symmetry functions, evaluated by the compiled kernel: results are the mean
 * over the members. Throws PotentialError for unknown species, coincident atoms, positions or results that are not finite.
 */
export class KernelPotential implements Committee {
  readonly name: string;
  readonly species: readonly number[];
  readonly cutoff: number;
  readonly provides;
  /** Which program runs: `native (avx512, 4 threads)`, `wasm`. */
  readonly backend: string;
  readonly #models: readonly HdnnpModel[];
  readonly #instance: KernelInstance;
  readonly #elementOf = new Int16Array(256).fill(-1);
  readonly #virial = new Float64Array(6);
  readonly #status = new Int32Array(2);
  readonly #extrapolations = new Float64Array(3 * MAX_EXTRAPOLATIONS);
  #element = new Int32Array(0);
  #energies = new Float64Array(0);
  #busy = false;
  #queue: Promise<void> = Promise.resolve();

  /** `instance` was made from `planBlob(models)`. */
  constructor(models: readonly HdnnpModel[], instance: KernelInstance, name = 'hdnnp') {
    this.#models = models;
    this.#instance = instance;
    this.name = name;
    this.backend = instance.description;
    this.species = models[0].elements.map(({ z }) => z);
    this.cutoff = maxCutoff(models[0]);
    this.provides = { forces: true, virial: true, atomicEnergies: true, uncertainty: models.length > 1 };
    this.species.forEach((z, e) => {
      this.#elementOf[z] = e;
    });
  }

  get members(): number {
    return this.#models.length;
  }

  evaluate(neighborhood: Neighborhood, out: Evaluation): void {
    const call = this.#call(neighborhood, out, NOTHING);
    this.#run(call, neighborhood, out);
  }

  /** Calls wait for each other; `evaluate` meanwhile is refused. */
  evaluateAsync(neighborhood: Neighborhood, out: Evaluation): Promise<void> {
    const done = this.#queue.then(async () => {
      const { evaluateAsync } = this.#instance;
      const entries = neighborhood.first[neighborhood.ncenters];
      if (!evaluateAsync || entries < WORTH_A_THREAD) return this.evaluate(neighborhood, out);
      const call = this.#call(neighborhood, out, NOTHING);
      this.#busy = true;
      const code = await evaluateAsync(call).finally(() => {
        this.#busy = false;
      });
      this.#finish(code, call, neighborhood, out);
    });
    this.#queue = done.catch(() => {});
    return done;
  }

  /**
   * As `evaluate`, and what each member says. Energies cost nothing; with `forces` every member needs a reverse pass of its own.
   */
  evaluateMembers(neighborhood: Neighborhood, out: Evaluation, want: { readonly forces: boolean }): MemberResults {
    const { ncenters, natoms } = neighborhood;
    const m = this.members;
    const memberEnergies = new Float64Array(m * ncenters);
    const memberForces = new Float64Array(want.forces ? 3 * m * natoms : 0);
    const memberVirials = new Float64Array(want.forces ? 6 * m : 0);
    const call = { ...this.#call(neighborhood, out, memberEnergies), memberForces, memberVirials };
    this.#run(call, neighborhood, out);
    const energies = new Float64Array(m);
    for (let i = 0; i < ncenters; i++)
      for (let k = 0; k < m; k++) {
        memberEnergies[i * m + k] += this.#models[k].elements[call.element[i]].energyOffset;
        energies[k] += memberEnergies[i * m + k];
      }
    const virials = new Float64Array((9 / 6) * memberVirials.length);
    for (let k = 0; k < memberVirials.length / 6; k++)
      addVirial(virials.subarray(9 * k, 9 * k + 9), memberVirials.subarray(6 * k, 6 * k + 6));
    return { energies, atomicEnergies: memberEnergies, forces: memberForces, virials };
  }

  /** Raw symmetry functions of every center, (ncenters,stride), into `features`: before scaling, in n2p2's order. */
  features(neighborhood: Neighborhood, out: Evaluation, features: Float64Array, stride: number): void {
    const call = { ...this.#call(neighborhood, out, NOTHING), features, featureStride: stride };
    this.#run(call, neighborhood, out);
  }

  #call(neighborhood: Neighborhood, out: Evaluation, memberEnergies: Float64Array): KernelCall {
    if (this.#busy) throw new PotentialError(`${this.name} is busy: await evaluateAsync before the next evaluation`);
    const { natoms, ncenters, numbers, positions, first, neighbors } = neighborhood;
    if (this.#element.length !== natoms) this.#element = new Int32Array(natoms);
    if (this.#energies.length < ncenters) this.#energies = new Float64Array(ncenters);
    for (let i = 0; i < natoms; i++) {
      const e = this.#elementOf[numbers[i]];
      if (e < 0) throw unknownSpecies(numbers[i], i, this.species);
      this.#element[i] = e;
    }
    return {
      element: this.#element,
      positions,
      first: first.length === ncenters + 1 ? first : first.subarray(0, ncenters + 1),
      neighbors,
      forces: out.forces,
      virial: this.#virial.fill(0),
      energies: this.#energies,
      memberEnergies,
      memberForces: NOTHING,
      memberVirials: NOTHING,
      features: NOTHING,
      featureStride: 0,
      extrapolations: this.#extrapolations,
      status: this.#status,
    };
  }

  #run(call: KernelCall, neighborhood: Neighborhood, out: Evaluation): void {
    this.#finish(this.#instance.evaluate(call), call, neighborhood, out);
  }

  #finish(code: number, call: KernelCall, neighborhood: Neighborhood, out: Evaluation): void {
    if (code !== CODES.ok) throw this.#error(code, call.status[0], neighborhood);
    let networks = 0;
    let offsets = 0;
    for (let i = 0; i < neighborhood.ncenters; i++) {
      const offset = this.#offset(call.element[i]);
      networks += call.energies[i];
      offsets += offset;
      out.atomicEnergies[i] += call.energies[i] + offset;
    }
    // Offsets are about 1000 times larger than the rest: added last, they do not eat its digits.
    out.energy += networks + offsets;
    addVirial(out.virial, call.virial);
    this.#noteExtrapolations(call, out);
  }

  #offset(element: number): number {
    let sum = 0;
    for (const model of this.#models) sum += model.elements[element].energyOffset;
    return sum / this.#models.length;
  }

  #noteExtrapolations({ status, extrapolations, element }: KernelCall, out: Evaluation): void {
    const count = status[1];
    out.extrapolationCount += count;
    for (let k = 0; k < Math.min(count, MAX_EXTRAPOLATIONS); k++) {
      if (!out.extrapolations || out.extrapolations.length >= MAX_EXTRAPOLATIONS) return;
      const [atom, feature, value] = extrapolations.subarray(3 * k, 3 * k + 3);
      const members = this.#models.map(({ elements }) => elements[element[atom]]);
      out.extrapolations.push({ atom, feature, value, ...trainingRange(members, feature) });
    }
  }

  /** Atoms count from 1 in messages. */
  #error(code: number, atom: number, { numbers, positions, first, neighbors, natoms }: Neighborhood): PotentialError {
    const name = atom >= 0 && atom < natoms ? `atom ${atom + 1} (${symbolOf(numbers[atom])})` : 'the neighbor list';
    switch (code) {
      case CODES.badPosition:
        return new PotentialError(`the position of ${name} is not finite`);
      case CODES.coincident: {
        for (let k = first[atom]; k < first[atom + 1]; k++) {
          const j = neighbors[k];
          const d = [0, 1, 2].map((c) => positions[3 * j + c] - positions[3 * atom + c]);
          if (Math.hypot(...d) < 1e-6)
            return new PotentialError(`atoms ${atom + 1} and ${j + 1} coincide (distance ${Math.hypot(...d)} Å)`);
        }
        return new PotentialError(`${name} coincides with a neighbor`);
      }
      case CODES.badResult:
        return new PotentialError(
          `the energy of ${name} is not finite: the structure is far outside of what the potential was trained on, or its weights are broken`,
        );
      case CODES.badIndex:
        return new PotentialError(
          `the neighbors of ${name} are not atoms of the list (0 to ${natoms - 1}, not itself)`,
        );
      case CODES.capacity:
        return new PotentialError(`there is no memory for the neighbors of ${name}`);
      default:
        return new PotentialError(`the kernel failed with code ${code} at ${name}`);
    }
  }
}

/** Adds six components xx yy zz xy xz yz to a full (3,3). */
function addVirial(full: Float64Array, six: Float64Array): void {
  const [xx, yy, zz, xy, xz, yz] = six;
  full[0] += xx;
  full[4] += yy;
  full[8] += zz;
  full[1] += xy;
  full[3] += xy;
  full[2] += xz;
  full[6] += xz;
  full[5] += yz;
  full[7] += yz;
}
