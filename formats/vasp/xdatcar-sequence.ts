import type { FrameSequence } from '../format.ts';

const LF = 10;
/** Lines of a header that are looked at: comment, scale, lattice, species and counts (wrapped over some lines), the title. */
const MOST_HEADER_LINES = 64;
const TITLE = /^\s*(direct|cartesian)\s+configuration/i;
const COUNTS = /^\s*\d+(\s+\d+)*\s*$/;

/**
 * A frame is an optional header, a line `Direct configuration=` (blank in old files) and as many rows as the counts of the header say.
 */
export const XDATCAR_SEQUENCE: FrameSequence = {
  frameEnd(bytes, context) {
    const own = headerOf(bytes);
    if (own === 'incomplete') return -1;
    const header = own ?? headerOf(context);
    if (header === undefined || header === 'incomplete') return this.findFrame(bytes, 1);
    let at = bytes.indexOf(LF, own ? own.end : 0) + 1; // behind the title
    for (let row = 0; at > 0 && row < header.natoms; row++) at = bytes.indexOf(LF, at) + 1;
    return at === 0 || at >= bytes.length ? -1 : at;
  },
  /** A title line, or the header in front of it. */
  findFrame(bytes, from) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const title = /^[ \t]*(direct|cartesian)\s+configuration/gim;
    for (let found = exec(title, text, from); found !== -1; found = exec(title, text, found + 1)) {
      const lines = text.slice(0, found).split('\n').slice(0, -1);
      if (lines.length === 0 || !COUNTS.test(lines.at(-1) as string)) return found;
      const first = lines.length - (/[A-Za-z]/.test(lines.at(-2) ?? '') ? 7 : 6);
      const at = first < 0 ? -1 : lines.slice(0, first).join('\n').length + (first > 0 ? 1 : 0);
      if (at >= from) return at;
    }
    return -1;
  },
  context(frame) {
    const header = headerOf(frame);
    return [header === undefined || header === 'incomplete' ? undefined : [0, header.end]];
  },
};

function exec(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}

/** The header that these bytes begin with: its last byte and its atoms; undefined when they begin with a title or a blank line. */
function headerOf(bytes: Uint8Array): { end: number; natoms: number } | 'incomplete' | undefined {
  let at = 0;
  let counts: number[] = [];
  for (let k = 0; k < MOST_HEADER_LINES; k++) {
    const end = bytes.indexOf(LF, at);
    if (end === -1) return counts.length > 0 && at === bytes.length ? total(at, counts) : 'incomplete';
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
    if (k === 0 && (TITLE.test(line) || (line.trim() === '' && !isScale(bytes, end + 1)))) return undefined;
    if (k >= 5 && COUNTS.test(line)) counts = counts.concat(line.trim().split(/\s+/).map(Number));
    else if (k >= 5 && counts.length > 0) return total(at, counts);
    at = end + 1;
  }
  return undefined;
}

const total = (end: number, counts: readonly number[]) => ({ end, natoms: counts.reduce((sum, n) => sum + n, 0) });

/** Whether the line from `at` on is one number: the scale behind a blank comment. */
function isScale(bytes: Uint8Array, at: number): boolean {
  const end = bytes.indexOf(LF, at);
  return end !== -1 && /^\s*[-+.\d]+\s*$/.test(Buffer.from(bytes.subarray(at, end)).toString('latin1'));
}
