import { symbolOf } from '../../core/elements.ts';
import { MissingDataError } from '../../core/errors.ts';
import type { Metal } from '../metals.ts';

/** One s orbital per atom, half filled, Fermi energy 0: t(r) = −t1 exp(−(r−d1)/λ) fc(r), ε = −C μ3/μ2. */
export interface TightBindingParameters {
  /** eV. */
  readonly t1: number;
  /** Nearest-neighbor distance of the bulk, Å. */
  readonly d1: number;
  /** Å. */
  readonly lambda: number;
  /** The hopping is switched off between these distances, Å. */
  readonly inner: number;
  readonly cutoff: number;
  /** Keeps atoms near half filling. */
  readonly neutrality: number;
  /** Imaginary part of the energy in the leads, eV. */
  readonly broadening: number;
}

/** The parameters are those of potassium; other bcc metals scale with the lattice constant. */
const REFERENCE_A = 5.2205;

/** Throws MissingDataError for metals that are not bcc with one s electron: the parametrization knows no others. */
export function tightBindingParameters(metal: Metal): TightBindingParameters {
  if (metal.lattice !== 'bcc' || metal.valence !== 1)
    throw new MissingDataError(
      `tb-s is made for bcc metals with one s electron, ${symbolOf(metal.z)} is none`,
      'use --model jellium',
    );
  const scale = metal.a / REFERENCE_A;
  return {
    t1: 0.1347 / scale ** 2,
    d1: (metal.a * Math.sqrt(3)) / 2,
    lambda: 1.5 * scale,
    inner: 8 * scale,
    cutoff: 9.5 * scale,
    neutrality: -0.2259976366,
    broadening: 1e-7,
  };
}

/** Hopping in eV between atoms at distance r (Å); 0 from the cutoff on. */
export function hopping(r: number, { t1, d1, lambda, inner, cutoff }: TightBindingParameters): number {
  if (r >= cutoff) return 0;
  const x = Math.max(0, (r - inner) / (cutoff - inner));
  return -t1 * Math.exp((d1 - r) / lambda) * (1 - x * x * x * (10 - 15 * x + 6 * x * x));
}
