import { SymmetryFunctions } from '../../potentials/descriptors/symmetry-functions.ts';
import type { SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { compareSymmetryFunctions } from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import { type Environments, sampled, within } from './environments.ts';
import { independentColumns } from './independent-columns.ts';
import type { LabelledFrame } from './labelled-frames.ts';

/** Cutoff function of the generated sets: 6, no inner radius. */
const CUTOFF = { cutoffType: 6, cutoffAlpha: 0 } as const;
/** Radial functions per pair of elements before pruning. */
const RADIAL = 12;
const ANGULAR = { lambda: [-1, 1], zeta: [1, 2, 4, 8, 16] } as const;
/** η of angular functions, times the square of the cutoff: from long to short range. */
const ANGULAR_ETA = [0.2, 1.2, 3] as const;
/** Functions kept per element: for one neighbor element, and at most. */
const KEPT = { one: 36, most: 72 } as const;
/** Structures and atoms of an element that pruning looks at. */
const SAMPLE = { frames: 60, atoms: 1200 } as const;

/**
 * Symmetry functions for each element: Gaussians (type 2) centered between the smallest distance of the pair and the cutoff, angular
 * functions (type 3) of short and long range, for every pair of neighbor elements that occurs. Of these as many are kept as describe
 * the sample independently, in the order of `independentColumns`.
 */
export function generatedFunctions(frames: readonly LabelledFrame[], environments: Environments): SymmetryFunction[][] {
  const { species } = environments;
  const candidates = species.map((_, e) => candidatesOf(e, environments));
  const values = sampleValues(frames, environments, candidates);
  return candidates.map((own, e) => {
    const kept = independentColumns(values[e], own.length, budget(species.length));
    return kept.map((k) => own[k]).sort(compareSymmetryFunctions);
  });
}

function budget(elements: number): number {
  return Math.min(KEPT.most, Math.round(KEPT.one * (1 + 0.8 * (elements - 1))));
}

function candidatesOf(center: number, { species, nearest, cutoff: rc }: Environments): SymmetryFunction[] {
  const around = species.map((_, e) => e).filter((e) => nearest[center][e] < Infinity);
  const radial = around.flatMap((e): SymmetryFunction[] => {
    const from = 0.9 * nearest[center][e];
    const to = 0.85 * rc;
    const step = (to - from) / (RADIAL - 1);
    // Standard deviation a little above the distance of their centers.
    const eta = rounded(1 / (2 * (1.1 * step) ** 2));
    return Array.from({ length: RADIAL }, (_, k) => ({
      type: 2,
      e1: species[e],
      eta,
      rs: rounded(from + k * step),
      rc,
    }));
  });
  const angular = around.flatMap((a, i) =>
    around.slice(i).flatMap((b) =>
      ANGULAR_ETA.flatMap((reduced) =>
        ANGULAR.lambda.flatMap((lambda) =>
          ANGULAR.zeta.map((zeta): SymmetryFunction => {
            const eta = rounded(reduced / (rc * rc));
            return { type: 3, e1: species[a], e2: species[b], eta, lambda, zeta, rs: 0, rc };
          }),
        ),
      ),
    ),
  );
  return [...radial, ...angular];
}

/** Three digits are enough and can be read. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Values (atoms, functions) of a sample of the atoms of each element. */
function sampleValues(
  frames: readonly LabelledFrame[],
  { species, cutoff }: Environments,
  candidates: readonly (readonly SymmetryFunction[])[],
): Float64Array[] {
  const descriptors = candidates.map((own) => new SymmetryFunctions(own, { ...CUTOFF, species }));
  const rows = species.map((): Float64Array[] => []);
  const chosen = species.map((z) =>
    sampled(
      frames.filter(({ frame }) => frame.numbers.includes(z)),
      SAMPLE.frames,
    ),
  );
  species.forEach((z, e) => {
    const most = Math.max(1, Math.floor(SAMPLE.atoms / chosen[e].length));
    for (const { frame, origin } of chosen[e]) {
      const list = within(() => buildNeighborList(frame, cutoff), origin);
      const atoms = Array.from(frame.numbers.keys()).filter((i) => frame.numbers[i] === z);
      for (const i of sampled(atoms, most)) {
        const row = new Float64Array(candidates[e].length);
        descriptors[e].compute(list, i, row);
        rows[e].push(row);
      }
    }
  });
  return rows.map((own, e) => {
    const matrix = new Float64Array(own.length * candidates[e].length);
    own.forEach((row, k) => {
      matrix.set(row, k * row.length);
    });
    return matrix;
  });
}
