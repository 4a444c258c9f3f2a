import { MissingDataError } from '../../core/errors.ts';
import { gripPositions, type Wire } from '../geometry/wire.ts';
import {
  adjoint,
  type ComplexMatrix,
  complexMatrix,
  invert,
  multiply,
  reshaped,
  squaredSingularValues,
} from '../linear-algebra/complex.ts';
import { transportBlocks } from './blocks.ts';
import { type ConductanceModel, openChannels, type Transmission } from './landauer.ts';
import { type Hamiltonian, hamiltonian, part } from './tight-binding-hamiltonian.ts';
import { MAX_BLOCK, type TightBindingLeads, tightBindingLeads } from './tight-binding-leads.ts';
import type { TightBindingParameters } from './tight-binding-parameters.ts';

/**
 * Landauer conductance of a one-orbital tight-binding wire between half-infinite crystalline leads (conductance reference, "Label
 * generator A"): recursive Green's function over breadth-first blocks, T = Tr[Γ_t G Γ_b G†] at the Fermi energy.
 */
export class TightBinding implements ConductanceModel<TightBindingLeads> {
  readonly parameters: TightBindingParameters;
  #rooms: ComplexMatrix[] = [];
  #pivots = new Int32Array(0);

  constructor(parameters: TightBindingParameters) {
    this.parameters = parameters;
  }

  leads(wire: Wire): TightBindingLeads {
    return tightBindingLeads(wire, this.parameters);
  }

  transmission(wire: Wire, leads: TightBindingLeads): Transmission {
    const h = deviceHamiltonian(wire, this.parameters);
    const blocks = transportBlocks(h, wire.bottom, wire.top);
    if (!blocks) return { total: 0, channels: new Float64Array(0) };
    return transmissionOf(this.#endToEnd(h, blocks, leads, wire), leads);
  }

  /** The same by inversion of the whole matrix. */
  transmissionByDenseInversion(wire: Wire, leads: TightBindingLeads): Transmission {
    const h = deviceHamiltonian(wire, this.parameters);
    const all = Int32Array.from({ length: wire.natoms }, (_, k) => k);
    return transmissionOf(this.#endToEnd(h, [all], leads, wire), leads);
  }

  /** G[top grip, bottom grip]. */
  #endToEnd(h: Hamiltonian, blocks: readonly Int32Array[], leads: TightBindingLeads, wire: Wire): ComplexMatrix {
    const largest = Math.max(...blocks.map((b) => b.length));
    if (largest > MAX_BLOCK)
      throw new MissingDataError(`a block of ${largest} atoms is too large for tb-s`, `at most ${MAX_BLOCK} atoms`);
    this.#reserve(largest);
    const [roomA, roomB, roomP, roomQ, roomV, roomW] = this.#rooms;
    const place = new Int32Array(h.natoms).fill(-1);
    let g = reshaped(roomA, 0, 0);
    let waves = reshaped(roomP, 0, 0);
    for (let b = 0; b < blocks.length; b++) {
      const atoms = blocks[b];
      const n = atoms.length;
      const even = b % 2 === 0;
      const m = reshaped(even ? roomA : roomB, n, n);
      minusBlock(h, atoms, place, m);
      const isFirst = b === 0;
      const v = isFirst ? undefined : coupling(h, atoms, blocks[b - 1], reshaped(roomV, n, blocks[b - 1].length));
      let vg: ComplexMatrix | undefined;
      if (v) {
        vg = reshaped(roomW, n, v.columns);
        realTimes(v, g, vg);
        subtractTimesTransposed(vg, v, m);
      } else subtractAt(m, leads.bottom.selfEnergy, 0);
      if (b === blocks.length - 1) subtractAt(m, leads.top.selfEnergy, n - wire.top);
      invert(m, this.#pivots);
      const next = reshaped(even ? roomP : roomQ, n, isFirst ? wire.bottom : waves.columns);
      if (v) {
        const carried = reshaped(roomW, n, waves.columns);
        realTimes(v, waves, carried);
        multiply(m, carried, next);
      } else firstColumns(m, next);
      g = m;
      waves = next;
    }
    const last = blocks[blocks.length - 1].length;
    const from = (last - wire.top) * waves.columns;
    return {
      rows: wire.top,
      columns: waves.columns,
      re: waves.re.slice(from, last * waves.columns),
      im: waves.im.slice(from, last * waves.columns),
    };
  }

  #reserve(n: number): void {
    if (this.#pivots.length >= n) return;
    this.#rooms = Array.from({ length: 6 }, () => complexMatrix(n, n));
    this.#pivots = new Int32Array(n);
  }
}

/** Hamiltonian of the wire with a further grip at either end, which makes the grips' own levels bulk-like and is then left out. */
function deviceHamiltonian(wire: Wire, parameters: TightBindingParameters): Hamiltonian {
  const bottom = gripPositions(wire, 'bottom');
  const top = gripPositions(wire, 'top');
  const all = new Float64Array(bottom.length + wire.positions.length + top.length);
  const lift = (positions: Float64Array, dz: number) => positions.map((value, k) => (k % 3 === 2 ? value + dz : value));
  all.set(lift(bottom, -wire.leadPeriod));
  all.set(wire.positions, bottom.length);
  all.set(lift(top, wire.leadPeriod), bottom.length + wire.positions.length);
  return part(hamiltonian(all, parameters), wire.bottom, wire.natoms);
}

/** −H of the atoms of a block; `place` (natoms) is all −1 before and after. */
function minusBlock(h: Hamiltonian, atoms: Int32Array, place: Int32Array, out: ComplexMatrix): void {
  const n = atoms.length;
  out.re.fill(0);
  out.im.fill(0);
  for (let i = 0; i < n; i++) place[atoms[i]] = i;
  for (let i = 0; i < n; i++) {
    for (let k = h.first[atoms[i]]; k < h.first[atoms[i] + 1]; k++) {
      const j = place[h.columns[k]];
      if (j >= 0) out.re[i * n + j] = -h.values[k];
    }
    out.re[i * n + i] = -h.onsite[atoms[i]];
  }
  for (let i = 0; i < n; i++) place[atoms[i]] = -1;
}

/** V = H[atoms, before], real; the imaginary part of the room is not used. */
function coupling(h: Hamiltonian, atoms: Int32Array, before: Int32Array, out: ComplexMatrix): ComplexMatrix {
  out.re.fill(0);
  const place = new Map<number, number>();
  before.forEach((atom, j) => {
    place.set(atom, j);
  });
  for (let i = 0; i < atoms.length; i++)
    for (let k = h.first[atoms[i]]; k < h.first[atoms[i] + 1]; k++) {
      const j = place.get(h.columns[k]);
      if (j !== undefined) out.re[i * before.length + j] = h.values[k];
    }
  return out;
}

/** C ← V·G with a real V. */
function realTimes(v: ComplexMatrix, g: ComplexMatrix, c: ComplexMatrix): void {
  const { re: vr, rows, columns: inner } = v;
  const { columns } = g;
  c.re.fill(0);
  c.im.fill(0);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) {
      const value = vr[i * inner + k];
      if (value === 0) continue;
      for (let j = 0; j < columns; j++) {
        c.re[i * columns + j] += value * g.re[k * columns + j];
        c.im[i * columns + j] += value * g.im[k * columns + j];
      }
    }
}

/** M ← M − C·Vᵀ with a real V. */
function subtractTimesTransposed(c: ComplexMatrix, v: ComplexMatrix, m: ComplexMatrix): void {
  const { rows, columns } = c;
  for (let j = 0; j < rows; j++)
    for (let k = 0; k < columns; k++) {
      const value = v.re[j * columns + k];
      if (value === 0) continue;
      for (let i = 0; i < rows; i++) {
        m.re[i * rows + j] -= value * c.re[i * columns + k];
        m.im[i * rows + j] -= value * c.im[i * columns + k];
      }
    }
}

/** M ← M − S on the diagonal block from `at` on. */
function subtractAt(m: ComplexMatrix, s: ComplexMatrix, at: number): void {
  for (let i = 0; i < s.rows; i++)
    for (let j = 0; j < s.columns; j++) {
      const to = (at + i) * m.columns + at + j;
      m.re[to] -= s.re[i * s.columns + j];
      m.im[to] -= s.im[i * s.columns + j];
    }
}

function firstColumns(g: ComplexMatrix, out: ComplexMatrix): void {
  for (let i = 0; i < g.rows; i++)
    for (let j = 0; j < out.columns; j++) {
      out.re[i * out.columns + j] = g.re[i * g.columns + j];
      out.im[i * out.columns + j] = g.im[i * g.columns + j];
    }
}

/** T and channels of t = F_t† G F_b. */
function transmissionOf(g: ComplexMatrix, { bottom, top }: TightBindingLeads): Transmission {
  const half = complexMatrix(top.couplings.columns, g.columns);
  const t = complexMatrix(half.rows, bottom.couplings.columns);
  multiply(adjoint(top.couplings), g, half);
  multiply(half, bottom.couplings, t);
  let total = 0;
  for (let k = 0; k < t.re.length; k++) total += t.re[k] ** 2 + t.im[k] ** 2;
  return { total, channels: openChannels(squaredSingularValues(t)) };
}
