/** Orders of the six components of a symmetric tensor; one file holds them all (protocols: sign and order table). */
export const VOIGT_ORDER = {
  /** ASE, and stress in general: xx yy zz yz xz xy. */
  ase: [0, 4, 8, 5, 2, 1],
  /** LAMMPS pressure, fix external, NNP1: xx yy zz xy xz yz. */
  lammps: [0, 4, 8, 1, 2, 5],
  /** VASP "in kB": xx yy zz xy yz zx. */
  vasp: [0, 4, 8, 1, 5, 2],
} as const;

const TRANSPOSED = [0, 3, 6, 1, 4, 7, 2, 5, 8] as const;

/** Full row-major (3,3) from six components in the given order; the unit is kept. */
export function fromVoigt(six: ArrayLike<number>, order: keyof typeof VOIGT_ORDER): Float64Array {
  const full = new Float64Array(9);
  VOIGT_ORDER[order].forEach((at, k) => {
    full[at] = six[k];
    full[TRANSPOSED[at]] = six[k];
  });
  return full;
}

/** Six components in the given order from a full (3,3); off-diagonal pairs are averaged. */
export function toVoigt(full: ArrayLike<number>, order: keyof typeof VOIGT_ORDER): number[] {
  return VOIGT_ORDER[order].map((at) => (full[at] + full[TRANSPOSED[at]]) / 2);
}

/** stress (eV/Å³, tension > 0) = −virial / V, and back: virial = −stress·V. The map is its own inverse up to V. */
export function virialToStress(virial: ArrayLike<number>, volume: number): Float64Array {
  return Float64Array.from(virial, (v) => -v / volume);
}

export function stressToVirial(stress: ArrayLike<number>, volume: number): Float64Array {
  const virial = new Float64Array(stress.length);
  for (let k = 0; k < virial.length; k++) virial[k] = -stress[k] * volume;
  return virial;
}
