import type { FrameParts } from '../format.ts';

const LF = 10;

/** A frame begins at a line of digits only; the line behind it, the comment, is none. */
export const XYZ_PARTS: FrameParts = {
  findFrame(bytes, from) {
    for (let at = from; at < bytes.length; ) {
      const end = bytes.indexOf(LF, at);
      if (end === -1) return -1;
      const next = end + 1;
      if (isCount(bytes, at, end)) {
        const commentEnd = bytes.indexOf(LF, next);
        if (commentEnd === -1) return -1;
        if (!isCount(bytes, next, commentEnd)) return at;
      }
      at = next;
    }
    return -1;
  },
};

function isCount(bytes: Uint8Array, start: number, end: number): boolean {
  let digits = 0;
  for (let k = start; k < end; k++) {
    const isDigit = bytes[k] >= 48 && bytes[k] <= 57;
    if (!isDigit && bytes[k] > 32) return false;
    digits += isDigit ? 1 : 0;
  }
  return digits > 0;
}
