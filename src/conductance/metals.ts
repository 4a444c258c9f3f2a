import { atomicNumber, symbolOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';

export type Lattice = 'bcc' | 'fcc';

/** A metal as wires and label generators need it; all lengths scale with the edge of the cubic cell. */
export interface Metal {
  /** Atomic number. */
  readonly z: number;
  readonly lattice: Lattice;
  /** Edge of the cubic cell, Å. */
  readonly a: number;
  /** Free electrons an atom, where the metal is near to free-electron-like at the Fermi energy. */
  readonly valence?: number;
  /** eV. */
  readonly workFunction?: number;
}

/**
 * Lattice constants: C. Kittel, Introduction to Solid State Physics, ch. 1 (room temperature; alkali metals at 5 K, Li at 78 K), but
 * potassium as in the nanowire reference data. Work functions (polycrystalline): H. B. Michaelson, J. Appl. Phys. 48, 4729 (1977), Au
 * of the (111) face.
 */
// biome-ignore format: a table
const METALS: readonly (readonly [symbol: string, lattice: Lattice, a: number, valence?: number, workFunction?: number])[] = [
  ['Li', 'bcc', 3.491, 1, 2.9], ['Na', 'bcc', 4.225, 1, 2.75], ['K', 'bcc', 5.2205, 1, 2.3],
  ['Rb', 'bcc', 5.585, 1, 2.16], ['Cs', 'bcc', 6.045, 1, 2.14],
  ['V', 'bcc', 3.03], ['Cr', 'bcc', 2.88], ['Fe', 'bcc', 2.87], ['Nb', 'bcc', 3.3], ['Mo', 'bcc', 3.15],
  ['Ba', 'bcc', 5.02], ['Ta', 'bcc', 3.3], ['W', 'bcc', 3.16],
  ['Al', 'fcc', 4.05], ['Ca', 'fcc', 5.58], ['Ni', 'fcc', 3.52], ['Cu', 'fcc', 3.61, 1, 4.65], ['Sr', 'fcc', 6.08],
  ['Rh', 'fcc', 3.8], ['Pd', 'fcc', 3.89], ['Ag', 'fcc', 4.09, 1, 4.26], ['Ir', 'fcc', 3.84], ['Pt', 'fcc', 3.92],
  ['Au', 'fcc', 4.08, 1, 5.3], ['Pb', 'fcc', 4.95],
];

/** Words of the command line that complete or replace what the table says. */
export interface MetalWords {
  readonly element: string;
  readonly lattice?: Lattice;
  readonly latticeConstant?: number;
  readonly valence?: number;
  readonly workFunction?: number;
}

/** A metal by its symbol. Throws MissingDataError for no element, or for one that is not in the table and not described in words. */
export function metalOf(words: MetalWords): Metal {
  const z = atomicNumber(words.element);
  if (z === 0) throw new MissingDataError(`"${words.element}" is no element`, 'give a symbol such as K');
  const known = METALS.find(([symbol]) => symbol === symbolOf(z));
  const lattice = words.lattice ?? known?.[1];
  const a = words.latticeConstant ?? known?.[2];
  if (lattice === undefined || a === undefined)
    throw new MissingDataError(
      `no lattice of ${symbolOf(z)} is known`,
      'give --lattice bcc or fcc and --lattice-constant (Å)',
    );
  if (!(a > 0 && Number.isFinite(a)))
    throw new MissingDataError(`lattice constant ${a} is no length`, 'give a positive number of Å');
  const valence = words.valence ?? known?.[3];
  const workFunction = words.workFunction ?? known?.[4];
  return {
    z,
    lattice,
    a,
    ...(valence !== undefined && { valence }),
    ...(workFunction !== undefined && { workFunction }),
  };
}
