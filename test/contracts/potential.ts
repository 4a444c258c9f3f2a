import { describe, expect, test } from 'vitest';
import type { AtomsAndCell } from '../../potentials/neighbors/atoms-and-cell.ts';
import { buildNeighborList, foldForces, type NeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { type Evaluation, newEvaluation, type Potential } from '../../potentials/potential.ts';

/** Evaluates a structure; forces are folded onto its atoms. */
export function evaluate(potential: Potential, structure: AtomsAndCell, cutoff = potential.cutoff): Evaluation {
  const list = buildNeighborList(structure, cutoff);
  const out = newEvaluation(list.natoms, list.ncenters);
  potential.evaluate(list, out);
  foldForces(list, out.forces);
  return { ...out, forces: out.forces.slice(0, 3 * list.ncenters) };
}

const largest = (values: Float64Array) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Largest difference, in units of the largest value of `wanted` (or of `scale` where that is larger). */
function deviation(found: Float64Array, wanted: Float64Array, scale = 0): number {
  expect(found.length).toBe(wanted.length);
  return largest(found.map((x, k) => x - wanted[k])) / Math.max(largest(wanted), scale, Number.MIN_VALUE);
}

/** Central difference of fourth order. */
const derivative = (f: (step: number) => number, h: number) => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);

/** Largest deviation of the forces from central differences of the energy, relative to the largest force. */
export function forceError(potential: Potential, structure: AtomsAndCell, h = 3e-4): number {
  const { forces } = evaluate(potential, structure);
  const differences = forces.map((_, k) => {
    const energyAt = (step: number) => {
      const positions = Float64Array.from(structure.positions);
      positions[k] += step;
      return evaluate(potential, { ...structure, positions }).energy;
    };
    return -derivative(energyAt, h);
  });
  return deviation(forces, differences);
}

function strained(structure: AtomsAndCell, a: number, b: number, step: number): AtomsAndCell {
  const map = (rows: Float64Array) => rows.map((x, k) => (k % 3 === b ? x + step * rows[k - (k % 3) + a] : x));
  return { ...structure, positions: map(structure.positions), cell: structure.cell && map(structure.cell) };
}

/** Largest deviation of the virial from −dE/dε (central differences), relative to the largest element. */
export function virialError(potential: Potential, structure: AtomsAndCell, h = 1e-4): number {
  const { virial, forces } = evaluate(potential, structure);
  const differences = virial.map((_, k) => {
    const energyAt = (step: number) => evaluate(potential, strained(structure, Math.floor(k / 3), k % 3, step)).energy;
    return -derivative(energyAt, h);
  });
  return deviation(virial, differences, largest(forces));
}

const ROTATION = [0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6];
const rotate = (rows: Float64Array) =>
  rows.map((_, k) => [0, 1, 2].reduce((sum, a) => sum + rows[k - (k % 3) + a] * ROTATION[3 * a + (k % 3)], 0));

/** Writes the images of a periodic structure out as a cell of 2×1×2. */
function supercell({ numbers, positions, cell, pbc }: AtomsAndCell): AtomsAndCell {
  const rows = cell as Float64Array;
  const images = [0, 1].flatMap((a) => [0, 1].map((c) => [0, 1, 2].map((k) => a * rows[k] + c * rows[6 + k])));
  return {
    numbers: Uint8Array.from(images.flatMap(() => [...numbers])),
    positions: Float64Array.from(images.flatMap((shift) => [...positions].map((x, k) => x + shift[k % 3]))),
    cell: rows.map((x, k) => (k < 3 || k > 5 ? 2 * x : x)),
    pbc,
  };
}

/**
 * What every potential must keep, whatever computes it: forces are −∇E, the virial is −dE/dε, and so on. `structures` must be
 * periodic in all directions; small random ones with more than one element serve best. `tolerance` is for things that are equal
 * but for rounding.
 */
export function potentialContract(
  name: string,
  make: () => Potential,
  structures: readonly (readonly [string, AtomsAndCell])[],
  tolerance = 1e-11,
): void {
  describe.each(structures)(`${name} on %s`, (_title, structure) => {
    const potential = make();
    const reference = evaluate(potential, structure);
    const n = structure.numbers.length;

    test('has forces that are minus the gradient of the energy', () => {
      expect(largest(reference.forces)).toBeGreaterThan(1e-3);
      expect(forceError(potential, structure)).toBeLessThan(2e-7);
    });

    test('has a virial that is minus the derivative by strain, and symmetric', () => {
      expect(virialError(potential, structure)).toBeLessThan(1e-7);
      const { virial } = reference;
      const transposed = virial.map((_, k) => virial[3 * (k % 3) + Math.floor(k / 3)]);
      expect(deviation(virial, transposed)).toBeLessThan(tolerance);
    });

    test('has forces that sum up to zero and atomic energies that sum up to the energy', () => {
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += reference.forces[3 * i + k];
        expect(Math.abs(sum)).toBeLessThan(tolerance * n * largest(reference.forces));
      }
      const sum = reference.atomicEnergies.reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - reference.energy)).toBeLessThan(tolerance * n * largest(reference.atomicEnergies));
    });

    test('turns with the structure', () => {
      const turned = evaluate(potential, {
        ...structure,
        positions: rotate(structure.positions),
        cell: structure.cell && rotate(structure.cell),
      });
      expect(Math.abs(turned.energy - reference.energy)).toBeLessThan(tolerance * Math.abs(reference.energy));
      expect(deviation(turned.forces, rotate(reference.forces))).toBeLessThan(tolerance);
    });

    test('does not depend on the place, on folding into the cell, or on mirroring', () => {
      const moved = structure.positions.map((x, k) => x + [0.7, -1.3, 2.9][k % 3]);
      const cell = structure.cell as Float64Array;
      for (let k = 0; k < 3; k++) moved[k] += cell[k] - 2 * cell[6 + k];
      const same = evaluate(potential, { ...structure, positions: moved });
      expect(deviation(same.forces, reference.forces)).toBeLessThan(tolerance);
      expect(Math.abs(same.energy - reference.energy)).toBeLessThan(tolerance * Math.abs(reference.energy));
      const negative = (rows: Float64Array) => rows.map((x) => -x);
      const mirrored = evaluate(potential, {
        ...structure,
        positions: negative(structure.positions),
        cell: negative(cell),
      });
      expect(deviation(mirrored.forces, negative(reference.forces))).toBeLessThan(tolerance);
      expect(deviation(mirrored.virial, reference.virial, largest(reference.forces))).toBeLessThan(tolerance);
    });

    test('does not depend on the order of atoms', () => {
      const order = Array.from({ length: n }, (_, i) => (i * 7 + 3) % n);
      const usable = new Set(order).size === n ? order : Array.from({ length: n }, (_, i) => n - 1 - i);
      const { numbers, positions } = structure;
      const permuted = evaluate(potential, {
        ...structure,
        numbers: Uint8Array.from(usable, (i) => numbers[i]),
        positions: Float64Array.from(usable.flatMap((i) => [...positions.subarray(3 * i, 3 * i + 3)])),
      });
      const wanted = Float64Array.from(usable.flatMap((i) => [...reference.forces.subarray(3 * i, 3 * i + 3)]));
      expect(deviation(permuted.forces, wanted)).toBeLessThan(tolerance);
    });

    test('gives the same for images as for the same atoms written out', () => {
      const large = evaluate(potential, supercell(structure));
      expect(Math.abs(large.energy - 4 * reference.energy)).toBeLessThan(4 * tolerance * Math.abs(reference.energy));
      for (let image = 0; image < 4; image++)
        expect(deviation(large.forces.slice(3 * n * image, 3 * n * (image + 1)), reference.forces)).toBeLessThan(
          tolerance,
        );
      expect(
        deviation(
          large.virial,
          reference.virial.map((x) => 4 * x),
          largest(reference.forces),
        ),
      ).toBeLessThan(tolerance);
    });

    test('leaves out neighbors beyond its cutoff (skin) and does not depend on the order of the list', () => {
      const wide = evaluate(potential, structure, potential.cutoff + 0.9);
      expect(deviation(wide.forces, reference.forces)).toBeLessThan(tolerance);
      const list = buildNeighborList(structure, potential.cutoff);
      const reversed = { ...list, neighbors: list.neighbors.slice() };
      for (let i = 0; i < n; i++) reversed.neighbors.subarray(list.first[i], list.first[i + 1]).reverse();
      const out = newEvaluation(list.natoms, list.ncenters);
      potential.evaluate(reversed, out);
      foldForces(list, out.forces);
      expect(deviation(out.forces.slice(0, 3 * n), reference.forces)).toBeLessThan(tolerance);
    });

    test('adds into what it is given, and leaves the neighborhood alone', () => {
      const list = buildNeighborList(structure, potential.cutoff);
      const before = JSON.stringify(list);
      const out = newEvaluation(list.natoms, list.ncenters);
      potential.evaluate(list, out);
      const once = { energy: out.energy, forces: out.forces.slice(), atomic: out.atomicEnergies.slice() };
      potential.evaluate(list, out);
      expect(JSON.stringify(list)).toBe(before);
      expect(Math.abs(out.energy - 2 * once.energy)).toBeLessThan(tolerance * Math.abs(once.energy));
      expect(
        deviation(
          out.forces,
          once.forces.map((f) => 2 * f),
        ),
      ).toBeLessThan(tolerance);
      expect(
        deviation(
          out.atomicEnergies,
          once.atomic.map((e) => 2 * e),
        ),
      ).toBeLessThan(tolerance);
    });

    test('refuses unknown species, coincident atoms and coordinates that are not numbers, naming the atom', () => {
      const list = buildNeighborList(structure, potential.cutoff);
      const attempt = (changed: Partial<NeighborList>) => () =>
        potential.evaluate({ ...list, ...changed }, newEvaluation(list.natoms, list.ncenters));
      const stranger = list.numbers.map((z, i) => (list.owner[i] === 1 ? 92 : z));
      expect(attempt({ numbers: stranger })).toThrow(/atom \d+ is U/);
      const broken = list.positions.slice();
      broken[4] = Number.NaN;
      expect(attempt({ positions: broken })).toThrow(/atom/);
      const coincident = list.positions.slice();
      const j = list.neighbors[list.first[0]];
      coincident.copyWithin(3 * j, 0, 3);
      expect(attempt({ positions: coincident })).toThrow(/coincide/);
    });
  });

  test(`${name} gives an isolated atom a finite energy and no force`, () => {
    const potential = make();
    for (const z of potential.species) {
      const lone = { numbers: Uint8Array.of(z), positions: Float64Array.of(1, 2, 3), cell: null };
      const { energy, forces } = evaluate(potential, { ...lone, pbc: [false, false, false] });
      expect(Number.isFinite(energy)).toBe(true);
      expect([...forces].map(Math.abs)).toEqual([0, 0, 0]);
    }
  });
}
