/**
 * i-PI's socket protocol: bytes to messages and back. Specification: M. Ceriotti, J. More, D. Manolopoulos, Comput. Phys. Commun. 185,
 * 1019 (2014) and docs.ipi-code.org. A header is 12 characters; numbers are in native order, which is little-endian wherever we run.
 * Units on the wire are bohr and hartree, and stay so here; cells are columns on the wire and rows here.
 */
import { ProtocolError } from '../../../core/errors.ts';
import { type Decoder, float64s, int32, printable } from '../decoder.ts';

const HEADER_BYTES = 12;
/** INIT text and extras are short; more is not i-PI. */
const MAX_TEXT_BYTES = 1 << 20;

export type Status = 'NEEDINIT' | 'READY' | 'HAVEDATA';

/** What the driver (i-PI, ASE) sends. */
export type DriverMessage =
  | { readonly kind: 'STATUS' | 'GETFORCE' | 'EXIT' }
  | { readonly kind: 'INIT'; readonly bead: number; readonly text: string }
  | Posdata;

export interface Posdata {
  readonly kind: 'POSDATA';
  /** bohr; (3,3), rows. */
  readonly cell: Float64Array;
  /** bohr; (n,3). */
  readonly positions: Float64Array;
}

/** What a force code answers to GETFORCE. hartree, hartree/bohr (n,3), hartree (3,3) Σ r⊗f as sent. */
export interface Forces {
  readonly energy: number;
  readonly forces: Float64Array;
  readonly virial: Float64Array;
}

/** The next message of a driver to a force code of `natoms` atoms. Throws ProtocolError. */
export function* driverMessage(natoms: number): Decoder<DriverMessage> {
  const header = yield* word();
  switch (header) {
    case 'STATUS':
    case 'GETFORCE':
    case 'EXIT':
      return { kind: header };
    case 'INIT': {
      const bead = yield* int32();
      return { kind: 'INIT', bead, text: yield* text('INIT') };
    }
    case 'POSDATA': {
      const cell = transposed(yield* float64s(9));
      yield* float64s(9); // the inverse cell, which follows from the cell
      yield* expectAtoms('POSDATA', natoms);
      return { kind: 'POSDATA', cell, positions: yield* float64s(3 * natoms) };
    }
    default:
      throw new ProtocolError(`expected a message of i-PI (STATUS, INIT, POSDATA, GETFORCE, EXIT), found "${header}"`);
  }
}

/** The answer of a force code to STATUS. Throws ProtocolError. */
export function* statusAnswer(): Decoder<Status> {
  const header = yield* word();
  if (header === 'NEEDINIT' || header === 'READY' || header === 'HAVEDATA') return header;
  throw new ProtocolError(`expected NEEDINIT, READY or HAVEDATA, found "${header}"`);
}

/** The answer of a force code of `natoms` atoms to GETFORCE; extras are skipped. Throws ProtocolError. */
export function* forceAnswer(natoms: number): Decoder<Forces> {
  const header = yield* word();
  if (header !== 'FORCEREADY') throw new ProtocolError(`expected FORCEREADY, found "${header}"`);
  const [energy] = yield* float64s(1);
  yield* expectAtoms('FORCEREADY', natoms);
  const forces = yield* float64s(3 * natoms);
  const virial = yield* float64s(9);
  yield* text('extras');
  return { energy, forces, virial };
}

function* word(): Decoder<string> {
  const bytes = yield HEADER_BYTES;
  return printable(bytes).trimEnd();
}

function* text(what: string): Decoder<string> {
  const length = yield* int32();
  if (length < 0 || length > MAX_TEXT_BYTES) throw new ProtocolError(`${what} announces a text of ${length} bytes`);
  return new TextDecoder().decode(yield length);
}

function* expectAtoms(message: string, natoms: number): Decoder<void> {
  const sent = yield* int32();
  if (sent !== natoms) throw new ProtocolError(`${message} has ${sent} atoms, expected ${natoms}`);
}

/** STATUS, INIT's answer and other messages that are a header alone. */
export function encodeWord(header: Status | 'STATUS' | 'GETFORCE' | 'EXIT'): Uint8Array {
  return new TextEncoder().encode(header.padEnd(HEADER_BYTES));
}

/** POSDATA as a driver sends it; `cell` (rows) and `inverse` (its inverse, (3,3) row-major) in bohr. */
export function encodePosdata(cell: Float64Array, inverse: Float64Array, positions: Float64Array): Uint8Array {
  const natoms = Int32Array.of(positions.length / 3);
  return joined('POSDATA', [transposed(cell), transposed(inverse), natoms, positions]);
}

/** FORCEREADY, without extras: ASE 3.22 does not survive any. */
export function encodeForces({ energy, forces, virial }: Forces): Uint8Array {
  const natoms = Int32Array.of(forces.length / 3);
  return joined('FORCEREADY', [Float64Array.of(energy), natoms, forces, virial, Int32Array.of(0)]);
}

function joined(header: string, sections: readonly (Float64Array | Int32Array)[]): Uint8Array {
  const bytes = sections.map((s) => new Uint8Array(s.buffer, s.byteOffset, s.byteLength));
  const frame = new Uint8Array(bytes.reduce((sum, b) => sum + b.length, HEADER_BYTES));
  frame.set(new TextEncoder().encode(header.padEnd(HEADER_BYTES)));
  let at = HEADER_BYTES;
  for (const section of bytes) {
    frame.set(section, at);
    at += section.length;
  }
  return frame;
}

function transposed(m: Float64Array): Float64Array {
  return Float64Array.of(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]);
}
