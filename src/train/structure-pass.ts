import {
  ENERGY_ROW,
  type GradientRequest,
  type RowRequest,
} from '../../potentials/kernels/training/training-kernel.ts';
import {
  addEnergyGradient,
  addSlopeGradient,
  backward,
  forward,
  type NodeRows,
  type PassTarget,
  TangentScratch,
} from './network-pass.ts';
import type { Networks } from './networks.ts';
import type { Passes } from './passes.ts';
import type { TrainingStructure } from './training-structure.ts';

/** The passes in TypeScript: what the kernel must compute. */
export class StructurePass implements Passes {
  readonly networks: Networks;
  /** eV without reference energies, of the loaded structure. */
  energy = 0;
  #structure: TrainingStructure | undefined;
  #rows: NodeRows;
  readonly #stride: number;
  readonly #scratch: TangentScratch;
  readonly #target: PassTarget;

  constructor(networks: Networks) {
    this.networks = networks;
    this.#stride = Math.max(...networks.shapes.map((shape) => shape.nodes));
    this.#scratch = new TangentScratch(this.#stride);
    this.#rows = newRows(0);
    this.#target = { rows: this.#rows, at: 0, row: new Float64Array(0), rowAt: 0 };
  }

  load(structure: TrainingStructure): void {
    const { shapes, weights } = this.networks;
    const need = structure.natoms * this.#stride;
    if (this.#rows.value.length < need) {
      this.#rows = newRows(need);
      this.#target.rows = this.#rows;
    }
    this.#structure = structure;
    let energy = 0;
    for (let i = 0; i < structure.natoms; i++) {
      const shape = shapes[structure.elements[i]];
      const at = i * this.#stride;
      for (let k = structure.inputFirst[i], to = at; k < structure.inputFirst[i + 1]; k++, to++)
        this.#rows.value[to] = structure.inputs[k];
      energy += forward(shape, weights, this.#rows, at);
      backward(shape, weights, this.#rows, at);
    }
    this.energy = energy;
  }

  /** Forces in eV/Å into `out` (natoms, 3). */
  forces(out: Float64Array): void {
    const s = this.#loaded();
    out.fill(0, 0, 3 * s.natoms);
    for (let i = 0; i < s.natoms; i++) {
      for (let b = s.blockFirst[i]; b < s.blockFirst[i + 1]; b++) {
        const j = 3 * s.blockAtom[b];
        for (let c = 0; c < 3; c++) out[j + c] -= this.#slopeAlong(s, i, b, c);
      }
    }
  }

  /** One force component (3·atom + direction) in eV/Å. */
  force(component: number): number {
    const s = this.#loaded();
    const atom = Math.floor(component / 3);
    let force = 0;
    for (let k = s.atomFirst[atom]; k < s.atomFirst[atom + 1]; k++)
      force -= this.#slopeAlong(s, s.atomCenters[k], s.atomBlocks[k], component - 3 * atom);
    return force;
  }

  /** Virial Σ r⊗f in eV, xx yy zz xy xz yz, into `out` (6). */
  virial(out: Float64Array): void {
    const s = this.#loaded();
    out.fill(0, 0, 6);
    const { pull } = this.#rows;
    for (let i = 0; i < s.natoms; i++) {
      const at = i * this.#stride;
      const inputs = s.inputFirst[i + 1] - s.inputFirst[i];
      let from = 6 * s.inputFirst[i];
      for (let v = 0; v < 6; v++)
        for (let f = 0; f < inputs; f++, from++) out[v] -= pull[at + f] * s.virialDerivatives[from];
    }
  }

  /** Components one after the other. */
  rows({ codes, scales, values, rows }: RowRequest): void {
    const n = this.networks.weights.length;
    const virial = new Float64Array(6);
    if (codes.some((code) => code < ENERGY_ROW)) this.virial(virial);
    rows.fill(0, 0, codes.length * n);
    codes.forEach((code, r) => {
      if (code >= 0) {
        values[r] = this.force(code);
        this.addForceRow(code, scales[r], rows, r * n);
      } else if (code === ENERGY_ROW) {
        values[r] = this.energy;
        this.addEnergyRow(scales[r], rows, r * n);
      } else {
        values[r] = virial[-2 - code];
        this.addVirialRow(-2 - code, scales[r], rows, r * n);
      }
    });
  }

  /** Adds `scale`·dE/dw to `row[rowAt …]`. */
  addEnergyRow(scale: number, row: Float64Array, rowAt: number): void {
    const s = this.#loaded();
    this.#aim(row, rowAt);
    for (let i = 0; i < s.natoms; i++) {
      this.#target.at = i * this.#stride;
      addEnergyGradient(this.networks.shapes[s.elements[i]], this.#target, scale);
    }
  }

  /** Adds `scale`·dF/dw of one force component (3·atom + direction) to `row[rowAt …]`. */
  addForceRow(component: number, scale: number, row: Float64Array, rowAt: number): void {
    const s = this.#loaded();
    const { shapes, weights } = this.networks;
    const { tangent } = this.#scratch;
    const atom = Math.floor(component / 3);
    this.#aim(row, rowAt);
    for (let k = s.atomFirst[atom]; k < s.atomFirst[atom + 1]; k++) {
      const i = s.atomCenters[k];
      const b = s.atomBlocks[k];
      const shape = shapes[s.elements[i]];
      tangent.fill(0, 0, shape.sizes[0]);
      const columns = s.blockInputs[b];
      const from = s.blockStart[b] + (component - 3 * atom) * columns.length;
      for (let f = 0; f < columns.length; f++) tangent[columns[f]] = -scale * s.derivatives[from + f];
      this.#target.at = i * this.#stride;
      addSlopeGradient(shape, weights, this.#target, this.#scratch);
    }
  }

  /** Adds `scale`·dW/dw of one virial component (index into xx yy zz xy xz yz) to `row[rowAt …]`. */
  addVirialRow(component: number, scale: number, row: Float64Array, rowAt: number): void {
    const s = this.#loaded();
    const { shapes, weights } = this.networks;
    const { tangent } = this.#scratch;
    this.#aim(row, rowAt);
    for (let i = 0; i < s.natoms; i++) {
      const shape = shapes[s.elements[i]];
      const inputs = shape.sizes[0];
      const from = 6 * s.inputFirst[i] + component * inputs;
      for (let f = 0; f < inputs; f++) tangent[f] = -scale * s.virialDerivatives[from + f];
      this.#target.at = i * this.#stride;
      addSlopeGradient(shape, weights, this.#target, this.#scratch);
    }
  }

  /** Adds `energy`·dE/dw + Σ `forces`·dF/dw + Σ `virial`·dW/dw to `gradient`; `forces` is (natoms, 3), `virial` (6). */
  addGradient({ energy, forces, virial }: GradientRequest, gradient: Float64Array): void {
    const s = this.#loaded();
    const { shapes, weights } = this.networks;
    const { tangent } = this.#scratch;
    this.#aim(gradient, 0);
    for (let i = 0; i < s.natoms; i++) {
      const shape = shapes[s.elements[i]];
      tangent.fill(0, 0, shape.sizes[0]);
      for (let b = s.blockFirst[i]; b < s.blockFirst[i + 1]; b++) {
        const columns = s.blockInputs[b];
        const j = 3 * s.blockAtom[b];
        let from = s.blockStart[b];
        for (let c = 0; c < 3; c++, from += columns.length) {
          const u = forces[j + c];
          for (let f = 0; f < columns.length; f++) tangent[columns[f]] -= u * s.derivatives[from + f];
        }
      }
      for (let v = 0, from = 6 * s.inputFirst[i]; v < 6; v++, from += shape.sizes[0]) {
        const u = virial[v];
        if (u !== 0) for (let f = 0; f < shape.sizes[0]; f++) tangent[f] -= u * s.virialDerivatives[from + f];
      }
      this.#target.at = i * this.#stride;
      addSlopeGradient(shape, weights, this.#target, this.#scratch);
      addEnergyGradient(shape, this.#target, energy);
    }
  }

  /** dE_i/dx of direction c of the atom of block b. */
  #slopeAlong(s: TrainingStructure, i: number, b: number, c: number): number {
    const { pull } = this.#rows;
    const at = i * this.#stride;
    const columns = s.blockInputs[b];
    const from = s.blockStart[b] + c * columns.length;
    let sum = 0;
    for (let f = 0; f < columns.length; f++) sum += pull[at + columns[f]] * s.derivatives[from + f];
    return sum;
  }

  #aim(row: Float64Array, rowAt: number): void {
    this.#target.row = row;
    this.#target.rowAt = rowAt;
  }

  #loaded(): TrainingStructure {
    if (!this.#structure) throw new Error('StructurePass: load a structure first');
    return this.#structure;
  }
}

function newRows(length: number): NodeRows {
  return {
    value: new Float64Array(length),
    slope: new Float64Array(length),
    curvature: new Float64Array(length),
    pull: new Float64Array(length),
    delta: new Float64Array(length),
  };
}
