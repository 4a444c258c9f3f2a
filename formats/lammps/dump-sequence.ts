import type { FrameSequence } from '../format.ts';

const ITEM = 'ITEM: ';
const T = 84;
const U = 85;
/** Longest beginning by which the first items of a step are told apart: `ITEM: TIMES`. */
const KNOWN = 11;

/**
 * A step ends where the next begins, at UNITS or TIME where it has them, else at TIMESTEP. That may be in the middle of a line:
 * a run that is killed leaves half a number, and `dump_modify append` goes on right behind it.
 */
export const DUMP_SEQUENCE: FrameSequence = {
  frameEnd(bytes) {
    const text = bufferOf(bytes);
    let inside = false;
    for (let at = text.indexOf(ITEM); at !== -1; at = text.indexOf(ITEM, at + ITEM.length)) {
      if (at + ITEM.length === text.length) return -1;
      if (!beginsStep(text, at)) continue;
      if (inside) return at;
      if (at + KNOWN > text.length) return -1;
      inside = text.toString('latin1', at, at + KNOWN) === 'ITEM: TIMES';
    }
    return -1;
  },
  findFrame(bytes, from) {
    const text = bufferOf(bytes);
    for (let at = text.indexOf(ITEM, from); at !== -1; at = text.indexOf(ITEM, at + ITEM.length))
      if (beginsStep(text, at)) return at;
    return -1;
  },
  /** The units, which LAMMPS states in the first step only. */
  context(frame) {
    const text = bufferOf(frame);
    const at = text.indexOf('ITEM: UNITS');
    const style = at === -1 ? -1 : text.indexOf(10, at) + 1;
    const end = style > 0 ? text.indexOf(10, style) + 1 : 0;
    return [end > 0 ? [at, end] : undefined];
  },
};

/** TIMESTEP, TIME or UNITS: no other item begins with these letters. */
function beginsStep(text: Buffer, at: number): boolean {
  const letter = text[at + ITEM.length];
  return letter === T || letter === U;
}

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
