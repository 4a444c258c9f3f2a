import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { hopping, type TightBindingParameters } from './tight-binding-parameters.ts';

/** Symmetric sparse matrix: the row of atom i holds `values[first[i] … first[i+1])` at `columns`; the diagonal is apart. Unit eV. */
export interface Hamiltonian {
  readonly natoms: number;
  readonly first: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
  readonly onsite: Float64Array;
}

/** Second moments below this (eV²) belong to atoms without neighbors. */
const LONELY = 1e-12;

/** Hamiltonian of free-standing atoms (n,3), Å. */
export function hamiltonian(positions: Float64Array, parameters: TightBindingParameters): Hamiltonian {
  const natoms = positions.length / 3;
  const { first, neighbors } = buildNeighborList(
    { positions, numbers: new Uint8Array(natoms), cell: null, pbc: [false, false, false] },
    parameters.cutoff,
  );
  const values = new Float64Array(neighbors.length);
  for (let i = 0; i < natoms; i++)
    for (let k = first[i]; k < first[i + 1]; k++) {
      const j = neighbors[k];
      const dx = positions[3 * i] - positions[3 * j];
      const dy = positions[3 * i + 1] - positions[3 * j + 1];
      const dz = positions[3 * i + 2] - positions[3 * j + 2];
      values[k] = hopping(Math.sqrt(dx * dx + dy * dy + dz * dz), parameters);
    }
  const onsite = neutralLevels({ natoms, first, columns: neighbors, values }, parameters.neutrality);
  return { natoms, first, columns: neighbors, values, onsite };
}

/** ε_i = −C μ3/μ2 with μ2 = Σ t_ij², μ3 = Σ t_ij t_jk t_ki. */
function neutralLevels({ natoms, first, columns, values }: Omit<Hamiltonian, 'onsite'>, neutrality: number) {
  const onsite = new Float64Array(natoms);
  const row = new Float64Array(natoms);
  for (let i = 0; i < natoms; i++) {
    let second = 0;
    let third = 0;
    for (let k = first[i]; k < first[i + 1]; k++) {
      row[columns[k]] = values[k];
      second += values[k] ** 2;
    }
    for (let k = first[i]; k < first[i + 1]; k++) {
      const j = columns[k];
      let sum = 0;
      for (let l = first[j]; l < first[j + 1]; l++) sum += values[l] * row[columns[l]];
      third += values[k] * sum;
    }
    for (let k = first[i]; k < first[i + 1]; k++) row[columns[k]] = 0;
    onsite[i] = second < LONELY ? 0 : (-neutrality * third) / second;
  }
  return onsite;
}

/** Atoms `from` … `from + count` of a Hamiltonian, without what couples them to the others. */
export function part(h: Hamiltonian, from: number, count: number): Hamiltonian {
  const first = new Int32Array(count + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let k = h.first[from + i]; k < h.first[from + i + 1]; k++) {
      const j = h.columns[k] - from;
      if (j < 0 || j >= count) continue;
      columns.push(j);
      values.push(h.values[k]);
    }
    first[i + 1] = columns.length;
  }
  return {
    natoms: count,
    first,
    columns: Int32Array.from(columns),
    values: Float64Array.from(values),
    onsite: h.onsite.slice(from, from + count),
  };
}

/** Dense block H[rows from `a` on, columns from `b` on] of n atoms each. */
export function denseBlock(h: Hamiltonian, a: number, b: number, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = h.first[a + i]; k < h.first[a + i + 1]; k++) {
      const j = h.columns[k] - b;
      if (j >= 0 && j < n) out[i * n + j] = h.values[k];
    }
    if (a === b) out[i * n + i] = h.onsite[a + i];
  }
  return out;
}
