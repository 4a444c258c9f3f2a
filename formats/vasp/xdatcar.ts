import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { numberOf } from '../../src/scan/numbers.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { readTriple, TripleRows } from './rows.ts';
import { sniffStructure } from './sniff-structure.ts';
import { type BlockSpecies, elementOfLabel, speciesOfBlocks } from './species.ts';
import { readStructureHeader, type StructureHeader } from './structure-header.ts';
import { XDATCAR_SEQUENCE } from './xdatcar-sequence.ts';

const NAME = 'vasp-xdatcar';
const DECIMALS = 8;

/**
 * Positions of an MD run or relaxation. Layouts: one header and `Direct configuration=` lines (VASP 5), the header repeated
 * for every frame (VASP 6, NpT), frames separated by blank lines only (older), element symbols behind the rows.
 * `info.configuration` is the number in the file. Positions are as in the file, wrapped or not.
 */
export const xdatcar = {
  name: NAME,
  aliases: ['xdatcar'],
  description: 'VASP XDATCAR: trajectory of positions',
  reference: 'https://www.vasp.at/wiki/index.php/XDATCAR',
  fileNames: [/XDATCAR/i],
  carries: {
    frames: 'many',
    composition: 'fixed',
    cell: 'any',
    pbc: 'always',
    elements: true,
    velocities: false,
    masses: false,
    charges: false,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: false,
    info: false,
    units: 'fractions of the cell, cell in Å',
  },
  sniff: (head) => sniffStructure(head).xdatcar,
  read: readXdatcar,
  sequence: XDATCAR_SEQUENCE,
} as const satisfies Format;

async function* readXdatcar(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, NAME);
  try {
    yield* readFrames(scanner, options);
  } catch (error) {
    if (!(error instanceof TruncatedError) || options.strict) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.message, at: error.at });
  } finally {
    await scanner.close();
  }
}

async function* readFrames(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  await scanner.need('the comment line');
  const comment = scanner.text().trim();
  await refuseWithoutLattice(scanner, comment);
  let blocks: BlockSpecies | undefined;
  let header = await readHeader(scanner, comment, options);
  let any = false;
  for (let frame = 0; ; ) {
    scanner.frame = frame;
    let start = await nextFrame(scanner);
    if (start !== 'end' && 'comment' in start) {
      await checkScaleFollows(scanner, start.comment);
      header = await readHeader(scanner, start.comment, options, any);
      blocks = undefined;
      start = await nextFrame(scanner);
      if (start === 'end') throw scanner.truncated('Direct configuration=');
      if ('comment' in start) throw scanner.error('expected Direct configuration= behind the header');
    }
    if (start === 'end') {
      if (!any) throw scanner.truncated('Direct configuration=');
      return;
    }
    const line = scanner.lineNumber;
    any = true;
    const { positions, missingLine } = await readPositions(scanner, header, start.cartesian);
    if (!scanner.terminated)
      options.onDiagnostic({
        severity: 'warning',
        code: 'no-final-newline',
        message: 'no newline at the end; the last number may be cut',
        at: { path: options.path, line: scanner.lineNumber, frame },
      });
    if (missingLine !== undefined) {
      options.onDiagnostic({
        severity: 'warning',
        code: 'dropped',
        message: 'a position is missing (****): the frame is left out',
        at: { path: options.path, line: missingLine, frame },
      });
      continue;
    }
    blocks ??= speciesOfBlocks(header.labels, header.counts);
    const { numbers, species } = blocks;
    const arrays: Record<string, PerAtom> = species ? { species } : {};
    yield {
      natoms: header.natoms,
      cell: header.cell.slice(),
      pbc: [true, true, true],
      numbers: numbers.slice(),
      positions,
      arrays,
      info: {
        comment: header.comment,
        ...(start.configuration === undefined ? {} : { configuration: start.configuration }),
      },
      origin: { path: options.path, frame, line },
    };
    frame++;
  }
}

/** VASP 4 begins with counts instead of a comment, then volume per atom, lengths of the lattice vectors and POTIM. */
async function refuseWithoutLattice(scanner: TextScanner, comment: string): Promise<void> {
  const counts = comment.split(/\s+/);
  await scanner.need('the scale factor');
  const numbers = scanner.tokens();
  scanner.unread();
  if (counts.length >= 3 && counts.every((word) => /^\d+$/.test(word)) && numbers.length === 5)
    throw scanner.error(
      'expected the scale factor and the lattice, found the XDATCAR layout of VASP 4, which has no lattice vectors; ' +
        'put the first seven lines of the CONTCAR in front of its frames',
      scanner.lineNumber + 1,
    );
}

/** The line before was taken for the comment of a repeated header, which the scale factor follows. */
async function checkScaleFollows(scanner: TextScanner, comment: string): Promise<void> {
  const line = scanner.lineNumber;
  await scanner.need('the scale factor');
  const isNumber = scanner.token() && numberOf(scanner.tokenText()) !== undefined;
  scanner.unread();
  if (!isNumber)
    throw scanner.error(`expected Direct configuration= or a repeated header, found "${comment.slice(0, 60)}"`, line);
}

interface FrameStart {
  readonly cartesian: boolean;
  readonly configuration?: number;
}

/** Steps to the line before the rows of the next frame; or to the comment line (its text is given) of a repeated header. */
async function nextFrame(scanner: TextScanner): Promise<FrameStart | { readonly comment: string } | 'end'> {
  let blank = false;
  while (await scanner.line()) {
    if (scanner.isBlank()) {
      blank = true;
      continue;
    }
    const text = scanner.text();
    const titled = /^\s*(direct|cartesian)\s+configuration\s*=?\s*(\d+)?/i.exec(text);
    if (titled)
      return {
        cartesian: titled[1].toLowerCase() === 'cartesian',
        ...(titled[2] === undefined ? {} : { configuration: Number(titled[2]) }),
      };
    const row = readTriple(scanner, new Float64Array(3), DECIMALS);
    if (row && !blank)
      throw scanner.error(`expected Direct configuration= or a header, found "${text.trim().slice(0, 60)}"`);
    if (!row && !(blank && /^\s*[-+.\d]+\s*$/.test(text))) return { comment: text.trim() };
    scanner.unread(); // the row, or the scale factor of a header whose comment is blank
    return row ? { cartesian: false } : { comment: '' };
  }
  return 'end';
}

/** `told` = what is unknown has been said before. */
async function readHeader(scanner: TextScanner, comment: string, options: ReadOptions, told = false) {
  const header: StructureHeader = await readStructureHeader(scanner, comment);
  const warn = (message: string) =>
    options.onDiagnostic({
      severity: 'warning',
      code: 'unknown-species',
      message,
      at: { path: options.path, line: header.speciesLine },
    });
  if (header.labels) {
    const foreign = header.labels.filter((label) => elementOfLabel(label) === 0);
    if (!told && foreign.length > 0) warn(`no element: ${foreign.join(' ')}`);
    return header;
  }
  if (options.typeMap && options.typeMap.length >= header.counts.length)
    return { ...header, labels: options.typeMap.slice(0, header.counts.length) };
  if (!told) warn('no species line: the elements are unknown, name them with a type map');
  return header;
}

async function readPositions(scanner: TextScanner, header: StructureHeader, cartesian: boolean) {
  const { natoms, cell, scale } = header;
  const rows = new TripleRows(natoms);
  const row = new Float64Array(3);
  let missingLine: number | undefined;
  while (rows.length < natoms) {
    if (!scanner.tryLine() && !(await scanner.fill()))
      throw scanner.truncated(`position ${rows.length + 1} of ${natoms}`);
    if (!readTriple(scanner, row, DECIMALS))
      throw scanner.error(
        `expected position ${rows.length + 1} of ${natoms}, found "${scanner.text().trim().slice(0, 60)}"`,
      );
    const [x, y, z] = row;
    if (Number.isNaN(x + y + z)) missingLine ??= scanner.lineNumber;
    if (cartesian) rows.push(x * scale[0], y * scale[1], z * scale[2]);
    else
      rows.push(
        x * cell[0] + y * cell[3] + z * cell[6],
        x * cell[1] + y * cell[4] + z * cell[7],
        x * cell[2] + y * cell[5] + z * cell[8],
      );
  }
  return { positions: rows.take(), missingLine };
}
