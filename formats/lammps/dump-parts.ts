import type { FrameParts } from '../format.ts';

const FIRST_LINES = ['ITEM: UNITS', 'ITEM: TIME\n', 'ITEM: TIMESTEP'];
/** Longer than two lines of UNITS or TIME with their values. */
const TWO_ITEMS = 200;

/** A step begins at UNITS or TIME where it has them, else at TIMESTEP; UNITS hold for all later steps. */
export const DUMP_PARTS: FrameParts = {
  preamble(head) {
    const [item, style] = Buffer.from(head.subarray(0, TWO_ITEMS)).toString('latin1').split('\n');
    return head.subarray(0, item.startsWith('ITEM: UNITS') && style !== undefined ? item.length + style.length + 2 : 0);
  },
  findFrame(bytes, from) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = text.indexOf('ITEM: ', from); at !== -1; at = text.indexOf('ITEM: ', at + 6)) {
      if (at > 0 && text[at - 1] !== 10) continue;
      const line = text.toString('latin1', at, at + 16).replace('\r', '');
      if (!FIRST_LINES.some((first) => line.startsWith(first))) continue;
      // UNITS or TIME right before it: the step began there, before `from`.
      const before = text.toString('latin1', Math.max(0, at - TWO_ITEMS), at);
      if (!/(^|\n)ITEM: (UNITS|TIME)\r?\n[^\n]*\n$/.test(before)) return at;
    }
    return -1;
  },
};
