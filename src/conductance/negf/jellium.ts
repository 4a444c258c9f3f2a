import { gripPositions, type Wire } from '../geometry/wire.ts';
import { type ComplexMatrix, complexMatrix, invert, squaredSingularValues } from '../linear-algebra/complex.ts';
import { invertSymmetric, SweepSpace } from '../linear-algebra/symmetric-inverse.ts';
import { SmearedAtoms } from './jellium-density.ts';
import { type JelliumLead, type JelliumLeads, jelliumLeads, shifted } from './jellium-leads.ts';
import { PotentialProjector } from './jellium-modes.ts';
import { HBAR2_2M, type JelliumParameters } from './jellium-parameters.ts';
import { type ConductanceModel, openChannels, type Transmission } from './landauer.ts';

/** Smallest pivot (eV) of a slice with which the real recursion still keeps eight digits. */
const SMALLEST_PIVOT = 1e-7;

interface Room {
  readonly leads: JelliumLeads;
  readonly projector: PotentialProjector;
  readonly atoms: SmearedAtoms;
  readonly potential: Float64Array;
  readonly block: Float64Array;
  readonly previous: Float64Array;
  readonly sweep: SweepSpace;
}

/**
 * Landauer conductance of free electrons in the potential of the smeared atoms (conductance reference, "Label generator B"): slices
 * along the wire, transverse box modes, leads with the z-averaged potential of the grips.
 *
 * The leads enter as Σ = real shift − i/2 W Wᵀ with few open channels, so the recursion over slices runs in real symmetric
 * arithmetic for K = Wᵀ G₀ W without the imaginary part, and τ follows from the small complex matrix (1 + iK/2)⁻¹ (K-matrix form of
 * the Fisher-Lee relation). Where a slice is resonant to rounding, the complex recursion takes over.
 */
export class Jellium implements ConductanceModel<JelliumLeads> {
  readonly parameters: JelliumParameters;
  #room: Room | undefined;

  constructor(parameters: JelliumParameters) {
    this.parameters = parameters;
  }

  leads(wire: Wire): JelliumLeads {
    return jelliumLeads(wire, this.parameters);
  }

  transmission(wire: Wire, leads: JelliumLeads): Transmission {
    const { bottom, top } = leads;
    if (bottom.open === 0 || top.open === 0) return { total: 0, channels: new Float64Array(0) };
    const room = this.#prepare(wire, leads);
    const k = this.#reactance(room, slicesOf(wire, this.parameters));
    const tau = k
      ? fromReactance(k, bottom.open, top.open)
      : complexTau(this.parameters, room, slicesOf(wire, this.parameters));
    return transmissionOf(tau);
  }

  /** The same by the complex recursion alone. */
  transmissionByComplexRecursion(wire: Wire, leads: JelliumLeads): Transmission {
    if (leads.bottom.open === 0 || leads.top.open === 0) return { total: 0, channels: new Float64Array(0) };
    return transmissionOf(complexTau(this.parameters, this.#prepare(wire, leads), slicesOf(wire, this.parameters)));
  }

  #prepare(wire: Wire, leads: JelliumLeads): Room {
    if (this.#room?.leads !== leads) {
      const m = leads.modes.count;
      this.#room = {
        leads,
        projector: new PotentialProjector(leads.modes),
        atoms: new SmearedAtoms(leads.modes, this.parameters),
        potential: new Float64Array(leads.modes.x.points * leads.modes.y.points),
        block: new Float64Array(m * m),
        previous: new Float64Array(m * m),
        sweep: new SweepSpace(m),
      };
    }
    const { atoms } = this.#room;
    atoms.clear();
    atoms.add(shifted(wire.positions, leads.offset));
    atoms.add(shifted(gripPositions(wire, 'bottom'), leads.offset), -wire.leadPeriod);
    atoms.add(shifted(gripPositions(wire, 'top'), leads.offset), wire.leadPeriod);
    return this.#room;
  }

  /** Wᵀ G₀ W over the open channels of both leads (bottom first); undefined where a slice is resonant to rounding. */
  #reactance(room: Room, { z0, count }: Slices): Float64Array | undefined {
    const { leads, block, previous, sweep } = room;
    const { bottom, top } = leads;
    const m = leads.modes.count;
    const t = HBAR2_2M / this.parameters.slice ** 2;
    const nb = bottom.open;
    const size = nb + top.open;
    const k = new Float64Array(size * size);
    let waves = bottom.couplings;
    let next: Float64Array = new Float64Array(m * nb);
    const second = new Float64Array(m * nb);
    for (let i = 0; i < count; i++) {
      realBlock(this.parameters, room, z0 + i * this.parameters.slice);
      if (i === 0) subtract(block, bottom.shift, 1);
      else subtract(block, previous, t * t);
      if (i === count - 1) subtract(block, top.shift, 1);
      if (!(invertSymmetric(block, m, sweep) > SMALLEST_PIVOT)) return undefined;
      product(block, waves, next, { m, columns: nb, factor: i === 0 ? 1 : -t });
      // G₀₀ grows by P_{i−1}ᵀ t g_i t P_{i−1} = −t P_{i−1}ᵀ P_i with each slice.
      overlap(waves, next, k, { m, left: nb, right: nb, size, row: 0, column: 0, factor: i === 0 ? 1 : -t });
      const used = i === 0 ? second : waves;
      waves = next;
      next = used;
      previous.set(block);
    }
    const topWaves = new Float64Array(m * top.open);
    product(block, top.couplings, topWaves, { m, columns: top.open, factor: 1 });
    overlap(top.couplings, topWaves, k, { m, left: top.open, right: top.open, size, row: nb, column: nb, factor: 1 });
    overlap(top.couplings, waves, k, { m, left: top.open, right: nb, size, row: nb, column: 0, factor: 1 });
    for (let i = 0; i < nb; i++) for (let j = nb; j < size; j++) k[i * size + j] = k[j * size + i];
    return k;
  }
}

interface Slices {
  readonly z0: number;
  readonly count: number;
}

function slicesOf(wire: Wire, { slice }: JelliumParameters): Slices {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const bottom = gripPositions(wire, 'bottom');
  const top = gripPositions(wire, 'top');
  for (let k = 2; k < bottom.length; k += 3) low = Math.min(low, bottom[k]);
  for (let k = 2; k < top.length; k += 3) high = Math.max(high, top[k]);
  const z0 = low + wire.leadPeriod / 4;
  return { z0, count: Math.max(2, Math.round((high - z0) / slice)) };
}

/** E_F − 2t − H of the slice at height z into `room.block`, lower triangle. */
function realBlock(
  { slice, fermiEnergy }: JelliumParameters,
  { leads, projector, atoms, potential, block }: Room,
  z: number,
) {
  const { count: m, energies } = leads.modes;
  atoms.potential(z, potential);
  projector.project(potential, block);
  const diagonal = fermiEnergy - (2 * HBAR2_2M) / slice ** 2;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q <= p; q++) block[p * m + q] = -block[p * m + q];
    block[p * m + p] += diagonal - energies[p];
  }
}

function subtract(block: Float64Array, other: Float64Array, factor: number): void {
  for (let k = 0; k < block.length; k++) block[k] -= factor * other[k];
}

/** out (m,columns) = factor · A (m,m) · b (m,columns). */
function product(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  { m, columns, factor }: { m: number; columns: number; factor: number },
): void {
  out.fill(0);
  for (let i = 0; i < m; i++)
    for (let k = 0; k < m; k++) {
      const value = factor * a[i * m + k];
      for (let j = 0; j < columns; j++) out[i * columns + j] += value * b[k * columns + j];
    }
}

interface Place {
  readonly m: number;
  readonly left: number;
  readonly right: number;
  readonly size: number;
  readonly row: number;
  readonly column: number;
  readonly factor: number;
}

/** Adds factor · aᵀ b to a block of k (size,size). */
function overlap(a: Float64Array, b: Float64Array, k: Float64Array, place: Place): void {
  const { m, left, right, size, row, column, factor } = place;
  for (let s = 0; s < m; s++)
    for (let i = 0; i < left; i++) {
      const value = factor * a[s * left + i];
      const to = (row + i) * size + column;
      for (let j = 0; j < right; j++) k[to + j] += value * b[s * right + j];
    }
}

/** τ = top-bottom block of K (1 + iK/2)⁻¹ = 2/i (1 − (1 + iK/2)⁻¹), off the diagonal 2i (1 + iK/2)⁻¹. */
function fromReactance(k: Float64Array, bottom: number, top: number): ComplexMatrix {
  const size = bottom + top;
  const a = complexMatrix(size, size);
  for (let i = 0; i < size; i++) {
    a.re[i * size + i] = 1;
    for (let j = 0; j < size; j++) a.im[i * size + j] = (k[i * size + j] + k[j * size + i]) / 4;
  }
  invert(a, new Int32Array(size));
  const tau = complexMatrix(top, bottom);
  for (let i = 0; i < top; i++)
    for (let j = 0; j < bottom; j++) {
      const from = (bottom + i) * size + j;
      tau.re[i * bottom + j] = -2 * a.im[from];
      tau.im[i * bottom + j] = 2 * a.re[from];
    }
  return tau;
}

/** τ = W_tᵀ P of the last slice, P_i = −t g_i P_{i−1}, with the whole self-energies in the blocks. */
function complexTau(parameters: JelliumParameters, room: Room, { z0, count }: Slices): ComplexMatrix {
  const { leads, block } = room;
  const { bottom, top } = leads;
  const m = leads.modes.count;
  const t = HBAR2_2M / parameters.slice ** 2;
  const g = complexMatrix(m, m);
  const before = complexMatrix(m, m);
  const pivots = new Int32Array(m);
  let waves = { re: bottom.couplings, im: new Float64Array(m * bottom.open) };
  for (let i = 0; i < count; i++) {
    realBlock(parameters, room, z0 + i * parameters.slice);
    for (let p = 0; p < m; p++)
      for (let q = 0; q < m; q++) {
        g.re[p * m + q] = block[Math.max(p, q) * m + Math.min(p, q)];
        g.im[p * m + q] = 0;
      }
    if (i === 0) addSelfEnergy(g, bottom, m);
    else
      for (let k = 0; k < m * m; k++) {
        g.re[k] -= t * t * before.re[k];
        g.im[k] -= t * t * before.im[k];
      }
    if (i === count - 1) addSelfEnergy(g, top, m);
    invert(g, pivots);
    before.re.set(g.re);
    before.im.set(g.im);
    const factor = i === 0 ? 1 : -t;
    const next = { re: new Float64Array(m * bottom.open), im: new Float64Array(m * bottom.open) };
    const part = new Float64Array(m * bottom.open);
    const size = { m, columns: bottom.open };
    product(g.re, waves.re, next.re, { ...size, factor });
    product(g.im, waves.im, part, { ...size, factor: -factor });
    for (let k = 0; k < part.length; k++) next.re[k] += part[k];
    product(g.re, waves.im, next.im, { ...size, factor });
    product(g.im, waves.re, part, { ...size, factor });
    for (let k = 0; k < part.length; k++) next.im[k] += part[k];
    waves = next;
  }
  const tau = complexMatrix(top.open, bottom.open);
  const place = { m, left: top.open, right: bottom.open, size: bottom.open, row: 0, column: 0, factor: 1 };
  overlap(top.couplings, waves.re, tau.re, place);
  overlap(top.couplings, waves.im, tau.im, place);
  return tau;
}

/** −Σ = −shift + i/2 W Wᵀ. */
function addSelfEnergy(g: ComplexMatrix, { shift, couplings, open }: JelliumLead, m: number): void {
  for (let p = 0; p < m; p++)
    for (let q = 0; q < m; q++) {
      let sum = 0;
      for (let c = 0; c < open; c++) sum += couplings[p * open + c] * couplings[q * open + c];
      g.re[p * m + q] -= shift[p * m + q];
      g.im[p * m + q] += sum / 2;
    }
}

function transmissionOf(tau: ComplexMatrix): Transmission {
  let total = 0;
  for (let k = 0; k < tau.re.length; k++) total += tau.re[k] ** 2 + tau.im[k] ** 2;
  return { total, channels: openChannels(squaredSingularValues(tau)) };
}
