import { symbolOf } from '../core/elements.ts';

/** Errors of one quantity over a set; NaN where nothing was compared. */
interface ErrorSummary {
  readonly count: number;
  readonly mae: number;
  readonly rmse: number;
  readonly max: number;
  /** Coefficient of determination, 1 − Σ error² / Σ (reference − mean)²; NaN where all references are the same. */
  readonly r2: number;
}

interface ForceSummary extends ErrorSummary {
  /** Mean angle in degrees between predicted and reference forces of at least `ANGLE_FROM` eV/Å. */
  readonly angle: number;
  /** eV/Å: mean absolute error of the length of the force on an atom. */
  readonly magnitude: number;
}

/** Energies and virials (components) in meV/atom, forces (components) in eV/Å. */
export interface ErrorTable {
  readonly structures: number;
  readonly energy: ErrorSummary;
  readonly forces: ForceSummary;
  readonly virial: ErrorSummary;
}

/** Directions of smaller forces (eV/Å) say little. */
const ANGLE_FROM = 0.1;

class RunningErrors {
  #count = 0;
  #sum = 0;
  #squares = 0;
  #max = 0;
  #mean = 0;
  #spread = 0;

  add(value: number, reference: number): void {
    const size = Math.abs(value - reference);
    this.#count++;
    this.#sum += size;
    this.#squares += size * size;
    // A NaN stays.
    if (size > this.#max || Number.isNaN(size)) this.#max = size;
    const before = reference - this.#mean;
    this.#mean += before / this.#count;
    this.#spread += before * (reference - this.#mean);
  }

  summary(unit = 1): ErrorSummary {
    const count = this.#count;
    if (count === 0) return { count, mae: Number.NaN, rmse: Number.NaN, max: Number.NaN, r2: Number.NaN };
    return {
      count,
      mae: (unit * this.#sum) / count,
      rmse: unit * Math.sqrt(this.#squares / count),
      max: unit * this.#max,
      r2: this.#spread > 0 ? 1 - this.#squares / this.#spread : Number.NaN,
    };
  }
}

class RunningForces {
  readonly #components = new RunningErrors();
  readonly #lengths = new RunningErrors();
  #angles = 0;
  #angleCount = 0;

  /** The force on atom i; components whose reference is NaN are not compared. */
  add(forces: Float64Array, reference: Float64Array, i: number): void {
    let product = 0;
    let square = 0;
    let other = 0;
    for (let k = 3 * i; k < 3 * i + 3; k++) {
      if (!Number.isNaN(reference[k])) this.#components.add(forces[k], reference[k]);
      product += forces[k] * reference[k];
      square += forces[k] * forces[k];
      other += reference[k] * reference[k];
    }
    if (Number.isNaN(other)) return;
    this.#lengths.add(Math.sqrt(square), Math.sqrt(other));
    if (other < ANGLE_FROM * ANGLE_FROM) return;
    this.#angleCount++;
    const cosine = square > 0 ? product / Math.sqrt(square * other) : 0;
    this.#angles += (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, cosine)));
  }

  summary(): ForceSummary {
    const angle = this.#angleCount > 0 ? this.#angles / this.#angleCount : Number.NaN;
    return { ...this.#components.summary(), angle, magnitude: this.#lengths.summary().mae };
  }
}

/** Prediction and label of one structure: eV and eV/Å; labels that are absent or NaN are not compared. */
export interface Comparison {
  readonly natoms: number;
  /** Atomic numbers; absent: errors are not told apart by element. */
  readonly numbers?: Uint8Array;
  readonly energy: number;
  readonly forces: Float64Array;
  /** eV, Σ r⊗f, components in the order of the label. */
  readonly virial?: Float64Array;
  readonly label: {
    readonly energy?: number | undefined;
    readonly forces?: Float64Array | undefined;
    readonly virial?: Float64Array | undefined;
  };
  /** `config_type` or the like; an empty string = none. */
  readonly group: string;
}

/** Collects errors of energies per atom, force components and virials per atom, over all structures, by group and by element. */
export class Metrics {
  readonly #all = new GroupErrors();
  readonly #groups = new Map<string, GroupErrors>();
  readonly #elements = new Map<number, RunningForces>();

  add(comparison: Comparison): void {
    const { group } = comparison;
    let errors = this.#groups.get(group);
    if (!errors) {
      errors = new GroupErrors();
      this.#groups.set(group, errors);
    }
    this.#all.add(comparison);
    errors.add(comparison);
    this.#addElements(comparison);
  }

  /** Over all structures. */
  total(): ErrorTable {
    return this.#all.table();
  }

  /** By group, in the order of first appearance. */
  groups(): ReadonlyMap<string, ErrorTable> {
    return new Map([...this.#groups].map(([name, errors]) => [name, errors.table()]));
  }

  /** Forces on the atoms of each element, by symbol. */
  elements(): ReadonlyMap<string, ForceSummary> {
    const sorted = [...this.#elements].sort(([a], [b]) => a - b);
    return new Map(sorted.map(([z, errors]) => [symbolOf(z), errors.summary()]));
  }

  #addElements({ numbers, forces, label }: Comparison): void {
    if (!label.forces || !numbers) return;
    for (let i = 0; i < numbers.length; i++) {
      let errors = this.#elements.get(numbers[i]);
      if (!errors) {
        errors = new RunningForces();
        this.#elements.set(numbers[i], errors);
      }
      errors.add(forces, label.forces, i);
    }
  }
}

class GroupErrors {
  #structures = 0;
  readonly #energy = new RunningErrors();
  readonly #forces = new RunningForces();
  readonly #virial = new RunningErrors();

  add({ natoms, energy, forces, virial, label }: Comparison): void {
    this.#structures++;
    if (label.energy !== undefined && !Number.isNaN(label.energy))
      this.#energy.add(energy / natoms, label.energy / natoms);
    if (label.forces) for (let i = 0; i < natoms; i++) this.#forces.add(forces, label.forces, i);
    if (!virial || !label.virial) return;
    for (let k = 0; k < label.virial.length; k++)
      if (!Number.isNaN(label.virial[k])) this.#virial.add(virial[k] / natoms, label.virial[k] / natoms);
  }

  table(): ErrorTable {
    return {
      structures: this.#structures,
      energy: this.#energy.summary(1000),
      forces: this.#forces.summary(),
      virial: this.#virial.summary(1000),
    };
  }
}

function perAtom({ count, mae, rmse, max, r2 }: ErrorSummary): Record<string, number> {
  return { count, mae_meV_per_atom: mae, rmse_meV_per_atom: rmse, max_meV_per_atom: max, r2 };
}

function forcesAsJson({ count, mae, rmse, max, r2, angle, magnitude }: ForceSummary): Record<string, number> {
  return {
    count,
    mae_eV_per_A: mae,
    rmse_eV_per_A: rmse,
    max_eV_per_A: max,
    r2,
    angle_deg: angle,
    angle_from_eV_per_A: ANGLE_FROM,
    magnitude_mae_eV_per_A: magnitude,
  };
}

/** Units are in the names of the keys. */
function errorsAsJson({ structures, energy, forces, virial }: ErrorTable): Record<string, unknown> {
  return {
    structures,
    energy: perAtom(energy),
    forces: forcesAsJson(forces),
    ...(virial.count > 0 && { virial: perAtom(virial) }),
  };
}

/**
 * What `--json` and `run.json` hold: errors over all structures, with `byGroup` where there are named groups and `byElement` (forces)
 * where elements are known. What could not be compared is null (JSON has no NaN).
 */
export function metricsAsJson(metrics: Metrics): Record<string, unknown> {
  const named = [...metrics.groups()].filter(([name]) => name !== '');
  const elements = [...metrics.elements()];
  return {
    ...errorsAsJson(metrics.total()),
    ...(elements.length > 0 && {
      byElement: Object.fromEntries(elements.map(([symbol, forces]) => [symbol, { forces: forcesAsJson(forces) }])),
    }),
    ...(named.length > 0 && {
      byGroup: Object.fromEntries(named.map(([name, table]) => [name, errorsAsJson(table)])),
    }),
  };
}
