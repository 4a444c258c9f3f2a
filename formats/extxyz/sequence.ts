import type { FrameSequence } from '../format.ts';
import { XYZ_PARTS } from './parts.ts';

const LF = 10;
const V = 86;
/** More digits than any count of atoms has. */
const MOST_DIGITS = 12;

/** A frame ends behind its rows, as many as its count says, and the cell vectors (VEC) that may follow them. */
export const XYZ_SEQUENCE: FrameSequence = {
  frameEnd(bytes) {
    const first = bytes.indexOf(LF);
    if (first === -1) return -1;
    const natoms = countIn(bytes, first);
    if (natoms === undefined) return XYZ_PARTS.findFrame(bytes, first + 1);
    let at = first + 1;
    for (let line = 0; line <= natoms; line++) {
      at = bytes.indexOf(LF, at) + 1;
      if (at === 0) return -1;
    }
    while (bytes[at] === V) {
      at = bytes.indexOf(LF, at) + 1;
      if (at === 0) return -1;
    }
    if (at >= bytes.length) return -1;
    // More rows than the count says: with the first of them, `read` refuses the frame.
    if (bytes[at] > 32 && !isDigit(bytes[at])) return bytes.indexOf(LF, at) + 1 || -1;
    return at;
  },
  findFrame: (bytes, from) => {
    const line = from === 0 ? 0 : bytes.indexOf(LF, from - 1) + 1;
    return line === 0 && from > 0 ? -1 : XYZ_PARTS.findFrame(bytes, line);
  },
};

const isDigit = (byte: number) => byte >= 48 && byte <= 57;

/** The first line, which ends at `end`, as a count. */
function countIn(bytes: Uint8Array, end: number): number | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(end, 80)).toString('latin1').trim();
  return /^\d+$/.test(text) && text.length <= MOST_DIGITS ? Number(text) : undefined;
}
