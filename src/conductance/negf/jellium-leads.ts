import { gripPositions, type Wire } from '../geometry/wire.ts';
import { symmetricEigen } from '../linear-algebra/symmetric-eigen.ts';
import { SmearedAtoms } from './jellium-density.ts';
import { PotentialProjector, type TransverseModes, transverseModes } from './jellium-modes.ts';
import { HBAR2_2M, type JelliumParameters } from './jellium-parameters.ts';

/** A half-infinite lead whose potential is the grip's, averaged along z. M modes. */
export interface JelliumLead {
  /** Levels of the lead, ascending, eV. */
  readonly levels: Float64Array;
  /** Levels below the Fermi energy. */
  readonly open: number;
  /** Real part of the self-energy (M,M), eV. */
  readonly shift: Float64Array;
  /** (M,open): Γ = W Wᵀ, √eV. */
  readonly couplings: Float64Array;
}

export interface JelliumLeads {
  readonly modes: TransverseModes;
  /** Added to x and y (Å), where the wire stands far from the origin. */
  readonly offset: readonly [number, number];
  readonly bottom: JelliumLead;
  readonly top: JelliumLead;
}

const LEAD_SLICES = 12;
const LEAD_COPIES = 3;
/** Wires nearer to the origin than this (Å) are labelled where they stand, as the reference labels were. */
const NEAR = 3;

/** Leads of both grips of a wire. */
export function jelliumLeads(wire: Wire, parameters: JelliumParameters): JelliumLeads {
  const offset = offsetOf(wire);
  const [bottom, top] = (['bottom', 'top'] as const).map((end) => shifted(gripPositions(wire, end), offset));
  const modes = transverseModes([bottom, top], parameters);
  return {
    modes,
    offset,
    bottom: lead(bottom, wire.leadPeriod, modes, parameters),
    top: lead(top, wire.leadPeriod, modes, parameters),
  };
}

/** Positions moved in x and y; the same array where nothing moves. */
export function shifted(positions: Float64Array, [dx, dy]: readonly [number, number]): Float64Array {
  if (dx === 0 && dy === 0) return positions;
  return positions.map((value, k) => (k % 3 === 0 ? value + dx : k % 3 === 1 ? value + dy : value));
}

function offsetOf(wire: Wire): [number, number] {
  const mean = [0, 0];
  for (const end of ['bottom', 'top'] as const) {
    const positions = gripPositions(wire, end);
    for (let k = 0; k < positions.length; k += 3) {
      mean[0] += positions[k];
      mean[1] += positions[k + 1];
    }
  }
  const [x, y] = mean.map((sum) => sum / (wire.bottom + wire.top));
  return Math.max(Math.abs(x), Math.abs(y)) > NEAR ? [-x, -y] : [0, 0];
}

function lead(grip: Float64Array, period: number, modes: TransverseModes, parameters: JelliumParameters): JelliumLead {
  const { count: m } = modes;
  const atoms = new SmearedAtoms(modes, parameters);
  for (let copy = -LEAD_COPIES; copy <= LEAD_COPIES; copy++) atoms.add(grip, copy * period);
  let zmin = Number.POSITIVE_INFINITY;
  for (let k = 2; k < grip.length; k += 3) zmin = Math.min(zmin, grip[k]);
  const here = new Float64Array(modes.x.points * modes.y.points);
  const mean = new Float64Array(here.length);
  for (let k = 0; k < LEAD_SLICES; k++) {
    atoms.potential(zmin + ((k + 0.5) * period) / LEAD_SLICES, here);
    for (let i = 0; i < mean.length; i++) mean[i] += here[i] / LEAD_SLICES;
  }
  const h = new Float64Array(m * m);
  new PotentialProjector(modes).project(mean, h);
  for (let p = 0; p < m; p++) {
    h[p * m + p] += modes.energies[p];
    for (let q = 0; q < p; q++) h[q * m + p] = h[p * m + q];
  }
  return selfEnergy(symmetricEigen(h, m), m, parameters);
}

/** Σ = U diag(−tλ) Uᵀ with λ of the outgoing or decaying wave on a chain of slices; W of the open channels. */
function selfEnergy(
  { values: levels, vectors }: { values: Float64Array; vectors: Float64Array },
  m: number,
  { slice, fermiEnergy }: JelliumParameters,
): JelliumLead {
  const t = HBAR2_2M / slice ** 2;
  const shift = new Float64Array(m * m);
  const couplings: number[][] = [];
  for (let n = 0; n < m; n++) {
    const x = 1 - (fermiEnergy - levels[n]) / (2 * t);
    const isOpen = Math.abs(x) < 1;
    const real = isOpen ? x : x - Math.sign(x) * Math.sqrt(x * x - 1);
    const row = n * m;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) shift[i * m + j] -= t * real * vectors[row + i] * vectors[row + j];
    if (!isOpen) continue;
    const amplitude = Math.sqrt(2 * t * Math.sqrt(1 - x * x));
    couplings.push(Array.from(vectors.subarray(row, row + m), (u) => amplitude * u));
  }
  const open = couplings.length;
  const w = new Float64Array(m * open);
  couplings.forEach((column, c) => {
    column.forEach((value, i) => {
      w[i * open + c] = value;
    });
  });
  return { levels, open, shift, couplings: w };
}
