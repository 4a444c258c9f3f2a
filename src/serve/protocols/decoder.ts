/**
 * A message being read, apart from any socket: it yields the number of bytes it needs next, is given exactly those, and returns the
 * message. Throws ProtocolError for bytes that are none. Counts are checked before bytes are asked for.
 */
export type Decoder<T> = Generator<number, T, Uint8Array<ArrayBuffer>>;

/** f64 values of a native-order (little-endian) section. */
export function* float64s(count: number): Decoder<Float64Array> {
  const bytes = yield 8 * count;
  return new Float64Array(bytes.buffer, bytes.byteOffset, count);
}

/** One i32, little-endian. */
export function* int32(): Decoder<number> {
  const bytes = yield 4;
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true);
}

/** Bytes that are not a message, for people: printable ASCII as it is, the rest as \xNN. */
export function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
