import { massOf } from '../../src/core/elements.ts';
import type { PerAtom } from '../../src/core/frame.ts';
import { AMU_A2_PS2, type UnitStyle } from '../../src/core/units.ts';
import type { Remarks } from './remarks.ts';

/** Columns that fill `masses` and `charges` of a frame, the first that is there. */
export const MASS_COLUMNS = ['masses', 'mass'];
export const CHARGE_COLUMNS = ['charges', 'initial_charges', 'charge', 'q'];

/** The first of these columns that is there and real, times `factor`. */
export function realColumn(
  arrays: Record<string, PerAtom>,
  names: readonly string[],
  factor = 1,
): Float64Array | undefined {
  for (const name of names) {
    const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
    if (array?.columns !== 1 || !(array.data instanceof Float64Array)) continue;
    return factor === 1 ? array.data : array.data.map((x) => x * factor);
  }
  return undefined;
}

function vectorColumn(arrays: Record<string, PerAtom>, name: string): Float64Array | undefined {
  const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
  return array?.columns === 3 && array.data instanceof Float64Array ? array.data : undefined;
}

interface VelocitySource {
  readonly arrays: Record<string, PerAtom>;
  readonly masses: Float64Array | undefined;
  readonly numbers: Uint8Array;
  /** Unit style of a file that LAMMPS wrote. */
  readonly lammps: UnitStyle | undefined;
}

/** ASE momenta, in amu·Å per ASE time, where ASE's time unit makes m·v² an energy in eV; LAMMPS `vel` in its unit style. */
export function velocitiesOf(
  { arrays, masses, numbers, lammps }: VelocitySource,
  line: number,
  remarks: Remarks,
): Float64Array | undefined {
  const momenta = vectorColumn(arrays, 'momenta');
  if (momenta) {
    const mass = (k: number) => masses?.[k] ?? massOf(numbers[k]);
    if (numbers.some((_, k) => !(mass(k) > 0))) {
      remarks.once('no-mass', 'momenta need masses to become velocities: kept as a column', line);
      return undefined;
    }
    return momenta.map((p, k) => p / (mass(Math.floor(k / 3)) * Math.sqrt(AMU_A2_PS2)));
  }
  const vel = vectorColumn(arrays, 'vel');
  if (vel && lammps) return lammps.velocity === 1 ? vel : vel.map((v) => v * lammps.velocity);
  const unstated = ['vel', 'velo', 'velocities'].find((name) => vectorColumn(arrays, name));
  if (unstated)
    remarks.once(
      'velocity-unit',
      `the unit of column ${unstated} is not stated: kept as a column, not used as velocities`,
      line,
      'info',
    );
  return undefined;
}
