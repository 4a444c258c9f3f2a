// The file, not the package: its entry for ES modules has no types.
import { Parser } from 'binary-parser/dist/binary_parser.js';
import type { BinaryReader } from '../../src/scan/binary-reader.ts';
import { type Box, boxFromBounds, boxFromVectors } from './box.ts';
import type { StepHeader } from './dump-frame.ts';
import { isUnitStyle } from './unit-style.ts';

/** Header of one step of a binary dump, up to the chunks (source: `header_binary` of dump_custom.cpp). */
export interface BinaryHeader extends StepHeader {
  readonly order: ByteOrder;
  readonly columns: number;
  /** Undefined before revision 2. */
  readonly names?: readonly string[];
  readonly chunks: number;
}

export type ByteOrder = 'little' | 'big';

const BOUNDS = ['xlo', 'xhi', 'ylo', 'yhi', 'zlo', 'zhi'];
/** Numbers of a box by the triclinic flag: bounds, bounds and tilt, three vectors and the origin. */
const BOX_LENGTH = [6, 9, 12];
const LETTERS = 'pfsm';
const MAX_COLUMNS = 1 << 16;
/** Beyond this, atoms times columns would not be an exact number. */
const MAX_ATOMS = 1n << 36n;
/** Bytes of the fixed parts, as the parsers below take them. */
const SIZE = { revision: 16, counts: 36 } as const;

/** Time step, counts and the first edge of the box: what tells a file without magic text from other data. */
const OLD_START = 8 + SIZE.counts + 16;

const parsers = { little: parsersFor('little'), big: parsersFor('big') };

function parsersFor(order: ByteOrder) {
  const start = () => new Parser().endianness(order);
  const int32 = order === 'little' ? 'int32le' : 'int32be';
  return {
    int64: start().int64('value'),
    int32: start().int32('value'),
    revision: start().int32('endian').int32('revision').int64('timestep'),
    counts: start().int64('natoms').int32('triclinic').array('boundary', { type: int32, length: 6 }),
  };
}

/** Reads the header of the next step; undefined at the end of the input. Every length is checked before it is used. */
export async function readBinaryHeader(
  reader: BinaryReader,
  units: string | undefined,
): Promise<BinaryHeader | undefined> {
  if (await reader.ended()) return undefined;
  const { order, timestep, revision } = await readStart(reader);
  const countsAt = reader.offset;
  const { natoms, triclinic, boundary } = parsers[order].counts.parse(await reader.take(SIZE.counts, 'the atom count'));
  if (natoms < 0n || natoms > MAX_ATOMS) throw reader.error(`expected a number of atoms, found ${natoms}`, countsAt);
  if (!(triclinic in BOX_LENGTH))
    throw reader.error(`expected a triclinic flag (0, 1, 2), found ${triclinic}`, countsAt + 8);
  const strange = boundary.find((code: number) => !(code in [...LETTERS]));
  if (strange !== undefined) throw reader.error(`expected boundary flags (0 to 3), found ${strange}`, countsAt + 12);
  const box = await readBox(reader, order, triclinic);
  const columns = await readCount(reader, order, 'columns', MAX_COLUMNS);
  const more = revision >= 2 ? await readNames(reader, order, columns) : {};
  const chunks = await readCount(reader, order, 'chunks', Number.MAX_SAFE_INTEGER);
  const flags = [0, 2, 4].map((k) => LETTERS[boundary[k]] + LETTERS[boundary[k + 1]]);
  const style = more.units ?? units;
  return {
    timestep: smaller(timestep),
    natoms: Number(natoms),
    box,
    boundary: flags,
    ...(style !== undefined && { units: style }),
    ...(more.time !== undefined && { time: more.time }),
    ...(more.names && { names: more.names }),
    order,
    columns,
    chunks,
  };
}

/** An int32 of at least 0. */
export async function readCount(
  reader: BinaryReader,
  order: ByteOrder,
  what: string,
  largest: number,
): Promise<number> {
  const at = reader.offset;
  const { value } = parsers[order].int32.parse(await reader.take(4, `the number of ${what}`));
  if (value < 0 || value > largest) throw reader.error(`expected a number of ${what}, found ${value}`, at);
  return value;
}

/** Magic, byte order, revision and time step; files before 2020 begin with the time step. */
async function readStart(reader: BinaryReader) {
  const at = reader.offset;
  const head = Buffer.from(await reader.peek(OLD_START));
  if (head.length < 8) await reader.take(8, 'the header');
  for (const order of ['little', 'big'] as const) {
    const { value } = parsers[order].int64.parse(head);
    if (value >= 0n || value < -64n) continue;
    await reader.take(8, 'the header');
    const magic = Buffer.from(await reader.take(-Number(value), 'the magic text')).toString('latin1');
    if (!magic.startsWith('DUMP')) throw reader.error(`expected DUMPATOM or DUMPCUSTOM, found "${magic}"`, at + 8);
    const endianAt = reader.offset;
    const start = parsers[order].revision.parse(await reader.take(SIZE.revision, 'the revision'));
    if (start.endian !== 1) throw reader.error(`expected the byte order flag 1, found ${start.endian}`, endianAt);
    if (start.revision < 1 || start.revision > 2)
      throw reader.error(`expected revision 1 or 2, found ${start.revision}`, endianAt + 4);
    return { order, timestep: start.timestep, revision: start.revision };
  }
  const order = (['little', 'big'] as const).find((candidate) => looksOld(head, candidate));
  if (head.length < OLD_START) await reader.take(OLD_START, 'the header');
  if (!order) throw reader.error('expected the header of a binary dump, found other data', at);
  const timestep = parsers[order].int64.parse(await reader.take(8, 'the time step')).value;
  return { order, timestep, revision: 0 };
}

/** True when bytes can be the beginning of a step without magic text in this byte order. */
export function looksOld(head: Uint8Array, order: ByteOrder): boolean {
  if (head.length < OLD_START) return false;
  const [xlo, xhi] = readDoubles(head.subarray(OLD_START - 16), 2, order);
  const { int64, counts } = parsers[order];
  const { natoms, triclinic, boundary } = counts.parse(Buffer.from(head.subarray(8)));
  const step = int64.parse(Buffer.from(head)).value;
  const isFlag = (code: number) => code >= 0 && code < LETTERS.length;
  return (
    step >= 0n &&
    step < 1n << 48n &&
    natoms >= 0n &&
    natoms <= MAX_ATOMS &&
    triclinic in BOX_LENGTH &&
    boundary.every(isFlag) &&
    Number.isFinite(xhi - xlo) &&
    (xlo < xhi || triclinic === 2)
  );
}

async function readBox(reader: BinaryReader, order: ByteOrder, triclinic: number): Promise<Box> {
  const at = reader.offset;
  const length = BOX_LENGTH[triclinic];
  const n = readDoubles(await reader.take(8 * length, 'the box'), length, order);
  if (!n.every(Number.isFinite)) throw reader.error(`expected finite numbers of the box, found ${n.join(' ')}`, at);
  if (triclinic === 2) return boxFromVectors([0, 1, 2].map((k) => [...n.subarray(3 * k, 3 * k + 3), n[9 + k]]));
  const box = boxFromBounds([n[0], n[2], n[4]], [n[1], n[3], n[5]], triclinic ? n.subarray(6) : [0, 0, 0]);
  if (box.cell[0] < 0 || box.cell[4] < 0 || box.cell[8] < 0)
    throw reader.error(`expected a box with lo <= hi (${BOUNDS.join(' ')}), found ${n.join(' ')}`, at);
  return box;
}

/** Unit style (first step only), time and column names of revision 2. */
async function readNames(reader: BinaryReader, order: ByteOrder, columns: number) {
  const unitsAt = reader.offset;
  const units = await readText(reader, order, 'the unit style', 64);
  if (units && !isUnitStyle(units)) throw reader.error(`expected a LAMMPS unit style, found "${units}"`, unitsAt + 4);
  const hasTime = (await reader.take(1, 'the time flag'))[0];
  const time = hasTime ? readDoubles(await reader.take(8, 'the time'), 1, order)[0] : undefined;
  const namesAt = reader.offset;
  const names = (await readText(reader, order, 'the column names', 64 * MAX_COLUMNS)).trim().split(/\s+/);
  if (names.length !== columns)
    throw reader.error(`expected the names of ${columns} columns, found ${names.length}`, namesAt);
  return { ...(units && { units }), ...(time !== undefined && { time }), names } as {
    units?: string;
    time?: number;
    names?: readonly string[];
  };
}

async function readText(reader: BinaryReader, order: ByteOrder, what: string, largest: number): Promise<string> {
  const length = await readCount(reader, order, `characters of ${what}`, largest);
  return Buffer.from(await reader.take(length, what)).toString('latin1');
}

/** A copy of `length` doubles; the bytes need not be aligned. */
export function readDoubles(bytes: Uint8Array, length: number, order: ByteOrder): Float64Array {
  const out = new Float64Array(length);
  const copy = Buffer.from(out.buffer);
  copy.set(bytes.subarray(0, 8 * length));
  if (order === 'big') copy.swap64();
  return out;
}

function smaller(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
