import { unknownSpecies } from '../../potentials/descriptors/environment.ts';
import type { AtomsAndCell } from '../../potentials/neighbors/atoms-and-cell.ts';
import { buildNeighborList, foldForces } from '../../potentials/neighbors/neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';
import { formatLocation, PotentialError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';

/**
 * Energy (eV), forces on the n atoms (eV/Å, (n,3)), virial (eV, Σ r⊗f) and atomic energies (eV) of a structure. Throws
 * PotentialError that names the atom (from 1): unknown species, coordinates that are not finite, coincident atoms, bad cells.
 */
export function evaluateStructure(potential: Potential, structure: AtomsAndCell): Evaluation {
  structure.numbers.forEach((z, i) => {
    if (!potential.species.includes(z)) throw unknownSpecies(z, i, potential.species);
  });
  const list = buildNeighborList(structure, potential.cutoff);
  const out = newEvaluation(list.natoms, list.ncenters);
  potential.evaluate(list, out);
  foldForces(list, out.forces);
  return { ...out, forces: out.forces.slice(0, 3 * list.ncenters) };
}

/** The same for a frame of a file; errors begin with path:line and frame. */
export function evaluateFrame(potential: Potential, frame: Frame): Evaluation {
  try {
    return evaluateStructure(potential, frame);
  } catch (error) {
    if (!(error instanceof PotentialError) || !frame.origin) throw error;
    throw new PotentialError(`${formatLocation(frame.origin)}: ${error.message}`, { cause: error });
  }
}
