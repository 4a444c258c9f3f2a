import { numberOf } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { type Box, boxFromEdges } from './box.ts';

/** Sections of a data file (manual page "read_data"). */
const SECTIONS = new Set(
  (
    'Atoms,Velocities,Masses,Ellipsoids,Lines,Triangles,Bodies,Bonds,Angles,Dihedrals,Impropers,Atom Type Labels,' +
    'Bond Type Labels,Angle Type Labels,Dihedral Type Labels,Improper Type Labels,Pair Coeffs,PairIJ Coeffs,Bond Coeffs,' +
    'Angle Coeffs,Dihedral Coeffs,Improper Coeffs,BondBond Coeffs,BondAngle Coeffs,MiddleBondTorsion Coeffs,' +
    'EndBondTorsion Coeffs,AngleTorsion Coeffs,AngleAngleTorsion Coeffs,BondBond13 Coeffs,AngleAngle Coeffs,CMAP'
  ).split(','),
);

/** The header of a data file. */
export interface DataHeader {
  readonly title: string;
  readonly natoms: number;
  readonly ntypes: number;
  /** All counts of the header by their words: `atoms`, `bonds`, `bond types` … */
  readonly counts: ReadonlyMap<string, number>;
  readonly box: Box;
}

/** Words of the current line without its comment, one blank apart; the comment comes back, trimmed. */
export function splitComment(scanner: TextScanner): { text: string; comment: string } {
  const line = scanner.text();
  const at = line.indexOf('#');
  const text = (at < 0 ? line : line.slice(0, at)).trim().replace(/\s+/g, ' ');
  return { text, comment: at < 0 ? '' : line.slice(at + 1).trim() };
}

/** True for the name of a section; names that are not in the manual count when they are words only. */
export function isSection(text: string, orUnknown: boolean): boolean {
  return SECTIONS.has(text) || (orUnknown && /^[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)*$/.test(text));
}

/** Numbers that stand before these words. */
const EDGES: Readonly<Record<string, number>> = {
  'xlo xhi': 2,
  'ylo yhi': 2,
  'zlo zhi': 2,
  'xy xz yz': 3,
  avec: 3,
  bvec: 3,
  cvec: 3,
  'abc origin': 3,
};

/** Words of an edge at the end of a line. */
const EDGE = new RegExp(`(?:^|\\s)(${Object.keys(EDGES).join('|')})$`);

/** More types than this are garbage, and not worth the memory. */
const MAX_TYPES = 1_000_000;

/** Reads the title and the header; the line of the first section, if there is one, is left for the next read. */
export async function readDataHeader(scanner: TextScanner, options: ReadOptions): Promise<DataHeader> {
  await scanner.need('the title line');
  const title = scanner.text().trim();
  const counts = new Map<string, number>();
  const edges = new Map<string, number[]>();
  while (await scanner.line()) {
    const { text } = splitComment(scanner);
    if (text === '') continue;
    if (isSection(text, true)) {
      if (!counts.has('atoms')) throw scanner.error(`expected "N atoms" in the header, found the section "${text}"`);
      scanner.unread();
      break;
    }
    const [, numbers, words] = /^((?:[^A-Za-z ]\S* )+)([A-Za-z].*)$/.exec(text) ?? [];
    if (words === undefined) throw scanner.error(`expected a header line or a section, found "${text.slice(0, 60)}"`);
    const edge = EDGE.exec(words)?.[1];
    if (edge !== undefined && edge !== words)
      throw scanner.error(
        `expected ${EDGES[edge]} numbers before "${edge}", found "${text.slice(0, -edge.length).trim().slice(0, 40)}"`,
      );
    const values = numbers
      .trim()
      .split(' ')
      .map((word) => numberIn(scanner, word));
    const wanted = Object.hasOwn(EDGES, words) ? EDGES[words] : 1;
    if (values.length !== wanted)
      throw scanner.error(`expected ${wanted} numbers before "${words}", found ${values.length}`);
    if (Object.hasOwn(EDGES, words)) edges.set(words, values);
    else counts.set(words, countIn(scanner, words, values[0]));
  }
  const natoms = counts.get('atoms');
  if (natoms === undefined) throw scanner.truncated('"N atoms"');
  return { title, natoms, ntypes: counts.get('atom types') ?? 0, counts, box: boxOf(scanner, edges, options) };
}

function numberIn(scanner: TextScanner, word: string): number {
  const value = numberOf(word);
  if (value === undefined || !Number.isFinite(value))
    throw scanner.error(`expected a number, found "${word.slice(0, 40)}"`);
  return value;
}

function countIn(scanner: TextScanner, words: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && (words !== 'atom types' || value <= MAX_TYPES)) return value;
  throw scanner.error(`expected a number of ${words} (an integer of 0 or more), found ${value}`);
}

/** Missing edges are -0.5 0.5 (manual page "read_data"). */
function boxOf(scanner: TextScanner, edges: ReadonlyMap<string, readonly number[]>, options: ReadOptions): Box {
  const [a, b, c] = ['avec', 'bvec', 'cvec'].map((name) => edges.get(name));
  if (a || b || c) {
    if (!a || !b || !c) throw scanner.error('expected avec, bvec and cvec, found not all of them');
    const [x, y, z] = edges.get('abc origin') ?? [0, 0, 0];
    return { cell: Float64Array.of(...a, ...b, ...c), origin: [x, y, z] };
  }
  const names = ['xlo xhi', 'ylo yhi', 'zlo zhi'];
  const missing = names.filter((name) => !edges.has(name));
  if (missing.length > 0)
    options.onDiagnostic({
      severity: missing[0] === 'zlo zhi' ? 'info' : 'warning',
      code: 'default-box',
      message: `no ${missing.join(', ')} in the header: -0.5 0.5, as LAMMPS has it`,
      at: { path: scanner.path, line: scanner.lineNumber },
    });
  const bounds = names.map((name) => edges.get(name) ?? [-0.5, 0.5]);
  const bad = bounds.findIndex(([lo, hi]) => lo > hi);
  if (bad >= 0) throw scanner.error(`expected lo <= hi, found ${bounds[bad].join(' ')} for ${'xyz'[bad]}`);
  const [lo, hi] = [0, 1].map((k) => bounds.map((row) => row[k]));
  return boxFromEdges(lo, hi, edges.get('xy xz yz') ?? [0, 0, 0]);
}
