/** CODATA 2018 and every conversion factor of the project. Internal units: Å, eV, ps, amu, e (LAMMPS `metal`). */

export const BOHR = 0.529177210903; // Å
export const HARTREE = 27.211386245988; // eV
const ELEMENTARY_CHARGE = 1.602176634e-19; // C, exact
export const BOLTZMANN = 8.617333262145e-5; // eV/K
const AVOGADRO = 6.02214076e23; // 1/mol, exact
const PLANCK = 6.62607015e-34; // J s, exact
/** G0 = 2e²/h in S: 77.480917 µS. */
export const CONDUCTANCE_QUANTUM = (2 * ELEMENTARY_CHARGE ** 2) / PLANCK;
/** amu·(Å/ps)² in eV: ½·m·v²·AMU_A2_PS2 is the kinetic energy in eV. */
export const AMU_A2_PS2 = 1.0364269652680506e-4;

/** Multiply by these to get eV/Å³ from bar, kbar and GPa. */
export const BAR = (1e5 * 1e-30) / ELEMENTARY_CHARGE;
export const KBAR = BAR * 1e3;
export const GPA = BAR * 1e4;

/** Factors that turn numbers in a unit style into internal units (multiply). */
export interface UnitStyle {
  readonly length: number; // → Å
  readonly energy: number; // → eV
  readonly mass: number; // → amu
  readonly time: number; // → ps
  readonly velocity: number; // → Å/ps; not length/time in `electron`
  readonly charge: number; // → e
  readonly pressure: number; // → eV/Å³
}

const JOULE = 1 / ELEMENTARY_CHARGE; // eV
const KILOGRAM = 1 / 1.6605390666e-27; // amu

/** LAMMPS `units` styles (manual page "units"); `lj` has no fixed factors and is refused by name. */
export const LAMMPS_UNITS: Readonly<Record<string, UnitStyle>> = {
  metal: { length: 1, energy: 1, mass: 1, time: 1, velocity: 1, charge: 1, pressure: BAR },
  real: {
    length: 1,
    energy: (4184 / AVOGADRO) * JOULE,
    mass: 1,
    time: 1e-3,
    velocity: 1e3,
    charge: 1,
    pressure: BAR * 1.01325,
  },
  si: { length: 1e10, energy: JOULE, mass: KILOGRAM, time: 1e12, velocity: 1e-2, charge: JOULE, pressure: BAR * 1e-5 },
  cgs: {
    length: 1e8,
    energy: JOULE * 1e-7,
    mass: KILOGRAM * 1e-3,
    time: 1e12,
    velocity: 1e-4,
    charge: JOULE / 2.99792458e9,
    pressure: BAR * 1e-6,
  },
  electron: {
    length: BOHR,
    energy: HARTREE,
    mass: 1,
    time: 1e-3,
    velocity: BOHR / 1.03275e-3,
    charge: 1,
    pressure: BAR * 1e-5,
  },
  micro: {
    length: 1e4,
    energy: JOULE * 1e-15,
    mass: KILOGRAM * 1e-15,
    time: 1e6,
    velocity: 1e-2,
    charge: JOULE * 1e-12,
    pressure: BAR * 1e-2,
  },
  nano: {
    length: 10,
    energy: JOULE * 1e-21,
    mass: KILOGRAM * 1e-21,
    time: 1e3,
    velocity: 1e-2,
    charge: 1,
    pressure: BAR * 10,
  },
};

/** Length units by name, as options and `potential.json` spell them, in Å. */
export const LENGTH_UNITS: Readonly<Record<string, number>> = { angstrom: 1, bohr: BOHR, reduced: 1 };

/** Energy units by name, in eV. `reduced` (Lennard-Jones) is passed through one to one. */
export const ENERGY_UNITS: Readonly<Record<string, number>> = { eV: 1, hartree: HARTREE, reduced: 1 };
