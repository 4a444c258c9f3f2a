import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { CommentLine } from './frame-comment.ts';
import type { Remarks } from './remarks.ts';

/** True for a line that begins with `VEC` and a digit. Asked after every frame, hence by bytes. */
export function isVector(scanner: TextScanner): boolean {
  const { bytes, end } = scanner;
  let at = scanner.start;
  while (at < end && bytes[at] <= 32) at++;
  return bytes[at] === 86 && /^VEC\d/.test(scanner.text().trim());
}

/** `VEC1 x y z` rows after the atoms, as ASE reads them: rows of the cell. */
export async function readVectors(
  scanner: TextScanner,
  comment: CommentLine,
  remarks: Remarks,
): Promise<Float64Array | undefined> {
  let cell: Float64Array | undefined;
  for (let k = 0; await scanner.line(); k++) {
    if (!isVector(scanner)) {
      scanner.unread();
      break;
    }
    if (k > 2 || comment.cell)
      throw scanner.error('expected at most three VEC rows and no Lattice, found a further cell vector');
    scanner.token();
    if (scanner.tokenText() !== `VEC${k + 1}`)
      throw scanner.error(`expected VEC${k + 1}, found "${scanner.tokenText()}"`);
    cell ??= new Float64Array(9);
    for (let c = 0; c < 3; c++) cell[3 * k + c] = scanner.number(`component ${c + 1} of VEC${k + 1}`);
    if (k === 0)
      remarks.once('vec-rows', 'VEC rows are no part of the format: read as the cell, as ASE does', scanner.lineNumber);
  }
  return cell;
}

/** Periodicity that a file does not state: along each vector that is there. */
export function pbcOf(
  cell: Float64Array | null,
  vectors: Float64Array | undefined,
): readonly [boolean, boolean, boolean] {
  if (!cell) return [false, false, false];
  if (!vectors) return [true, true, true];
  const given = (k: number) => vectors[3 * k] !== 0 || vectors[3 * k + 1] !== 0 || vectors[3 * k + 2] !== 0;
  return [given(0), given(1), given(2)];
}
