/**
 * The hot loop of text tables, in AssemblyScript for WebAssembly SIMD; `row-kernel.ts` calls it, and a test compiles it and
 * compares it with `row-kernel-wasm.ts`. It reads rows of blank-separated fields, 16 bytes at a time. A number of up to 15
 * characters (sign excluded) is exact: its digits, without the point, are an integer below 10^15 and its power of ten an
 * exact double, so that one division is correctly rounded. Every other token is listed as odd and left to JavaScript.
 */

// The places are those of row-kernel.ts.
const FIELDS: usize = 1024;
const POWERS: usize = 4096;
const SYMBOLS: usize = 8192;
const ODD: usize = 73728;
const ODD_MOST: i32 = 4096;
const SHUFFLES: usize = 139328;
const INPUT: usize = 143488;
const INDEX: usize = 209088;

const INTEGER: i32 = 1;
const SYMBOL: i32 = 2;
const LF: i32 = 10;

/** Bits of the 16 bytes at `p`: blanks and control characters. */
// @ts-ignore: decorator
@inline
function gaps(v: v128): i32 {
  return i8x16.bitmask(i8x16.le_u(v, i8x16.splat(32)));
}

/** The same for blanks and tabs. */
// @ts-ignore: decorator
@inline
function blanks(v: v128): i32 {
  return i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(32)), i8x16.eq(v, i8x16.splat(9))));
}

// @ts-ignore: decorator
@inline
function join(a: i32, b: i32, c: i32, d: i32): i64 {
  return <i64>(<u32>(a | (b << 16))) | (<i64>(c | (d << 16)) << 32);
}

/** Length of the token at `p`: bytes up to the first that is a blank or a control character. */
function tokenLength(p: usize): i32 {
  let length: i32 = 0;
  let mask = gaps(v128.load(p));
  while (mask === 0) {
    length += 16;
    mask = gaps(v128.load(p + length));
  }
  return length + ctz(mask);
}

/** Lists the next eight places of `bits`; those that there are not get places behind. */
// @ts-ignore: decorator
@inline
function listEight(index: usize, p: i32, bits: i64): i64 {
  for (let k = 0; k < 8; k++) {
    store<i32>(index + (k << 2), p + <i32>ctz(bits));
    bits &= bits - 1;
  }
  return bits;
}

/** Lists the places where a token begins and those of line breaks and control characters. */
// @ts-ignore: decorator
@inline
function listTokens(limit: usize): void {
  let index: usize = INDEX;
  let inside: i64 = 0;
  for (let p: usize = INPUT; p < limit; p += 64) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const text = ~join(gaps(a), gaps(b), gaps(c), gaps(d));
    let bits = ~(join(blanks(a), blanks(b), blanks(c), blanks(d)) | (text & ((text << 1) | inside)));
    inside = <i64>(<u64>text >> 63);
    const count = <i32>popcnt(bits);
    // Always eight, mostly enough: a loop over the bits would end at an unforeseen place each time.
    bits = listEight(index, <i32>p, bits);
    if (count > 8) {
      bits = listEight(index + 32, <i32>p, bits);
      for (let at = index + 64; bits !== 0; at += 4) {
        store<i32>(at, <i32>p + <i32>ctz(bits));
        bits &= bits - 1;
      }
    }
    index += <usize>count << 2;
  }
}

/**
 * Reads up to `rows` rows of `fields` fields between INPUT and `limit`, where the last byte is a line break. Each field goes
 * to its own place, which moves by its stride a row. Returns the number of rows read, and leaves at 0 the place after them
 * and at 4 the number of odd tokens: four integers each, place of the value, start, length, row + 2^18 · field. It stops
 * before a row with more or fewer fields.
 */
export function readRows(fields: i32, rows: i32, limit: usize): i32 {
  const point = i8x16.splat(46);
  const zero = i8x16.splat(48);
  const nine = i8x16.splat(9);
  const low = i16x8.splat(0xff);
  const ten = i16x8.splat(10);
  const hundreds = i16x8(100, 1, 100, 1, 100, 1, 100, 1);
  const tenThousands = i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1);
  const fieldsEnd: usize = FIELDS + (<usize>fields << 4);
  // Bytes behind the last line are blanks: they list nothing.
  for (let p = limit; p < limit + 64; p += 16) v128.store(p, i8x16.splat(32));
  listTokens(limit);
  let index: usize = INDEX;
  let end: usize = INPUT;
  let odd: i32 = 0;
  let row: i32 = 0;
  for (; row < rows && end < limit; row++) {
    const rowOdd = odd;
    let whole = true;
    for (let field: usize = FIELDS; field < fieldsEnd; field += 16) {
      const start = <usize>load<i32>(index);
      const first = <i32>load<u8>(start);
      // A line break or control character instead of a token: the row is short.
      if (first <= 32) {
        whole = false;
        break;
      }
      index += 4;
      const kind = load<i32>(field);
      const out = <usize>load<i32>(field, 4);
      store<i32>(field, <i32>out + load<i32>(field, 8), 4);
      if (kind <= INTEGER) {
        const negative = <usize>(first === 45);
        const p = start + (negative | <usize>(first === 43));
        const v = v128.load(p);
        const length = ctz(gaps(v) | 0x10000);
        const at = ctz(i8x16.bitmask(i8x16.eq(v, point)) | (1 << length));
        const hasPoint = <i32>(at < length);
        // Digits move to the right end; those before the point move one place more, over it.
        const digits = i8x16.swizzle(i8x16.sub(v, zero), v128.load(SHUFFLES + ((<usize>length << 8) | (<usize>at << 4))));
        if (
          <i32>(length < 16) &
          <i32>(length > hasPoint) &
          <i32>((hasPoint & kind) === 0) &
          <i32>(i8x16.bitmask(i8x16.le_u(digits, nine)) === 0xffff)
        ) {
          const pairs = i16x8.add(i16x8.mul(v128.and(digits, low), ten), i16x8.shr_u(digits, 8));
          const fours = i32x4.dot_i16x8_s(pairs, hundreds);
          const eights = i64x2.extract_lane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), tenThousands), 0);
          const integer = (eights & 0xffffffff) * 100000000 + <i64>(<u64>eights >> 32);
          const value = <f64>integer / load<f64>(POWERS + (<usize>(length - at) << 3));
          store<i64>(out, reinterpret<i64>(value) | (<i64>negative << 63));
          continue;
        }
      } else if (kind === SYMBOL) {
        const length = tokenLength(start);
        const known =
          length === 1
            ? <i32>load<u8>(SYMBOLS + <usize>first)
            : length === 2
              ? <i32>load<u8>(SYMBOLS + <usize>load<u16>(start))
              : 0;
        if (known !== 0) {
          store<u8>(out, <u8>(known - 1));
          continue;
        }
      } else {
        store<f64>(out, <f64>(start - INPUT) * 65536.0 + <f64>min(tokenLength(start), 65535));
        continue;
      }
      if (odd === ODD_MOST) {
        whole = false;
        break;
      }
      const entry = ODD + (<usize>odd << 4);
      store<i32>(entry, <i32>out);
      store<i32>(entry, <i32>start, 4);
      store<i32>(entry, tokenLength(start), 8);
      store<i32>(entry, row | (<i32>((field - FIELDS) >> 4) << 18), 12);
      odd++;
    }
    // Nothing but the line break may follow.
    while (whole) {
      const p = <usize>load<i32>(index);
      const b = <i32>load<u8>(p);
      index += 4;
      if (b === LF) {
        end = p + 1;
        break;
      }
      if (b > 32) whole = false;
    }
    if (!whole) {
      odd = rowOdd;
      break;
    }
  }
  store<i32>(0, <i32>end);
  store<i32>(4, odd);
  return row;
}

/** Line breaks between INPUT and `limit`. */
export function countLines(limit: usize): i32 {
  const lf = i8x16.splat(10);
  for (let p = limit; p < limit + 16; p++) store<u8>(p, 0);
  let lines: i32 = 0;
  for (let p: usize = INPUT; p < limit; p += 16) lines += popcnt(i8x16.bitmask(i8x16.eq(v128.load(p), lf)));
  return lines;
}
