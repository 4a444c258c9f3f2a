import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SymmetryFunctions } from '../../potentials/descriptors/symmetry-functions.ts';
import type { Backend } from '../../potentials/kernels/backends.ts';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { loadPotential, readModel } from '../../potentials/load.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { atomicNumber } from '../../src/core/elements.ts';
import { ENERGY_UNITS, LENGTH_UNITS } from '../../src/core/units.ts';
import { evaluateStructure } from '../../src/evaluate/evaluate-structure.ts';
import { describeLane, SHARED } from '../lanes.ts';

/** Schema nnp-reference/1; numbers in `units`. */
interface Reference {
  readonly units: { readonly length: string; readonly energy: string };
  readonly structures: readonly {
    readonly id: string;
    readonly pbc: readonly [boolean, boolean, boolean];
    readonly cell: readonly (readonly number[])[] | null;
    readonly symbols: readonly string[];
    readonly positions: readonly (readonly number[])[];
    readonly energy: number;
    readonly forces: readonly (readonly number[])[];
    readonly atomicEnergies: readonly number[];
    readonly virial?: readonly (readonly number[])[];
    readonly scaledSymmetryFunctions?: readonly (readonly number[])[];
    readonly roundoff: { readonly energy: number; readonly forces: number };
  }[];
}

const TOLERANCE = 1e-10;
const LARGEST = 1100;
const largest = (values: readonly number[]) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const difference = (found: ArrayLike<number>, wanted: readonly number[], unit: number) =>
  largest(wanted.map((x, k) => found[k] / unit - x));

/** The rules of check-nnp.mjs with --extras. */
async function compare(directory: string, file: string, backend: Backend): Promise<void> {
  const potential = await loadPotential(directory, { backend });
  const { units, structures } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Reference;
  const length = LENGTH_UNITS[units.length];
  const energy = ENERGY_UNITS[units.energy];
  const fileForce = largest(structures.flatMap((s) => s.forces.flat()));
  for (const s of structures) {
    if (s.symbols.length > LARGEST) continue;
    const found = evaluateStructure(potential, atomsOf(s, length));
    const { roundoff } = s;
    const energyScale = Math.max(
      Math.abs(s.energy),
      s.atomicEnergies.reduce((sum, e) => sum + Math.abs(e), 0),
    );
    expect(Math.abs(found.energy / energy - s.energy), `energy of ${s.id}`).toBeLessThanOrEqual(
      Math.max(TOLERANCE * energyScale, 30 * roundoff.energy),
    );
    const forceScale = Math.max(largest(s.forces.flat()), 0.05 * fileForce);
    expect(difference(found.forces, s.forces.flat(), energy / length), `forces of ${s.id}`).toBeLessThanOrEqual(
      Math.max(TOLERANCE * forceScale, 30 * roundoff.forces),
    );
    expect(
      difference(found.atomicEnergies, s.atomicEnergies, energy),
      `atomic energies of ${s.id}`,
    ).toBeLessThanOrEqual(Math.max(TOLERANCE * largest(s.atomicEnergies), 30 * roundoff.energy));
    if (!s.virial) continue;
    const virialScale = Math.max(largest(s.virial.flat()), forceScale);
    expect(difference(found.virial, s.virial.flat(), energy), `virial of ${s.id}`).toBeLessThanOrEqual(
      Math.max(10 * TOLERANCE * virialScale, 30 * s.symbols.length * roundoff.forces),
    );
  }
}

function atomsOf(s: Reference['structures'][number], length: number) {
  return {
    numbers: Uint8Array.from(s.symbols, atomicNumber),
    positions: Float64Array.from(s.positions.flat(), (x) => x * length),
    cell: s.cell && Float64Array.from(s.cell.flat(), (x) => x * length),
    pbc: s.pbc,
  };
}

/** Largest difference of the network inputs from n2p2's, of all atoms of the file; undefined when it has none. */
async function inputDifference(directory: string, file: string): Promise<number | undefined> {
  const model = await readModel(directory);
  const { units, structures } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Reference;
  const species = model.elements.map(({ z }) => z);
  const sets = model.elements.map((e) => new SymmetryFunctions(e.symmetryFunctions, { ...model, species }));
  let most: number | undefined;
  for (const s of structures) {
    s.scaledSymmetryFunctions?.forEach((wanted, i) => {
      const structure = atomsOf(s, LENGTH_UNITS[units.length]);
      const e = species.indexOf(structure.numbers[i]);
      const g = new Float64Array(sets[e].count);
      sets[e].compute(buildNeighborList(structure, sets[e].cutoff), i, g);
      const { scaleFactor, scaleOffset } = model.elements[e];
      const inputs = g.map((value, k) => value * scaleFactor[k] + scaleOffset[k]);
      expect(inputs.length).toBe(wanted.length);
      most = Math.max(most ?? 0, difference(inputs, wanted, 1));
    });
  }
  return most;
}

describeLane('corpus', 'every evaluator agrees with n2p2 and LAMMPS', () => {
  const root = join(SHARED, 'potentials');
  const cases = ['n2p2', 'synthetic'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) =>
      readdirSync(join(root, group, name))
        .filter((file) => /^reference.*\.json$/.test(file))
        .map((file) => [`${group}/${name}`, file] as const),
    ),
  );
  test('for at least 70 reference files', () => {
    expect(cases.length).toBeGreaterThanOrEqual(70);
  });
  const backends = ['typescript', 'wasm', ...nativeVariants().map((variant) => `native-${variant}`)] as Backend[];
  test.each(backends.flatMap((backend) => cases.map(([name, file]) => [backend, name, file] as const)))(
    '%s for %s (%s)',
    async (backend, name, file) => {
      await compare(join(root, name), file, backend);
    },
  );

  // Steep polynomials over a tiny range of values: the scaled values of two correct programs differ by up to 3e-10 (p4) and 3e-7 (p4a).
  const steep: Readonly<Record<string, number>> = { 'synthetic/sf21_p4': 1e-9, 'synthetic/sf21_p4a': 1e-6 };
  test.each(cases)('in the order and value of the network inputs for %s (%s)', async (name, file) => {
    const most = await inputDifference(join(root, name), file);
    if (most !== undefined) expect(most).toBeLessThan(steep[name] ?? 1e-11);
  });
});
