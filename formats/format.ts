import type { DiagnosticSink } from '../src/core/diagnostic.ts';
import type { Frame } from '../src/core/frame.ts';

/** What a format can hold; whatever a Frame has beyond it is a loss that the converter reports. */
export interface Carries {
  /** Several frames in one file. */
  readonly frames: 'one' | 'many';
  /** `fixed`: all frames share the atom count and order. */
  readonly composition: 'any' | 'fixed';
  readonly cell: 'none' | 'orthogonal' | 'restricted-triclinic' | 'any';
  /** Periodicity flags: each direction, all or nothing, always periodic, or not at all. */
  readonly pbc: 'each' | 'all-or-none' | 'always' | 'none';
  readonly elements: boolean;
  readonly velocities: boolean;
  readonly masses: boolean;
  readonly charges: boolean;
  readonly energy: boolean;
  readonly energySigma0: boolean;
  readonly forces: boolean;
  readonly virial: boolean;
  readonly arrays: boolean;
  readonly info: boolean;
  /** Entries of `arrays` and `info` that are carried although the others are not. */
  readonly arrayKeys?: readonly string[];
  readonly infoKeys?: readonly string[];
  /** Units of the numbers in the file, in words. */
  readonly units: string;
}

/** What the caller knows and the file may not say. Nothing here is ever guessed by a reader. */
export interface ReadOptions {
  /** For messages: `path:line`. */
  readonly path: string;
  readonly onDiagnostic: DiagnosticSink;
  /** Truncated tail: the complete frames are delivered, then a TruncatedError (true) or a diagnostic (false). */
  readonly strict: boolean;
  /** Numbers stay in the units of the file (`inspect`); otherwise they are converted to Å, eV, ps, amu, e. */
  readonly asRead?: boolean;
  /** Elements of LAMMPS or DeePMD types, in order; of POSCAR blocks where the file names none. */
  readonly typeMap?: readonly string[];
  /** LAMMPS unit style (`metal`, `real`, …) of a file that does not state it. */
  readonly lammpsUnits?: string;
  /** `angstrom` or `bohr`, for formats without units (n2p2 input.data). */
  readonly lengthUnit?: string;
  /** `eV` or `hartree`, for formats without units. */
  readonly energyUnit?: string;
  /** LAMMPS atom style of a data file without the `Atoms # style` comment. */
  readonly atomStyle?: string;
  /** Column names of a binary dump that has none. */
  readonly columns?: readonly string[];
  /** Which extxyz keys hold the labels: `ase`, `mace`, `gap`, `nep`, `n2p2`. */
  readonly labelKeys?: string;
  /** Told by a reader of a format with `parts` where something behind the preamble changes what holds for all later frames. */
  readonly onChange?: () => void;
  /** Told by a reader of a format with `parts` at the end of the input how many lines there were. */
  readonly onEnd?: (lines: number) => void;
}

export interface WriteOptions {
  readonly onDiagnostic: DiagnosticSink;
  readonly typeMap?: readonly string[];
  readonly lammpsUnits?: string;
  readonly lengthUnit?: string;
  readonly energyUnit?: string;
  readonly atomStyle?: string;
  readonly columns?: readonly string[];
  readonly labelKeys?: string;
}

/**
 * How a file can be cut for several threads. A wrong guess costs time, never a frame: a part that does not read as whole frames
 * from its first byte to its last is read again, with all that follows, by one thread. `read` of such a format holds no chunk
 * longer than until it asks for the next but one.
 */
export interface FrameParts {
  /** First byte at or behind `from`, which is the beginning of a line, where a frame seems to begin; -1 = none in these bytes. */
  findFrame(bytes: Uint8Array, from: number): number;
  /** Bytes at the beginning of a file that hold for all of its frames: every part is read behind them. */
  preamble?(head: Uint8Array): Uint8Array;
}

/** Bytes [begin, end). */
export type ByteRange = readonly [begin: number, end: number];

/**
 * How frames follow one another in a file that is still being written: lets each be read alone, as soon as it is complete. What
 * this says is only where a frame may end; whether it is one is for `read` to say.
 */
export interface FrameSequence {
  /**
   * `bytes` begin where a frame begins, or the header before the first. The byte behind the frame where what follows shows that it has ended;
   * -1 = more bytes are needed. `context`: the bytes of the ranges below of the frames before.
   */
  frameEnd(bytes: Uint8Array, context: Uint8Array): number;
  /** First byte at or behind `from` where a frame seems to begin, to go on behind damage; -1 = none in these bytes. */
  findFrame(bytes: Uint8Array, from: number): number;
  /** Parts of a frame that hold for later ones, each in its own place of the list; undefined = nothing new. */
  context?(frame: Uint8Array): readonly (ByteRange | undefined)[];
}

/** A file format as a described constant (`satisfies Format`). Adding it to formats/index.ts registers it. */
export interface Format {
  readonly name: string;
  /** Other names that `--format` takes. */
  readonly aliases?: readonly string[];
  readonly description: string;
  /** URL or manual page of the specification. */
  readonly reference: string;
  readonly fileNames: readonly RegExp[];
  readonly carries: Carries;
  /** How sure the first bytes (decompressed, up to 64 KiB) make one: 0 = not this format … 1 = certain. */
  sniff(head: Uint8Array): number;
  /** The same for a folder, from the names of its entries. */
  sniffFolder?(entries: readonly string[]): number;
  /** Frames in file order. Errors: FormatError with path:line; everything before the error has been yielded. */
  read?(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void>;
  readonly parts?: FrameParts;
  /** Of a format with `parts`: URL of the module that exports it, the one that each of several threads loads. */
  readonly module?: string;
  /** Of a text format whose files programs add frames to. */
  readonly sequence?: FrameSequence;
  /** For formats that are folders, file sets or need random access; used where `read` is missing or `path` is no single file. */
  readPath?(path: string, options: ReadOptions): AsyncGenerator<Frame, void>;
  write?(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<Uint8Array | string, void>;
  /** For formats that are folders; must be atomic (temporary folder, then rename). */
  writePath?(frames: AsyncIterable<Frame>, path: string, options: WriteOptions): Promise<void>;
}
