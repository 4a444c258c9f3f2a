/**
 * The MolSSI Driver Interface over TCP, side of the engine: bytes to messages and back. Specification: molssi-mdi.github.io/MDI_Library
 * and T. Barnes et al., Comput. Phys. Commun. 261, 107688 (2021); the wire is that of MDI_Library 1.1 and newer. Little-endian; units
 * on the wire are bohr and hartree, and stay so here.
 */
import { ProtocolError } from '../../../core/errors.ts';
import { type Decoder, printable } from '../decoder.ts';

/** Datatype numbers of the library, and the bytes of an item, for the types that physics is sent in. */
const INT = 1;
const DOUBLE = 2;
const CHAR = 3;
const ITEM_BYTES: Readonly<Record<number, number>> = { [INT]: 4, [DOUBLE]: 8, [CHAR]: 1 };

/** The version this engine speaks. */
export const VERSION = [1, 4, 40] as const;
const NAME_BYTES = 256;
/** Of names and commands, in libraries before 1.4, which do not negotiate. */
const OLD_BYTES = 12;

/** What both sides have agreed on. */
export interface Agreement {
  readonly nameBytes: number;
  readonly commandBytes: number;
}

/** First words of both sides: the version. */
export function encodeVersion(): Uint8Array {
  return new Uint8Array(Int32Array.from(VERSION).buffer);
}

/** The version of the driver. Throws ProtocolError for bytes that are none and for libraries before 1.1. */
export function* driverVersion(): Decoder<readonly [number, number, number]> {
  const bytes = yield 12;
  const [major, minor, patch] = new Int32Array(bytes.buffer, 0, 3);
  if (major < 0 || major > 100 || minor < 0 || minor > 1000) {
    throw new ProtocolError(`expected the version of an MDI driver, received "${printable(bytes)}"`);
  }
  if (major !== 1 || minor < 1) {
    throw new ProtocolError(`the driver has MDI ${major}.${minor}.${patch}; 1.1 to 1.x is spoken here`);
  }
  return [major, minor, patch];
}

/** Whether both sides now tell the lengths of names and commands. */
export function negotiatesLengths([major, minor]: readonly [number, number, number]): boolean {
  return major > 1 || minor >= 4;
}

export function encodeLengths(): Uint8Array {
  return new Uint8Array(Int32Array.of(NAME_BYTES, NAME_BYTES).buffer);
}

/** The smaller lengths of both sides. Throws ProtocolError. */
export function* driverLengths(): Decoder<Agreement> {
  const bytes = yield 8;
  const [name, command] = new Int32Array(bytes.buffer, 0, 2);
  if (Math.min(name, command) < OLD_BYTES || Math.max(name, command) > 1 << 16) {
    throw new ProtocolError(`the driver has names of ${name} and commands of ${command} bytes`);
  }
  return { nameBytes: Math.min(name, NAME_BYTES), commandBytes: Math.min(command, NAME_BYTES) };
}

export const OLD_AGREEMENT: Agreement = { nameBytes: OLD_BYTES, commandBytes: OLD_BYTES };

/** The next command of the driver, for example `>COORDS`. */
export function* command({ commandBytes }: Agreement): Decoder<string> {
  const bytes = yield* items(CHAR, commandBytes, 'a command');
  const end = bytes.indexOf(0);
  return printable(end < 0 ? bytes : bytes.subarray(0, end)).trimEnd();
}

export function* integers(count: number, what: string): Decoder<Int32Array> {
  const bytes = yield* items(INT, count, what);
  return new Int32Array(bytes.buffer, 0, count);
}

export function* doubles(count: number, what: string): Decoder<Float64Array> {
  const bytes = yield* items(DOUBLE, count, what);
  return new Float64Array(bytes.buffer, 0, count);
}

/** Header {error flag, header type, datatype, count}, then the items. Other counts and types than expected are refused. */
function* items(datatype: number, count: number, what: string): Decoder<Uint8Array<ArrayBuffer>> {
  const head = yield 16;
  const [error, type, sentType, sentCount] = new Int32Array(head.buffer, 0, 4);
  if (type !== 0 || ITEM_BYTES[sentType] === undefined) {
    throw new ProtocolError(`expected an MDI message with ${what}, received "${printable(head)}"`);
  }
  if (error !== 0) throw new ProtocolError(`the driver reports error ${error} instead of ${what}`);
  if (sentType !== datatype || sentCount !== count) {
    throw new ProtocolError(
      `expected ${what} as ${count} items of MDI type ${datatype}, found ${sentCount} of type ${sentType}`,
    );
  }
  return yield count * ITEM_BYTES[datatype];
}

export function encodeIntegers(values: readonly number[]): Uint8Array {
  return frame(INT, values.length, new Uint8Array(Int32Array.from(values).buffer));
}

export function encodeDoubles(values: Float64Array): Uint8Array {
  return frame(DOUBLE, values.length, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** Text of exactly `length` bytes, padded with zeros. */
export function encodeText(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(text).subarray(0, length - 1));
  return frame(CHAR, length, bytes);
}

/** A list of names, each padded with blanks to `length` and followed by its delimiter. */
export function encodeList(items: readonly (readonly [name: string, delimiter: ',' | ';'])[], length: number) {
  const bytes = new TextEncoder().encode(items.map(([name, end]) => name.padEnd(length) + end).join(''));
  return frame(CHAR, bytes.length, bytes);
}

/** Error flag without payload: the driver stops ("nonzero error flag"). */
export function encodeFailure(): Uint8Array {
  return new Uint8Array(Int32Array.of(1, 0, CHAR, 0).buffer);
}

function frame(datatype: number, count: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + payload.length);
  out.set(new Uint8Array(Int32Array.of(0, 0, datatype, count).buffer));
  out.set(payload, 16);
  return out;
}
