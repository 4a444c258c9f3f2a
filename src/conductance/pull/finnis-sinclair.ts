import { atomicNumber, massOf, symbolOf } from '../../core/elements.ts';
import { MissingDataError } from '../../core/errors.ts';

/**
 * Rubidium of A. Nichol and G. J. Ackland, PRB 93, 184101 (2016), version 2: E = ½ ΣΣ φ(r) − Σ √(Σ ρ(r)), both cubic splines in
 * q = r/L without a short-range core. Knots, eV and eV².
 */
const PHI_KNOTS = [1.3, 1.22, 1.15, 1.06, 0.95, 0.866025] as const;
const PHI = [-2.924102, 15.101598, -19.036044, 8.221297, 1.000245, 3.079201] as const;
const RHO_KNOTS = [1.3, 1.2] as const;
const RHO = [4.151321, -6.163082] as const;

/** Length (Å) and energy units; potassium by corresponding states (lattice constant and cohesive energy over those of rubidium). */
const SCALES: Readonly<Record<string, { readonly length: number; readonly energy: number; readonly a: number }>> = {
  Rb: { length: 5.585, energy: 1, a: 5.585 },
  K: { length: 5.21960779, energy: 1.111915705, a: 5.2205 },
};

export interface FinnisSinclair {
  /** Atomic number. */
  readonly z: number;
  /** Å. */
  readonly cutoff: number;
  /** Edge of the cubic cell that is written in the file, Å. */
  readonly a: number;
  /** Pair energy at r (Å), eV. */
  phi(r: number): number;
  /** Density at r (Å), eV². */
  rho(r: number): number;
}

/** Throws MissingDataError for an element without parameters. */
export function finnisSinclair(element: string): FinnisSinclair {
  const z = atomicNumber(element);
  const scale = SCALES[z > 0 ? symbolOf(z) : ''];
  if (!scale)
    throw new MissingDataError(
      `there is no built-in potential of ${element}`,
      `there is one of ${Object.keys(SCALES).join(' and ')}; give the pair lines of another with --pair FILE`,
    );
  const { length, energy, a } = scale;
  return {
    z,
    a,
    cutoff: 1.3 * length,
    phi: (r) => energy * splines(PHI_KNOTS, PHI, r / length),
    // Negative below 2.55 Å (K), where nothing is to be described.
    rho: (r) => energy ** 2 * Math.max(0, splines(RHO_KNOTS, RHO, r / length)),
  };
}

function splines(knots: readonly number[], factors: readonly number[], q: number): number {
  let sum = 0;
  for (let k = 0; k < knots.length; k++) if (q < knots[k]) sum += factors[k] * (knots[k] - q) ** 3;
  return sum;
}

/** Rows of the embedding function (steps of eV²) and of the functions of the distance. */
const EMBEDDING = { count: 400, step: 0.05 } as const;
const DISTANCES = 10_000;

/** The potential as a table for LAMMPS `pair_style eam/fs` (setfl), units metal. */
export function* setflText(potential: FinnisSinclair): Generator<string> {
  const { z, cutoff, a, phi, rho } = potential;
  const symbol = symbolOf(z);
  const dr = cutoff / DISTANCES;
  yield `${symbol} bcc, Finnis-Sinclair functions of Nichol and Ackland for Rb (PRB 93, 184101 (2016), version 2)`;
  yield z === 37 ? '\n' : ` in units of ${symbol} (corresponding states: lattice constant and cohesive energy)\n`;
  yield `cutoff ${cutoff} Angstrom; no short-range core: not for distances below ${(0.536 * (cutoff / 1.3)).toFixed(2)} Angstrom\n`;
  yield 'units metal: eV, Angstrom; pair_style eam/fs\n';
  yield `1 ${symbol}\n${EMBEDDING.count} ${EMBEDDING.step} ${DISTANCES} ${dr} ${cutoff}\n`;
  yield `${z} ${massOf(z)} ${a} bcc\n`;
  yield* rows(EMBEDDING.count, (k) => -Math.sqrt(k * EMBEDDING.step));
  yield* rows(DISTANCES, (k) => rho(k * dr));
  yield* rows(DISTANCES, (k) => k * dr * phi(k * dr));
}

function* rows(count: number, value: (k: number) => number): Generator<string> {
  for (let k = 0; k < count; k += 5)
    yield `${Array.from({ length: Math.min(5, count - k) }, (_, i) => value(k + i).toExponential(15)).join(' ')}\n`;
}
