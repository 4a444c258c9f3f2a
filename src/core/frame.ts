import type { SourceLocation } from './errors.ts';

/** One row of values per atom; `columns` values a row, row-major. Strings are kept as read. */
export interface PerAtom {
  readonly columns: number;
  readonly data: Float64Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];
  /** What a Uint8Array holds: booleans when true. */
  readonly logical?: true;
}

/** A value of a comment line or header, as read: scalars, vectors, matrices. */
export type InfoValue =
  | string
  | number
  | bigint
  | boolean
  | readonly InfoValue[]
  | { readonly [key: string]: InfoValue };

/** Reference or predicted values of a frame. Absent is not zero; NaN inside `forces` marks a value the file could not give. */
export interface Labels {
  /** eV, force-consistent (free energy). */
  readonly energy?: number;
  /** eV, extrapolated to zero smearing (VASP `energy(sigma->0)`). */
  readonly energySigma0?: number;
  /** eV/Å, (n,3) row-major. */
  readonly forces?: Float64Array;
  /** eV, (3,3) row-major, Σ r⊗f = −V·stress. */
  readonly virial?: Float64Array;
  readonly converged?: boolean;
}

/** One structure of any composition; immutable once yielded. Units: Å, ps, amu, e, eV. */
export interface Frame {
  readonly natoms: number;
  /** Rows a, b, c; Å; (3,3); null = no cell. */
  readonly cell: Float64Array | null;
  readonly pbc: readonly [boolean, boolean, boolean];
  /** Atomic numbers (n); 0 = unknown, as in LAMMPS dumps without a type map. */
  readonly numbers: Uint8Array;
  /** Å; (n,3) row-major; absolute, including the origin of a LAMMPS box. */
  readonly positions: Float64Array;
  /** Å/ps; (n,3). */
  readonly velocities?: Float64Array;
  /** amu; (n). */
  readonly masses?: Float64Array;
  /** e; (n). */
  readonly charges?: Float64Array;
  readonly labels?: Labels;
  /** Every other column, as read. */
  readonly arrays: Readonly<Record<string, PerAtom>>;
  /** Every other scalar, vector, string, as read. */
  readonly info: Readonly<Record<string, InfoValue>>;
  /** Path, frame and line: for every later error. */
  readonly origin?: SourceLocation;
}
