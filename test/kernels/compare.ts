import { expect } from 'vitest';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import type { HdnnpModel } from '../../potentials/hdnnp-model.ts';
import type { Neighborhood } from '../../potentials/neighborhood.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';
import { seededRandom } from '../../src/core/random.ts';

export function evaluateOn(potential: Potential, neighborhood: Neighborhood): Evaluation {
  const out = newEvaluation(neighborhood.natoms, neighborhood.ncenters);
  potential.evaluate(neighborhood, out);
  return out;
}

/** Largest difference over the largest value of both. */
export function difference(a: Float64Array, b: Float64Array): number {
  let most = 0;
  let scale = Number.MIN_VALUE;
  a.forEach((x, k) => {
    most = Math.max(most, Number.isNaN(x - b[k]) ? Number.POSITIVE_INFINITY : Math.abs(x - b[k]));
    scale = Math.max(scale, Math.abs(x), Math.abs(b[k]));
  });
  return most / scale;
}

/** Energy, forces on all atoms, virial, atomic energies and extrapolations equal those of the TypeScript program. */
export function expectAsOracle(
  kernel: Potential,
  model: HdnnpModel,
  neighborhood: Neighborhood,
  tolerance = 1e-11,
): void {
  const found = evaluateOn(kernel, neighborhood);
  const wanted = evaluateOn(new Hdnnp(model), neighborhood);
  expect(Math.abs(found.energy - wanted.energy)).toBeLessThanOrEqual(tolerance * Math.abs(wanted.energy));
  expect(difference(found.forces, wanted.forces)).toBeLessThan(tolerance);
  expect(difference(found.atomicEnergies, wanted.atomicEnergies)).toBeLessThan(tolerance);
  expect(difference(found.virial, wanted.virial)).toBeLessThan(10 * tolerance);
  expect(found.extrapolationCount).toBe(wanted.extrapolationCount);
  expect(found.extrapolations?.map(({ atom, feature, min, max }) => [atom, feature, min, max])).toEqual(
    wanted.extrapolations?.map(({ atom, feature, min, max }) => [atom, feature, min, max]),
  );
}

/** One center with random neighbors of the given species in a shell; every other atom is a ghost without a list. */
export function oneCenter(
  seed: number,
  neighbors: readonly number[],
  [inner, outer]: readonly [number, number],
): Neighborhood {
  const random = seededRandom(seed);
  const positions = [0, 0, 0];
  for (const _ of neighbors) {
    const r = inner + (outer - inner) * random();
    const cosine = 2 * random() - 1;
    const phi = 2 * Math.PI * random();
    const sine = Math.sqrt(1 - cosine * cosine);
    positions.push(r * sine * Math.cos(phi), r * sine * Math.sin(phi), r * cosine);
  }
  return {
    ncenters: 1,
    natoms: neighbors.length + 1,
    numbers: Uint8Array.of(1, ...neighbors),
    positions: Float64Array.from(positions),
    first: Int32Array.of(0, neighbors.length),
    neighbors: Int32Array.from(neighbors, (_, k) => k + 1),
  };
}
