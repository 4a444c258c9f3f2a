import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions } from '../format.ts';
import { writePoscar } from './poscar-write.ts';
import { finite, TripleRows } from './rows.ts';
import { sniffStructure } from './sniff-structure.ts';
import { elementOfLabel, speciesOfBlocks } from './species.ts';
import { readStructureHeader, type StructureHeader } from './structure-header.ts';

const NAME = 'vasp-poscar';
/** The MD state of a CONTCAR is kept as text; more than this is no CONTCAR. */
const MAX_TAIL = 64 << 20;

/**
 * One structure. Beside the Frame fields: `info.comment`; `arrays.species` (potential labels), `arrays.selective_dynamics`
 * (n,3), true = may move; `arrays.velocities_direct` (n,3), lattice vectors per time step; `info.lattice_velocities` and
 * `info.md_state`, text of the blocks before and behind the velocities, which the writer puts back.
 */
export const poscar = {
  name: NAME,
  aliases: ['poscar', 'contcar', 'vasp'],
  description: 'VASP POSCAR and CONTCAR: one structure, optional velocities and MD state',
  reference: 'https://www.vasp.at/wiki/index.php/POSCAR',
  fileNames: [/POSCAR/i, /CONTCAR/i, /\.vasp$/i],
  carries: {
    frames: 'one',
    composition: 'any',
    cell: 'any',
    pbc: 'always',
    elements: true,
    velocities: true,
    masses: false,
    charges: false,
    energy: false,
    energySigma0: false,
    forces: false,
    virial: false,
    arrays: false,
    arrayKeys: ['species', 'selective_dynamics', 'velocities_direct'],
    info: false,
    infoKeys: ['comment', 'lattice_velocities', 'md_state'],
    units: 'Å, velocities Å/fs',
  },
  sniff: (head) => sniffStructure(head).poscar,
  read: readPoscar,
  write: writePoscar,
} as const satisfies Format;

async function* readPoscar(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, NAME);
  try {
    yield await readStructure(scanner, options);
  } catch (error) {
    if (!(error instanceof TruncatedError) || options.strict) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.message, at: error.at });
  } finally {
    await scanner.close();
  }
}

async function readStructure(scanner: TextScanner, options: ReadOptions): Promise<Frame> {
  const warn = (code: string, message: string, line: number, severity: Diagnostic['severity'] = 'warning') =>
    options.onDiagnostic({ severity, code, message, at: { path: options.path, line } });
  await scanner.need('the comment line');
  const header = await readStructureHeader(scanner, scanner.text().trim());
  const labels = labelsOf(header, scanner, options, warn);
  const { positions, flags } = await readPositions(scanner, header);
  const tail = await readTail(scanner, header.natoms);
  if (!scanner.terminated)
    warn('no-final-newline', 'no newline at the end; the last number may be cut', scanner.lineNumber);
  if (tail.directLine)
    warn(
      'direct-velocities',
      'velocities are in lattice vectors per time step and POTIM is not in the file: kept as column velocities_direct',
      tail.directLine,
    );
  if (tail.stateCut)
    warn('truncated', 'the MD state ends before its predictor-corrector rows; it is kept as it is', scanner.lineNumber);
  if (tail.foreignLine) warn('trailing-text', 'text behind the structure is kept but not read', tail.foreignLine);
  const { numbers, species } = speciesOfBlocks(labels, header.counts);
  const info: Record<string, InfoValue> = { comment: header.comment };
  if (tail.latticeVelocities) info['lattice_velocities'] = tail.latticeVelocities;
  if (tail.mdState) info['md_state'] = tail.mdState;
  const arrays: Record<string, PerAtom> = {};
  if (species) arrays['species'] = species;
  if (flags) arrays['selective_dynamics'] = { columns: 3, data: flags, logical: true };
  if (tail.velocities && tail.directLine) arrays['velocities_direct'] = { columns: 3, data: tail.velocities };
  const perFemtosecond = options.asRead ? 1 : 1000;
  return {
    natoms: header.natoms,
    cell: header.cell,
    pbc: [true, true, true],
    numbers,
    positions,
    ...(tail.velocities && !tail.directLine ? { velocities: tail.velocities.map((v) => v * perFemtosecond) } : {}),
    arrays,
    info,
    origin: { path: options.path, line: 1 },
  };
}

type Warn = (code: string, message: string, line: number) => void;

/** Labels of the blocks; without a species line they come from the caller or stay unknown. */
function labelsOf(header: StructureHeader, scanner: TextScanner, options: ReadOptions, warn: Warn) {
  if (header.labels) {
    const foreign = header.labels.filter((label) => elementOfLabel(label) === 0);
    if (foreign.length > 0) warn('unknown-species', `no element: ${foreign.join(' ')}`, header.speciesLine);
    return header.labels;
  }
  const map = options.typeMap;
  if (!map) {
    const message = `no species line (VASP 4 layout): the elements of ${header.counts.length} blocks are unknown, name them with a type map`;
    warn('unknown-species', message, header.speciesLine);
    return null;
  }
  if (map.length < header.counts.length)
    throw scanner.error(`expected ${header.counts.length} elements in the type map, found ${map.length}`);
  return map.slice(0, header.counts.length);
}

async function readPositions(scanner: TextScanner, header: StructureHeader) {
  const { natoms, cell, scale } = header;
  await scanner.need('Selective dynamics, Direct or Cartesian');
  let flags: number[] | undefined;
  if (firstLetter(scanner) === 's') {
    flags = [];
    await scanner.need('Direct or Cartesian');
  }
  const mode = firstLetter(scanner);
  if (/[-+.\d]/.test(mode))
    throw scanner.error(`expected Direct or Cartesian, found "${scanner.text().trim().slice(0, 40)}"`);
  const cartesian = /[ck]/.test(mode);
  const rows = new TripleRows(natoms);
  while (rows.length < natoms) {
    await scanner.need(`position ${rows.length + 1} of ${natoms}`);
    const x = finite(scanner, 'a coordinate');
    const y = finite(scanner, 'a coordinate');
    const z = finite(scanner, 'a coordinate');
    if (cartesian) rows.push(x * scale[0], y * scale[1], z * scale[2]);
    else
      rows.push(
        x * cell[0] + y * cell[3] + z * cell[6],
        x * cell[1] + y * cell[4] + z * cell[7],
        x * cell[2] + y * cell[5] + z * cell[8],
      );
    if (flags) for (let k = 0; k < 3; k++) flags.push(readFlag(scanner));
  }
  return { positions: rows.take(), flags: flags && Uint8Array.from(flags) };
}

/** A Fortran logical: `T`, `F`, `.TRUE.`, `false` … */
function readFlag(scanner: TextScanner): number {
  if (!scanner.token()) throw scanner.error('expected three flags of selective dynamics, found the end of the line');
  const match = /^\.?([tf])/i.exec(scanner.tokenText());
  if (!match)
    throw scanner.error(`expected a flag of selective dynamics (T or F), found "${scanner.tokenText().slice(0, 40)}"`);
  return match[1].toLowerCase() === 't' ? 1 : 0;
}

interface Tail {
  velocities?: Float64Array;
  latticeVelocities?: string;
  mdState?: string;
  /** Line that says the velocities are Direct. */
  directLine?: number;
  /** The MD state has fewer rows than its header announces. */
  stateCut?: boolean;
  /** Line of text that belongs to no known block. */
  foreignLine?: number;
}

async function readTail(scanner: TextScanner, natoms: number): Promise<Tail> {
  const tail: Tail = {};
  if (!(await scanner.line())) return tail;
  if (firstLetter(scanner) === 'l') {
    tail.latticeVelocities = await readLatticeVelocities(scanner);
    if (!(await scanner.line())) return tail;
  }
  const mode = firstLetter(scanner);
  if (mode === '' || /[ckd]/.test(mode)) {
    if (mode === 'd') tail.directLine = scanner.lineNumber;
    const found = await readVelocities(scanner, natoms, mode === '');
    if (found) tail.velocities = found;
    else delete tail.directLine;
    if (!(await scanner.line())) return tail;
    if (!scanner.isBlank() && found) throw tooManyRows(scanner, natoms, 'velocities');
  } else if (/[-+.\d]/.test(mode)) throw tooManyRows(scanner, natoms, 'positions');
  else tail.foreignLine = scanner.lineNumber;
  const rest = await readRest(scanner);
  if (rest.trim() === '') return tail;
  tail.mdState = rest;
  const rows = rest.trim().split('\n').length - 3;
  if (tail.foreignLine === undefined && rows < 3 * natoms) tail.stateCut = true;
  return tail;
}

function tooManyRows(scanner: TextScanner, natoms: number, what: string) {
  return scanner.error(`expected a blank line behind ${natoms} ${what}, found "${scanner.text().trim().slice(0, 40)}"`);
}

async function readLatticeVelocities(scanner: TextScanner): Promise<string> {
  let text = `${scanner.text()}\n`;
  for (let row = 0; row < 7; row++) {
    await scanner.need('lattice velocities (a flag and six rows)');
    text += `${scanner.text()}\n`;
    for (let k = 0; k < (row === 0 ? 1 : 3); k++) finite(scanner, 'a component of the lattice velocities');
  }
  return text;
}

/** Undefined when only blank lines follow, or (behind a blank line) the MD state without velocities. */
async function readVelocities(scanner: TextScanner, natoms: number, optional: boolean) {
  if (optional) {
    let blank = true;
    while (blank && (await scanner.line())) blank = scanner.isBlank();
    if (blank) return undefined;
    scanner.token();
    const single = !scanner.token();
    scanner.unread();
    if (single) return undefined;
  }
  const rows = new TripleRows(natoms);
  while (rows.length < natoms) {
    await scanner.need(`velocity ${rows.length + 1} of ${natoms}`);
    rows.push(finite(scanner, 'a velocity'), finite(scanner, 'a velocity'), finite(scanner, 'a velocity'));
  }
  return rows.take();
}

/** Text from the current line to the end. */
async function readRest(scanner: TextScanner): Promise<string> {
  const lines: string[] = [];
  let size = 0;
  do {
    const line = scanner.text();
    size += line.length + 1;
    if (size > MAX_TAIL) throw scanner.error(`expected the end of the MD state, found more than ${MAX_TAIL >> 20} MiB`);
    lines.push(line);
  } while (await scanner.line());
  return `${lines.join('\n')}\n`;
}

/** First letter of the current line, lower case; '' for a blank line. */
function firstLetter(scanner: TextScanner): string {
  scanner.cursor = scanner.start;
  const found = scanner.token() ? scanner.tokenText().charAt(0).toLowerCase() : '';
  scanner.cursor = scanner.start;
  return found;
}
