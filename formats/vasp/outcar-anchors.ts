/** The lines of an OUTCAR that mean something to us; everything else is skipped after a look at its first letters. */
export const ANCHOR = {
  none: 0,
  version: 1,
  potcar: 2,
  titel: 3,
  ionsPerType: 4,
  nions: 5,
  headerPositions: 6,
  iteration: 7,
  scfConverged: 8,
  cell: 9,
  mlStress: 10,
  stress: 11,
  table: 12,
  toten: 13,
  mlToten: 14,
  withoutEntropy: 15,
  electrons: 16,
  footer: 17,
  abInitioStress: 18,
  moments: 19,
} as const;

export type Anchor = (typeof ANCHOR)[keyof typeof ANCHOR];

/** How the lines that `anchorOf` knows begin behind blanks, the first is that of the rulers. For `AnchorLines`. */
export const ANCHOR_STARTS = [
  '--------',
  'direct l',
  'energy  ',
  'free  en',
  'in kB ',
  'ions per',
  'number o',
  'position',
  'vasp.',
  'FORCE on',
  'General ',
  'ML FORCE',
  'ML energ',
  'POTCAR:',
  'POSITION',
  'TITEL ',
  'magnetiz',
] as const;

const BLANK = 32;
const DASH = 45;

function has(bytes: Uint8Array, at: number, end: number, ascii: string): boolean {
  if (at + ascii.length > end) return false;
  for (let k = 0; k < ascii.length; k++) if (bytes[at + k] !== ascii.charCodeAt(k)) return false;
  return true;
}

/** What the line `bytes[start, end)` is. Two blanks after `free` and `energy` mark the ionic step, one blank an SCF step. */
export function anchorOf(bytes: Uint8Array, start: number, end: number): Anchor {
  let at = start;
  while (at < end && bytes[at] === BLANK) at++;
  switch (bytes[at]) {
    case DASH:
      return at + 1 < end && bytes[at + 1] === DASH ? rulerAnchor(bytes, at, end) : ANCHOR.none;
    case 100: // d
      return has(bytes, at, end, 'direct lattice vectors') ? ANCHOR.cell : ANCHOR.none;
    case 101: // e
      return has(bytes, at, end, 'energy  without entropy') ? ANCHOR.withoutEntropy : ANCHOR.none;
    case 102: // f
      if (has(bytes, at, end, 'free  energy   TOTEN')) return ANCHOR.toten;
      return has(bytes, at, end, 'free  energy ML TOTEN') ? ANCHOR.mlToten : ANCHOR.none;
    case 105: // i
      if (has(bytes, at, end, 'in kB ')) return ANCHOR.stress;
      return has(bytes, at, end, 'ions per type') ? ANCHOR.ionsPerType : ANCHOR.none;
    case 109: // m
      return has(bytes, at, end, 'magnetization (') ? ANCHOR.moments : ANCHOR.none;
    case 110: // n
      if (!has(bytes, at, end, 'number of ')) return ANCHOR.none;
      if (has(bytes, at + 10, end, 'electron ')) return ANCHOR.electrons;
      return has(bytes, at + 10, end, 'dos ') || has(bytes, at + 10, end, 'ions ') ? ANCHOR.nions : ANCHOR.none;
    case 112: // p
      return has(bytes, at, end, 'position of ions in cartesian') ? ANCHOR.headerPositions : ANCHOR.none;
    case 118: // v
      return has(bytes, at, end, 'vasp.') && bytes[at + 5] >= 48 && bytes[at + 5] <= 57 ? ANCHOR.version : ANCHOR.none;
    case 70: // F
      return has(bytes, at, end, 'FORCE on cell') ? ANCHOR.abInitioStress : ANCHOR.none;
    case 71: // G
      return has(bytes, at, end, 'General timing and accounting') ? ANCHOR.footer : ANCHOR.none;
    case 77: // M
      if (has(bytes, at, end, 'ML FORCE on cell')) return ANCHOR.mlStress;
      return has(bytes, at, end, 'ML energy  without entropy') ? ANCHOR.withoutEntropy : ANCHOR.none;
    case 80: // P
      if (has(bytes, at, end, 'POTCAR:')) return ANCHOR.potcar;
      return has(bytes, at, end, 'POSITION   ') ? ANCHOR.table : ANCHOR.none;
    case 84: // T
      return has(bytes, at, end, 'TITEL ') ? ANCHOR.titel : ANCHOR.none;
    default:
      return ANCHOR.none;
  }
}

/** `----- Iteration N( M) -----` or `----- aborting loop because EDIFF is reached -----`. */
function rulerAnchor(bytes: Uint8Array, start: number, end: number): Anchor {
  // Most rulers are dashes only: every eighth byte tells, because the texts are longer.
  let at = start;
  while (at < end && bytes[at] === DASH) at += 8;
  if (at >= end) return ANCHOR.none;
  while (bytes[at - 1] !== DASH) at--;
  if (bytes[at] !== BLANK) return ANCHOR.none;
  if (has(bytes, at + 1, end, 'Iteration ')) return ANCHOR.iteration;
  return has(bytes, at + 1, end, 'aborting loop because EDIFF is reached') ? ANCHOR.scfConverged : ANCHOR.none;
}
