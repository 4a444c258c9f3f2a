import { volume } from '../../src/core/cell.ts';
import { massOf } from '../../src/core/elements.ts';
import type { FormatError, SourceLocation } from '../../src/core/errors.ts';
import type { Frame, InfoValue, Labels, PerAtom } from '../../src/core/frame.ts';
import { fromVoigt, stressToVirial } from '../../src/core/tensor.ts';
import { AMU_A2_PS2 } from '../../src/core/units.ts';
import type { Carries } from '../format.ts';

/** One image of ASE, in ASE's units: Å, eV, eV/Å, eV/Å³ (tension > 0), amu, amu·Å per ASE time. */
export interface AseImage {
  readonly numbers: ArrayLike<number>;
  /** (n,3). */
  readonly positions: Float64Array;
  /** (3,3); zeros = no cell. */
  readonly cell: Float64Array;
  readonly pbc: readonly [boolean, boolean, boolean];
  readonly masses?: Float64Array;
  /** (n,3). */
  readonly momenta?: Float64Array;
  readonly initialCharges?: Float64Array;
  readonly energy?: number;
  readonly freeEnergy?: number;
  readonly forces?: Float64Array;
  /** 6: xx yy zz yz xz xy; or 9. */
  readonly stress?: Float64Array;
  readonly arrays: Record<string, PerAtom>;
  readonly info: Record<string, InfoValue>;
}

/** What images of ASE hold, in whichever file they are. */
export const ASE_CARRIES = {
  frames: 'many',
  composition: 'any',
  cell: 'any',
  pbc: 'each',
  elements: true,
  velocities: true,
  masses: true,
  charges: true,
  energy: true,
  energySigma0: true,
  forces: true,
  virial: true,
  arrays: true,
  info: true,
  units: 'Å, eV, eV/Å, eV/Å³, amu',
} as const satisfies Carries;

const FACTOR = Math.sqrt(AMU_A2_PS2);

/**
 * A frame from an image of ASE. `energy` is ASE's, extrapolated to zero smearing where `free_energy` differs in kind from it: then
 * it is `energySigma0`, and the free energy is the energy (ASE manual, "calculators": energy, free_energy). `fail` makes the error
 * for lengths that do not fit the number of atoms.
 */
export function frameOfImage(image: AseImage, origin: SourceLocation, fail: (found: string) => FormatError): Frame {
  const natoms = image.numbers.length;
  const numbers = Uint8Array.from(image.numbers);
  for (let k = 0; k < natoms; k++)
    if (numbers[k] !== image.numbers[k] || numbers[k] > 118)
      throw fail(`expected an atomic number from 0 to 118, found ${image.numbers[k]}`);
  const of = (name: string, length: number, array: Float64Array | undefined) => {
    if (array && array.length !== length)
      throw fail(`expected ${length} numbers of ${name} for ${natoms} atoms, found ${array.length}`);
    return array;
  };
  of('positions', 3 * natoms, image.positions);
  of('the cell', 9, image.cell);
  for (const [name, { columns, data }] of Object.entries(image.arrays))
    if (data.length !== columns * natoms)
      throw fail(`expected ${columns * natoms} values of ${name}, found ${data.length}`);
  const masses = of('masses', natoms, image.masses);
  const charges = of('charges', natoms, image.initialCharges);
  const velocities = velocitiesOf(numbers, masses, of('momenta', 3 * natoms, image.momenta));
  const cell = image.cell.some((x) => x !== 0) ? image.cell : null;
  const labels = labelsOf(image, cell, of('forces', 3 * natoms, image.forces));
  const arrays = { ...image.arrays };
  if (image.momenta && !velocities) arrays['momenta'] = { columns: 3, data: image.momenta };
  return {
    natoms,
    cell,
    pbc: image.pbc,
    numbers,
    positions: image.positions,
    ...(velocities && { velocities }),
    ...(masses && { masses }),
    ...(charges && { charges }),
    ...(labels && { labels }),
    arrays,
    info: image.info,
    origin,
  };
}

/** Undefined where an atom has no mass: the momenta then stay a column. */
function velocitiesOf(numbers: Uint8Array, masses: Float64Array | undefined, momenta: Float64Array | undefined) {
  const mass = (k: number) => masses?.[k] ?? massOf(numbers[k]);
  if (!momenta || numbers.some((_, k) => !(mass(k) > 0))) return undefined;
  return momenta.map((p, k) => p / (mass(Math.floor(k / 3)) * FACTOR));
}

function labelsOf({ energy, freeEnergy, stress }: AseImage, cell: Float64Array | null, forces?: Float64Array) {
  const force = freeEnergy ?? energy;
  const tensor = stress && (stress.length === 6 ? fromVoigt(stress, 'ase') : stress);
  const virial = tensor && cell && volume(cell) > 0 ? stressToVirial(tensor, volume(cell)) : undefined;
  if (force === undefined && !forces && !virial) return undefined;
  return {
    ...(force !== undefined && { energy: force }),
    ...(freeEnergy !== undefined && energy !== undefined && { energySigma0: energy }),
    ...(forces && { forces }),
    ...(virial && { virial }),
  } satisfies Labels;
}
