import { MissingDataError, ProgramError } from '../../core/errors.ts';
import { gripPositions, type Wire } from '../geometry/wire.ts';
import { type ComplexMatrix, complexMatrix, hermitianFactor, invert, multiply } from '../linear-algebra/complex.ts';
import { denseBlock, hamiltonian } from './tight-binding-hamiltonian.ts';
import type { TightBindingParameters } from './tight-binding-parameters.ts';

/** A half-infinite lead as the grip atoms (n) feel it. */
interface TightBindingLead {
  /** (n,n), eV. */
  readonly selfEnergy: ComplexMatrix;
  /** F (n,rank) with F F† = Γ = i(Σ − Σ†). */
  readonly couplings: ComplexMatrix;
}

export interface TightBindingLeads {
  readonly bottom: TightBindingLead;
  readonly top: TightBindingLead;
}

/** Grip cells that are stacked: the middle ones are bulk-like. */
const CELLS = 5;
const MAX_DECIMATIONS = 60;
/** More atoms than this in a grip or block would fill the memory: their matrices are dense. */
export const MAX_BLOCK = 2500;
/** eV. */
const DECIMATED = 1e-10;

/** Self-energy H01 g H01ᵀ (n,n) of a half-infinite lead of cells H00 coupled by H01 (n,n), eV. */
export type LeadSelfEnergy = (h00: Float64Array, h01: Float64Array, n: number, eta: number) => ComplexMatrix;

/** Leads of both grips of a wire. Throws MissingDataError where the lead period is shorter than the reach of the hopping. */
export function tightBindingLeads(
  wire: Wire,
  parameters: TightBindingParameters,
  selfEnergyOf: LeadSelfEnergy = leadSelfEnergy,
): TightBindingLeads {
  if (wire.leadPeriod < parameters.cutoff)
    throw new MissingDataError(
      `the lead period ${wire.leadPeriod.toFixed(3)} Å is shorter than the reach of tb-s, ${parameters.cutoff.toFixed(3)} Å`,
      'make longer grips, or use --model jellium',
    );
  const largest = Math.max(wire.bottom, wire.top);
  if (largest > MAX_BLOCK)
    throw new MissingDataError(`a grip of ${largest} atoms is too large for tb-s`, `at most ${MAX_BLOCK} atoms`);
  return {
    bottom: lead(gripPositions(wire, 'bottom'), -wire.leadPeriod, parameters, selfEnergyOf),
    top: lead(gripPositions(wire, 'top'), wire.leadPeriod, parameters, selfEnergyOf),
  };
}

function lead(
  grip: Float64Array,
  period: number,
  parameters: TightBindingParameters,
  selfEnergyOf: LeadSelfEnergy,
): TightBindingLead {
  const n = grip.length / 3;
  const stack = new Float64Array(CELLS * grip.length);
  for (let cell = 0; cell < CELLS; cell++)
    for (let k = 0; k < grip.length; k++) stack[cell * grip.length + k] = grip[k] + (k % 3 === 2 ? cell * period : 0);
  const h = hamiltonian(stack, parameters);
  const h00 = denseBlock(h, 2 * n, 2 * n, n);
  const h01 = denseBlock(h, 2 * n, 3 * n, n);
  const selfEnergy = selfEnergyOf(h00, h01, n, parameters.broadening);
  const gamma = complexMatrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const p = i * n + j;
      const q = j * n + i;
      gamma.re[p] = -(selfEnergy.im[p] + selfEnergy.im[q]);
      gamma.im[p] = selfEnergy.re[p] - selfEnergy.re[q];
    }
  return { selfEnergy, couplings: hermitianFactor(gamma) };
}

function leadSelfEnergy(h00: Float64Array, h01: Float64Array, n: number, eta: number): ComplexMatrix {
  const surface = surfaceGreensFunction(h00, h01, n, eta);
  const coupling = fromReal(h01, n);
  const half = complexMatrix(n, n);
  const selfEnergy = complexMatrix(n, n);
  multiply(coupling, surface, half);
  multiply(half, transposed(coupling), selfEnergy);
  return selfEnergy;
}

/**
 * Surface Green's function of a half-infinite periodic lead at the Fermi energy by decimation (M. P. López Sancho et al.,
 * J. Phys. F 15, 851 (1985)). Throws ProgramError when it does not converge.
 */
function surfaceGreensFunction(h00: Float64Array, h01: Float64Array, n: number, eta: number): ComplexMatrix {
  const alpha = fromReal(h01, n);
  const beta = transposed(alpha);
  const surface = fromReal(h00, n);
  const bulk = fromReal(h00, n);
  const g = complexMatrix(n, n);
  const xa = complexMatrix(n, n);
  const xb = complexMatrix(n, n);
  const term = complexMatrix(n, n);
  const pivots = new Int32Array(n);
  for (let step = 0; step < MAX_DECIMATIONS; step++) {
    resolvent(bulk, eta, g, pivots);
    multiply(g, alpha, xa);
    multiply(g, beta, xb);
    multiply(alpha, xb, term);
    addTo(surface, term);
    addTo(bulk, term);
    multiply(beta, xa, term);
    addTo(bulk, term);
    multiply(alpha, xa, term);
    copy(term, alpha);
    multiply(beta, xb, term);
    copy(term, beta);
    if (Math.max(largest(alpha), largest(beta)) < DECIMATED) {
      resolvent(surface, eta, g, pivots);
      return g;
    }
  }
  throw new ProgramError(`the decimation of a lead did not converge within ${MAX_DECIMATIONS} steps`);
}

/** g ← (iη − h)⁻¹. */
function resolvent(h: ComplexMatrix, eta: number, g: ComplexMatrix, pivots: Int32Array): void {
  for (let k = 0; k < h.re.length; k++) {
    g.re[k] = -h.re[k];
    g.im[k] = -h.im[k];
  }
  for (let i = 0; i < h.rows; i++) g.im[i * h.rows + i] += eta;
  invert(g, pivots);
}

function fromReal(values: Float64Array, n: number): ComplexMatrix {
  const out = complexMatrix(n, n);
  out.re.set(values);
  return out;
}

function transposed(a: ComplexMatrix): ComplexMatrix {
  const n = a.rows;
  const out = complexMatrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      out.re[j * n + i] = a.re[i * n + j];
      out.im[j * n + i] = a.im[i * n + j];
    }
  return out;
}

function addTo(a: ComplexMatrix, b: ComplexMatrix): void {
  for (let k = 0; k < a.re.length; k++) {
    a.re[k] += b.re[k];
    a.im[k] += b.im[k];
  }
}

function copy(from: ComplexMatrix, to: ComplexMatrix): void {
  to.re.set(from.re);
  to.im.set(from.im);
}

function largest(a: ComplexMatrix): number {
  let most = 0;
  for (let k = 0; k < a.re.length; k++) most = Math.max(most, Math.hypot(a.re[k], a.im[k]));
  return most;
}
