import type { ComparedSet, ComparedStructure } from './compared-set.ts';

/** Errors of one structure; NaN where there is no label. */
interface StructureErrors {
  /** meV/atom, with sign. */
  readonly energy: number;
  /** eV/Å over the labelled components. */
  readonly forceMae: number;
  readonly forceMax: number;
  /** meV/atom, mean over the labelled components. */
  readonly virialMae: number;
}

export function structureErrors({ natoms, energy, forces, virial, label }: ComparedStructure): StructureErrors {
  const force = absoluteErrors(forces, label.forces);
  const strain = absoluteErrors(virial, label.virial);
  return {
    energy: label.energy === undefined ? Number.NaN : (1000 * (energy - label.energy)) / natoms,
    forceMae: force.mean,
    forceMax: force.max,
    virialMae: (1000 * strain.mean) / natoms,
  };
}

function absoluteErrors(values: Float64Array | undefined, labels: Float64Array | undefined) {
  let sum = 0;
  let count = 0;
  let max = Number.NaN;
  labels?.forEach((reference, k) => {
    if (!values || Number.isNaN(reference)) return;
    const error = Math.abs(values[k] - reference);
    sum += error;
    count++;
    if (!(error <= max)) max = error;
  });
  return { mean: count > 0 ? sum / count : Number.NaN, max };
}

const HEAD = [
  'set',
  'file',
  'frame',
  'group',
  'atoms',
  'energy_eV_per_atom',
  'predicted_energy_eV_per_atom',
  'energy_error_meV_per_atom',
  'force_mae_eV_per_A',
  'force_max_eV_per_A',
  'virial_mae_meV_per_atom',
];

/** One line per structure of all sets; empty cells where there is no label. */
export function structuresCsv(sets: readonly ComparedSet[]): string {
  const lines = sets.flatMap(({ name, structures }) =>
    structures.map((structure) => {
      const { origin, group, natoms, label } = structure;
      const errors = structureErrors(structure);
      const numbers = [
        (label.energy ?? Number.NaN) / natoms,
        structure.energy / natoms,
        errors.energy,
        errors.forceMae,
        errors.forceMax,
        errors.virialMae,
      ];
      return [
        ...[name, origin.path, origin.frame ?? '', group, natoms].map(quoted),
        ...numbers.map((x) => (Number.isFinite(x) ? String(x) : '')),
      ].join(',');
    }),
  );
  return `${[HEAD.join(','), ...lines].join('\n')}\n`;
}

function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
