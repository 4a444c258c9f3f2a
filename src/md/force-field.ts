import { foldForces } from '../../potentials/neighbors/neighbor-list.ts';
import { ReusableNeighborList } from '../../potentials/neighbors/reusable-neighbor-list.ts';
import { newEvaluation, type Potential } from '../../potentials/potential.ts';
import type { Frame } from '../core/frame.ts';
import type { ForceField } from './velocity-verlet.ts';

/** Å added to the cutoff so that the neighbor list lasts for several steps. */
const SKIN = 1;

/** The potential on the atoms and the cell of `frame`, with a neighbor list that is reused while atoms move less than the skin. */
export class PotentialForceField implements ForceField {
  /** Symmetry functions outside the range of the training set, over all evaluations. */
  extrapolations = 0;
  readonly #potential: Potential;
  readonly #frame: Frame;
  readonly #list: ReusableNeighborList;

  constructor(potential: Potential, frame: Frame) {
    this.#potential = potential;
    this.#frame = frame;
    this.#list = new ReusableNeighborList(potential.cutoff, SKIN);
  }

  compute(positions: Float64Array) {
    const { numbers, cell, pbc, natoms } = this.#frame;
    const list = this.#list.update({ numbers, positions, cell, pbc });
    const result = newEvaluation(list.natoms, list.ncenters);
    this.#potential.evaluate(list, result);
    foldForces(list, result.forces);
    this.extrapolations += result.extrapolationCount;
    return { energy: result.energy, forces: result.forces.slice(0, 3 * natoms), virial: result.virial };
  }
}
