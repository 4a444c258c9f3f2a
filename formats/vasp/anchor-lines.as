/**
 * Finds the lines of an OUTCAR that can be anchors, in AssemblyScript for WebAssembly SIMD; `anchor-lines.ts` calls it, and a
 * test compiles it and compares it with `anchor-lines-wasm.ts`. Line breaks are found 64 bytes at a time, a line is judged by
 * four of its bytes, rulers (`-----`) by whether a text interrupts the dashes.
 */

// The places are those of anchor-lines.ts.
const FIRST: usize = 0;
const LATER: usize = 131072;
const INPUT: usize = 262144;
const LIST: usize = 393344;

const RULER: i32 = 1;
const LF: i32 = 10;
const BLANK: i32 = 32;
const DASH: i32 = 45;

// @ts-ignore: decorator
@inline
function same(p: usize, byte: i8): i32 {
  return i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(byte)));
}

/** First byte from `p` on that is not `byte`. */
// @ts-ignore: decorator
@inline
function behind(p: usize, byte: i8): usize {
  let other = ~same(p, byte) & 0xffff;
  while (other === 0) {
    p += 16;
    other = ~same(p, byte) & 0xffff;
  }
  return p + <usize>ctz(other);
}

// @ts-ignore: decorator
@inline
function isWanted(line: usize): bool {
  const p = behind(line, <i8>BLANK);
  const kinds =
    <i32>load<u16>(FIRST + (<usize>load<u16>(p) << 1)) & <i32>load<u16>(LATER + (<usize>load<u16>(p, 6) << 1));
  if (kinds !== RULER) return kinds !== 0;
  return load<u8>(behind(p, <i8>DASH)) === BLANK;
}

/**
 * Lists the lines between INPUT and `limit`, where the last byte is a line break: two integers each, place and number of
 * lines before it. Returns their number; the entry behind the last one is the end: `limit` and the number of all lines.
 */
export function listLines(limit: usize): i32 {
  for (let p = limit; p < limit + 64; p += 16) v128.store(p, i8x16.splat(<i8>LF));
  let at: usize = LIST;
  let lines: i32 = 0;
  if (isWanted(INPUT)) {
    store<i32>(at, <i32>INPUT);
    store<i32>(at, 0, 4);
    at += 8;
  }
  for (let p: usize = INPUT; p < limit; p += 64) {
    let bits =
      <i64>(<u32>(same(p, <i8>LF) | (same(p + 16, <i8>LF) << 16))) |
      (<i64>(same(p + 32, <i8>LF) | (same(p + 48, <i8>LF) << 16)) << 32);
    while (bits !== 0) {
      const line = p + <usize>ctz(bits) + 1;
      bits &= bits - 1;
      lines++;
      if (line >= limit) break;
      if (isWanted(line)) {
        store<i32>(at, <i32>line);
        store<i32>(at, lines, 4);
        at += 8;
      }
    }
  }
  store<i32>(at, <i32>limit);
  store<i32>(at, lines, 4);
  return <i32>((at - LIST) >> 3);
}
