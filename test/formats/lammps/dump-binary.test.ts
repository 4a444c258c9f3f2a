import { describe, expect, test } from 'vitest';
import { lammpsDumpBinary } from '../../../formats/lammps/dump-binary.ts';
import { readAll } from './reading.ts';

interface Layout {
  readonly big?: boolean;
  /** 0 = before the magic text. */
  readonly revision?: number;
  readonly triclinic?: number;
  readonly natoms?: bigint;
  readonly chunks?: number;
  readonly chunkLength?: number;
  readonly endian?: number;
}

const NAMES = 'id type x y z';
const ROWS = [2, 1, 0.5, 1, 1.5, 1, 2, -1, 2, 3];

/** A step as `header_binary` of LAMMPS' dump_custom.cpp writes it, built by hand. */
function step({
  big = false,
  revision = 2,
  triclinic = 0,
  natoms = 2n,
  chunks = 1,
  chunkLength = 10,
  endian = 1,
}: Layout): Buffer {
  const pieces: Buffer[] = [];
  const add = (size: number, write: (b: Buffer) => void) => {
    const piece = Buffer.alloc(size);
    write(piece);
    pieces.push(piece);
  };
  const int64 = (v: bigint) => add(8, (b) => (big ? b.writeBigInt64BE(v) : b.writeBigInt64LE(v)));
  const int32 = (v: number) => add(4, (b) => (big ? b.writeInt32BE(v) : b.writeInt32LE(v)));
  const double = (v: number) => add(8, (b) => (big ? b.writeDoubleBE(v) : b.writeDoubleLE(v)));
  if (revision > 0) {
    int64(-10n);
    pieces.push(Buffer.from('DUMPCUSTOM'));
    int32(endian);
    int32(revision);
  }
  int64(40n);
  int64(natoms);
  int32(triclinic);
  for (const flag of [0, 0, 0, 0, 1, 2]) int32(flag);
  const box =
    triclinic === 2 ? [4, 0, 1, 0, 5, 0, 1, 1, 6, -1, 0, 2] : [0, 4, 0, 5, -1, 6, ...(triclinic ? [0.5, 0, 0] : [])];
  box.forEach(double);
  int32(5);
  if (revision >= 2) {
    int32(4);
    pieces.push(Buffer.from('real'));
    pieces.push(Buffer.of(1));
    double(0.25);
    int32(NAMES.length);
    pieces.push(Buffer.from(NAMES));
  }
  int32(chunks);
  int32(chunkLength);
  ROWS.forEach(double);
  return Buffer.concat(pieces);
}

const read = (layout: Layout, extra = {}) => readAll(lammpsDumpBinary, step(layout), { asRead: true, ...extra });

describe('binary dump', () => {
  test.each([
    ['revision 2', {}],
    ['revision 2, big endian', { big: true }],
    ['revision 1', { revision: 1 }],
    ['no magic text', { revision: 0 }],
    ['no magic text, big endian', { revision: 0, big: true }],
  ])('%s gives the same atoms', async (_, layout: Layout) => {
    const { frames, error } = await read(layout, { columns: NAMES.split(' ') });
    expect(error).toBeUndefined();
    expect([...frames[0].positions]).toEqual([0.5, 1, 1.5, -1, 2, 3]);
    expect(frames[0].arrays['id'].data).toEqual(Int32Array.of(2, 1));
    expect(frames[0].info).toMatchObject({ timestep: 40, origin: [0, 0, -1], boundary: ['pp', 'pp', 'fs'] });
    expect(frames[0].pbc).toEqual([true, true, false]);
    if (layout.revision === undefined) expect(frames[0].info).toMatchObject({ units: 'real', time: 0.25 });
  });

  test('tilted and general boxes', async () => {
    const tilted = (await read({ triclinic: 1 })).frames[0];
    expect([...(tilted.cell ?? [])]).toEqual([3.5, 0, 0, 0.5, 5, 0, 0, 0, 7]);
    const general = (await read({ triclinic: 2 })).frames[0];
    expect([...(general.cell ?? [])]).toEqual([4, 0, 1, 0, 5, 0, 1, 1, 6]);
    expect(general.info['origin']).toEqual([-1, 0, 2]);
  });

  test.each([
    ['a huge number of atoms', { natoms: 1n << 35n }, /expected 34359738368 rows, found 2/],
    ['an impossible number of atoms', { natoms: 1n << 60n }, /number of atoms, found 1152921504606846976/],
    ['a negative number of atoms', { natoms: -3n }, /byte 34: .*number of atoms/],
    [
      'a chunk longer than the atoms',
      { chunkLength: 1 << 30 },
      /byte \d+: .*up to 10 values in rows of 5, found 1073741824/,
    ],
    ['a chunk of half a row', { chunkLength: 7 }, /in rows of 5, found 7/],
    ['a negative chunk', { chunkLength: -10 }, /number of values of a chunk, found -10/],
    ['fewer rows than atoms', { natoms: 3n }, /expected 3 rows, found 2/],
    ['a triclinic flag of 7', { triclinic: 7 }, /triclinic flag/],
    ['a revision of 9', { revision: 9 }, /revision 1 or 2, found 9/],
    ['a wrong byte order flag', { endian: 0x01000000 }, /byte order flag/],
  ])('%s is refused with its byte', async (_, layout: Layout, message) => {
    const { error, frames } = await read(layout);
    expect(frames).toEqual([]);
    expect(error?.name).toBe('FormatError');
    expect(error?.message).toMatch(/^test-file: byte \d+: \(frame 0\)/);
    expect(error?.message).toMatch(message);
  });

  test('old files need the names of their columns', async () => {
    expect((await read({ revision: 0 })).error?.message).toMatch(/expected the names of 5 columns.*give them/);
  });

  test('sniff knows the magic text in both byte orders and the old header, and nothing else', () => {
    for (const layout of [{}, { big: true }]) expect(lammpsDumpBinary.sniff(step(layout))).toBe(1);
    expect(lammpsDumpBinary.sniff(step({ revision: 0 }))).toBeGreaterThan(0.5);
    expect(lammpsDumpBinary.sniff(Buffer.from('ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n5\n'.repeat(4)))).toBe(0);
    expect(lammpsDumpBinary.sniff(Buffer.alloc(0))).toBe(0);
    expect(lammpsDumpBinary.sniff(Buffer.alloc(200))).toBe(0);
  });
});
