import { symbolOf } from '../../core/elements.ts';
import { MissingDataError } from '../../core/errors.ts';
import type { Metal } from '../metals.ts';

/** ħ²/2m in eV Å². */
export const HBAR2_2M = 3.80998;

/** Free electrons in the smooth potential of the smeared atoms: Å, eV. */
export interface JelliumParameters {
  /** Free electrons per Å³ of the bulk. */
  readonly n0: number;
  readonly fermiEnergy: number;
  /** Potential outside the metal, above its bottom: Fermi energy + work function. */
  readonly barrier: number;
  /** Width s of the Gaussian of each atom, Å. */
  readonly smearing: number;
  /** Density, in units of n0, from which the potential is flat. */
  readonly saturation: number;
  /** Largest transverse wave number, Å⁻¹. */
  readonly cutoff: number;
  /** Distance of slices along the wire, Å. */
  readonly slice: number;
  /** Largest transverse distance of grid points, Å. */
  readonly grid: number;
}

/** Lattice constant for which the numerical defaults were converged (potassium), Å. */
const REFERENCE_A = 5.2205;

/**
 * Jellium of a metal with `valence` free electrons per atom; the smearing that keeps free wires neutral is 0.4103 n0^(−1/3).
 * Throws MissingDataError without valence or work function.
 */
export function jelliumParameters(metal: Metal, words: { readonly smearing?: number } = {}): JelliumParameters {
  const { a, lattice, valence, workFunction } = metal;
  if (valence === undefined || workFunction === undefined)
    throw new MissingDataError(
      `jellium of ${symbolOf(metal.z)} needs its free electrons per atom and its work function`,
      'give --valence and --work-function (eV)',
    );
  const n0 = (valence * (lattice === 'bcc' ? 2 : 4)) / a ** 3;
  const fermiEnergy = HBAR2_2M * (3 * Math.PI ** 2 * n0) ** (2 / 3);
  // The reference labels of potassium were made with 1.70 Å, the rounded value of the general rule.
  const smearing =
    words.smearing ?? (metal.z === 19 && a === REFERENCE_A && valence === 1 ? 1.7 : 0.4103 / Math.cbrt(n0));
  const scale = a / REFERENCE_A;
  return {
    n0,
    fermiEnergy,
    barrier: fermiEnergy + workFunction,
    smearing,
    saturation: 0.5,
    cutoff: 1.2 / scale,
    slice: scale,
    grid: 1.2 * scale,
  };
}

/** V in eV of a density in units of n0: barrier outside, 0 where the density is saturated. */
export function jelliumPotential(density: number, { barrier, saturation }: JelliumParameters): number {
  const u = Math.min(1, Math.max(0, density / saturation));
  return barrier * (1 - u * u * (3 - 2 * u));
}
