import type { ByteRange, FrameSequence } from '../format.ts';
import { ANCHOR, type Anchor, anchorOf } from './outcar-anchors.ts';

const LF = 10;
const BLANK = 32;
/** Lines of `direct lattice vectors` and the three behind it. */
const CELL_LINES = 4;

/**
 * A step ends with its LOOP+ line, or where the next step, the end of the run or a further run begins. What is cut out may hold
 * several steps of a machine-learned force field, which have no such lines. The header without the positions of the start, and the last
 * cell, hold for the steps behind.
 */
export const OUTCAR_SEQUENCE: FrameSequence = {
  frameEnd(bytes) {
    const seen = { table: false, energy: false, energies: false };
    for (const { anchor, start, next } of anchoredLines(bytes)) {
      const hasResult = seen.table || seen.energy;
      if (anchor === 'loop') {
        if (seen.table && seen.energies) return next;
      } else if (anchor === ANCHOR.footer) {
        if (hasResult) return next;
      } else if (anchor === ANCHOR.iteration || isRunHeader(anchor)) {
        if (hasResult) return start;
      } else if (anchor === ANCHOR.table) seen.table ||= has(bytes, start, next, 'TOTAL-FORCE');
      else if (anchor === ANCHOR.toten || anchor === ANCHOR.mlToten) seen.energy = true;
      else if (anchor === ANCHOR.withoutEntropy) seen.energies ||= seen.energy;
    }
    return -1;
  },
  findFrame(bytes, from) {
    for (const { anchor, start } of anchoredLines(bytes))
      if (start >= from && (anchor === ANCHOR.iteration || anchor === ANCHOR.version)) return start;
    return -1;
  },
  context(frame) {
    let header: ByteRange | undefined;
    let cell: ByteRange | undefined;
    let isHeader = false;
    let begun = false;
    for (const { anchor, start } of anchoredLines(frame)) {
      if (!begun && isRunHeader(anchor)) isHeader = true;
      // The positions of the start must not become those of a later step that has none.
      if (isHeader && !begun && anchor === ANCHOR.headerPositions) header = [header?.[0] ?? 0, start];
      if (anchor === ANCHOR.iteration || anchor === ANCHOR.table || anchor === ANCHOR.mlStress) {
        if (isHeader && !begun) header ??= [0, start];
        begun = true;
      }
      if (anchor === ANCHOR.cell) cell = linesFrom(frame, start, CELL_LINES) ?? cell;
    }
    return [header, cell];
  },
};

const isRunHeader = (anchor: Anchor | 'loop') =>
  anchor === ANCHOR.version || anchor === ANCHOR.potcar || anchor === ANCHOR.titel;

/** The complete lines that mean something. */
function* anchoredLines(bytes: Uint8Array): Generator<{ anchor: Anchor | 'loop'; start: number; next: number }> {
  for (let start = 0; ; ) {
    const end = bytes.indexOf(LF, start);
    if (end === -1) return;
    const anchor = isLoop(bytes, start) ? 'loop' : anchorOf(bytes, start, end);
    if (anchor !== ANCHOR.none) yield { anchor, start, next: end + 1 };
    start = end + 1;
  }
}

/** `LOOP+:  cpu time …`, the last line of a step; `LOOP:` ends an SCF cycle. */
function isLoop(bytes: Uint8Array, start: number): boolean {
  let at = start;
  while (bytes[at] === BLANK) at++;
  return (
    bytes[at] === 76 && bytes[at + 1] === 79 && bytes[at + 2] === 79 && bytes[at + 3] === 80 && bytes[at + 4] === 43
  );
}

function has(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).includes(word);
}

function linesFrom(bytes: Uint8Array, start: number, lines: number): ByteRange | undefined {
  let at = start;
  for (let k = 0; k < lines; k++) {
    at = bytes.indexOf(LF, at) + 1;
    if (at === 0) return undefined;
  }
  return [start, at];
}
