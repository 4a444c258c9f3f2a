import { symbolOf } from '../src/core/elements.ts';
import { PotentialError } from '../src/core/errors.ts';
import { unknownSpecies } from './descriptors/environment.ts';
import { SymmetryFunctions } from './descriptors/symmetry-functions.ts';
import { type ElementModel, type HdnnpModel, maxCutoff } from './hdnnp-model.ts';
import type { Neighborhood } from './neighborhood.ts';
import { FeedForward } from './networks/feed-forward.ts';
import { type Evaluation, MAX_EXTRAPOLATIONS, type Potential } from './potential.ts';

/** Rounding that does not yet count as extrapolation; n2p2's value, so that counts can be compared. */
const EXTRAPOLATION_MARGIN = 1000 * 2 ** -52;

/**
 * A Behler-Parrinello potential in plain double precision TypeScript: the readable definition of what the faster kernels compute.
 * E = Σ_i [energyFactor · NN_z(i)(a·G_i + b) + offset_z(i)]; forces and virial by the chain rule, without a stored Jacobian.
 */
export class Hdnnp implements Potential {
  readonly name: string;
  readonly species: readonly number[];
  readonly cutoff: number;
  readonly provides = { forces: true, virial: true, atomicEnergies: true, uncertainty: false };
  readonly #energyFactor: number;
  readonly #elements: readonly ElementEvaluator[];
  readonly #elementOf = new Int16Array(256).fill(-1);
  #gradient = new Float64Array(0);

  constructor(model: HdnnpModel, name = 'hdnnp') {
    this.name = name;
    this.species = model.elements.map((element) => element.z);
    this.cutoff = maxCutoff(model);
    this.#energyFactor = model.energyFactor;
    this.#elements = model.elements.map((element) => new ElementEvaluator(element, model, this.species));
    this.species.forEach((z, e) => {
      this.#elementOf[z] = e;
    });
  }

  evaluate(neighborhood: Neighborhood, out: Evaluation): void {
    let networks = 0;
    const atoms = new Int32Array(this.#elements.length);
    for (let i = 0; i < neighborhood.ncenters; i++) {
      const e = this.#elementOf[neighborhood.numbers[i]];
      if (e === -1) throw unknownSpecies(neighborhood.numbers[i], i, this.species);
      const element = this.#elements[e];
      const network = element.energy(neighborhood, i, out);
      if (!Number.isFinite(network))
        throw new PotentialError(
          `the energy of atom ${i + 1} (${symbolOf(element.model.z)}) is ${network}: the structure is far outside of what the potential was trained on, or its weights are broken`,
        );
      networks += network;
      atoms[e]++;
      out.atomicEnergies[i] += this.#energyFactor * network + element.model.energyOffset;
      this.#addForces(element, i, out);
    }
    // Offsets are about 1000 times larger than the rest: multiplied out and added last, they do not eat its digits.
    const offsets = this.#elements.reduce((sum, { model }, e) => sum + atoms[e] * model.energyOffset, 0);
    out.energy += this.#energyFactor * networks + offsets;
  }

  #addForces({ functions, dEdG }: ElementEvaluator, i: number, out: Evaluation): void {
    const n = functions.neighborCount;
    if (this.#gradient.length < 3 * n) this.#gradient = new Float64Array(4 * n);
    const gradient = this.#gradient.fill(0, 0, 3 * n);
    functions.pullback(dEdG, gradient);
    const { dx, dy, dz } = functions.environment;
    const index = functions.neighborIndex;
    const { forces, virial } = out;
    for (let k = 0; k < n; k++) {
      const fx = -this.#energyFactor * gradient[3 * k];
      const fy = -this.#energyFactor * gradient[3 * k + 1];
      const fz = -this.#energyFactor * gradient[3 * k + 2];
      const j = 3 * index[k];
      forces[j] += fx;
      forces[j + 1] += fy;
      forces[j + 2] += fz;
      forces[3 * i] -= fx;
      forces[3 * i + 1] -= fy;
      forces[3 * i + 2] -= fz;
      virial[0] += dx[k] * fx;
      virial[1] += dx[k] * fy;
      virial[2] += dx[k] * fz;
      virial[3] += dy[k] * fx;
      virial[4] += dy[k] * fy;
      virial[5] += dy[k] * fz;
      virial[6] += dz[k] * fx;
      virial[7] += dz[k] * fy;
      virial[8] += dz[k] * fz;
    }
  }
}

/** Symmetry functions, scaling and network of one element. */
class ElementEvaluator {
  readonly model: ElementModel;
  readonly functions: SymmetryFunctions;
  /** By the raw symmetry functions; of the last `energy`. */
  readonly dEdG: Float64Array;
  readonly #network: FeedForward;
  readonly #g: Float64Array;
  readonly #inputs: Float64Array;

  constructor(model: ElementModel, { cutoffType, cutoffAlpha }: HdnnpModel, species: readonly number[]) {
    this.model = model;
    this.functions = new SymmetryFunctions(model.symmetryFunctions, { cutoffType, cutoffAlpha, species });
    this.#network = new FeedForward(model.network);
    this.#g = new Float64Array(this.functions.count);
    this.#inputs = new Float64Array(this.functions.count);
    this.dEdG = new Float64Array(this.functions.count);
  }

  /** Network output of a center (network units); notes extrapolations in `out`. */
  energy(neighborhood: Neighborhood, center: number, out: Evaluation): number {
    const { scaleFactor, scaleOffset } = this.model;
    const g = this.#g;
    this.functions.compute(neighborhood, center, g);
    this.#noteExtrapolations(center, out);
    for (let s = 0; s < g.length; s++) this.#inputs[s] = scaleFactor[s] * g[s] + scaleOffset[s];
    const energy = this.#network.value(this.#inputs);
    this.#network.gradient(this.dEdG);
    for (let s = 0; s < g.length; s++) this.dEdG[s] *= scaleFactor[s];
    return energy;
  }

  #noteExtrapolations(atom: number, out: Evaluation): void {
    const { statistics } = this.model;
    if (!statistics) return;
    for (let feature = 0; feature < this.#g.length; feature++) {
      const value = this.#g[feature];
      const min = statistics.min[feature];
      const max = statistics.max[feature];
      if (value >= min - EXTRAPOLATION_MARGIN && value <= max + EXTRAPOLATION_MARGIN) continue;
      out.extrapolationCount++;
      if (out.extrapolations && out.extrapolations.length < MAX_EXTRAPOLATIONS)
        out.extrapolations.push({ atom, feature, value, min, max });
    }
  }
}
