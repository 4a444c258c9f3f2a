/** Errors of one quantity over a set; NaN where nothing was compared. */
interface ErrorSummary {
  readonly count: number;
  readonly mae: number;
  readonly rmse: number;
  readonly max: number;
}

/** Energies in meV/atom, forces (components) in eV/Å. */
export interface ErrorTable {
  readonly structures: number;
  readonly energy: ErrorSummary;
  readonly forces: ErrorSummary;
}

class RunningErrors {
  #count = 0;
  #sum = 0;
  #squares = 0;
  #max = 0;

  add(error: number): void {
    const size = Math.abs(error);
    this.#count++;
    this.#sum += size;
    this.#squares += size * size;
    // A NaN stays.
    if (size > this.#max || Number.isNaN(size)) this.#max = size;
  }

  summary(unit = 1): ErrorSummary {
    const count = this.#count;
    if (count === 0) return { count, mae: Number.NaN, rmse: Number.NaN, max: Number.NaN };
    return {
      count,
      mae: (unit * this.#sum) / count,
      rmse: unit * Math.sqrt(this.#squares / count),
      max: unit * this.#max,
    };
  }
}

/** Prediction and label of one structure: eV and eV/Å; labels that are absent or NaN are not compared. */
export interface Comparison {
  readonly natoms: number;
  readonly energy: number;
  readonly forces: Float64Array;
  readonly label: { readonly energy?: number | undefined; readonly forces?: Float64Array | undefined };
  /** `config_type` or the like; an empty string = none. */
  readonly group: string;
}

/** Collects energy errors per atom and force component errors, over all structures and by group. */
export class Metrics {
  #all = new GroupErrors();
  readonly #groups = new Map<string, GroupErrors>();

  add(comparison: Comparison): void {
    const { group } = comparison;
    let errors = this.#groups.get(group);
    if (!errors) {
      errors = new GroupErrors();
      this.#groups.set(group, errors);
    }
    this.#all.add(comparison);
    errors.add(comparison);
  }

  /** Over all structures. */
  total(): ErrorTable {
    return this.#all.table();
  }

  /** By group, in the order of first appearance. */
  groups(): ReadonlyMap<string, ErrorTable> {
    return new Map([...this.#groups].map(([name, errors]) => [name, errors.table()]));
  }
}

class GroupErrors {
  #structures = 0;
  readonly #energy = new RunningErrors();
  readonly #forces = new RunningErrors();

  add({ natoms, energy, forces, label }: Comparison): void {
    this.#structures++;
    if (label.energy !== undefined && !Number.isNaN(label.energy)) this.#energy.add((energy - label.energy) / natoms);
    const reference = label.forces;
    if (!reference) return;
    for (let k = 0; k < 3 * natoms; k++) if (!Number.isNaN(reference[k])) this.#forces.add(forces[k] - reference[k]);
  }

  table(): ErrorTable {
    return { structures: this.#structures, energy: this.#energy.summary(1000), forces: this.#forces.summary() };
  }
}

/** Units are in the names of the keys. */
function errorsAsJson(table: ErrorTable): Record<string, unknown> {
  const { energy, forces } = table;
  return {
    structures: table.structures,
    energy: {
      count: energy.count,
      mae_meV_per_atom: energy.mae,
      rmse_meV_per_atom: energy.rmse,
      max_meV_per_atom: energy.max,
    },
    forces: {
      count: forces.count,
      mae_eV_per_A: forces.mae,
      rmse_eV_per_A: forces.rmse,
      max_eV_per_A: forces.max,
    },
  };
}

/** What `--json` and `run.json` hold: errors over all structures, with `byGroup` where there are named groups. */
export function metricsAsJson(metrics: Metrics): Record<string, unknown> {
  const named = [...metrics.groups()].filter(([name]) => name !== '');
  return {
    ...errorsAsJson(metrics.total()),
    ...(named.length > 0 && {
      byGroup: Object.fromEntries(named.map(([name, table]) => [name, errorsAsJson(table)])),
    }),
  };
}
