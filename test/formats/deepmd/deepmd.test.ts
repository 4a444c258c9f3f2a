import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deepmdNpy, deepmdRaw } from '../../../formats/deepmd/deepmd.ts';
import type { Format, ReadOptions, WriteOptions } from '../../../formats/format.ts';
import { FormatError, MissingDataError, UsageError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { ROOT } from '../../lanes.ts';

const DATA = join(ROOT, 'test/data/deepmd-npy');
/** Value of `x(…)` in make.py. */
const x = (k: number) => k / 8 - 1;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnp-deepmd-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(format: Format, path: string, options: Partial<ReadOptions> = {}) {
  const frames: Frame[] = [];
  let error: unknown;
  try {
    for await (const frame of format.readPath?.(path, { path, strict: true, onDiagnostic: () => {}, ...options }) ?? [])
      frames.push(frame);
  } catch (e) {
    error = e;
  }
  return { frames, error };
}

async function write(format: Format, frames: readonly Frame[], path: string, options: Partial<WriteOptions> = {}) {
  async function* source() {
    yield* frames;
  }
  const codes: string[] = [];
  await format.writePath?.(source(), path, { onDiagnostic: (d) => codes.push(d.code), ...options });
  return codes;
}

const bare = (list: readonly Frame[]) => list.map(({ origin: _, ...frame }) => frame);
const copyOfTwoSets = () => {
  const path = join(folder, 'system');
  cpSync(join(DATA, 'two-sets'), path, { recursive: true });
  return path;
};

describe('a DeePMD system', () => {
  test('written by NumPy in three versions, two byte orders, both array orders and five types is read right', async () => {
    const { frames, error } = await read(deepmdNpy, join(DATA, 'two-sets'));
    expect(error).toBeUndefined();
    expect(frames.length).toBe(3);
    frames.forEach((frame, k) => {
      expect(Array.from(frame.positions)).toEqual([0, 1, 2, 3, 4, 5].map((c) => x(6 * k + c)));
      expect(Array.from(frame.labels?.forces ?? [])).toEqual(
        [0, 1, 2, 3, 4, 5].map((c) => 0 - x(6 * k + c) || -x(6 * k + c)),
      );
      expect(frame.labels?.energy).toBe(x(k) - 7);
      expect(Array.from(frame.labels?.virial ?? [])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      expect(Array.from(frame.cell ?? [])).toEqual([4, 0, 0, 0.5, 4.5, 0, 0, 0.25, 5]);
      expect(frame).toMatchObject({
        natoms: 2,
        pbc: [true, true, true],
        numbers: Uint8Array.of(17, 11),
        info: { fparam: [3, 3] },
      });
      expect(frame.arrays['spin']).toMatchObject({ columns: 3 });
      expect(frame.origin?.frame).toBe(k);
    });
  });
  test('of mixed type leaves out the padding', async () => {
    const { frames } = await read(deepmdNpy, join(DATA, 'mixed'));
    expect(frames.map((f) => [f.natoms, ...f.numbers])).toEqual([[3, 6, 1, 8], [2, 8, 1]]); // biome-ignore format: a table
    expect(Array.from(frames[1].positions)).toEqual([9, 10, 11, 15, 16, 17].map(x));
    expect(Array.from(frames[1].labels?.forces ?? [])).toEqual([9, 10, 11, 15, 16, 17].map((k) => -x(k)));
    expect(frames[0]).toMatchObject({ cell: null, pbc: [false, false, false] });
  });
  test('without type_map.raw has type numbers, or the elements of the type map given', async () => {
    const path = copyOfTwoSets();
    rmSync(join(path, 'type_map.raw'));
    const [plain] = (await read(deepmdNpy, path)).frames;
    expect(plain.numbers).toEqual(Uint8Array.of(0, 0));
    expect(plain.arrays['type'].data).toEqual(Int32Array.of(1, 0));
    const [mapped] = (await read(deepmdNpy, path, { typeMap: ['Li', 'F'] })).frames;
    expect(mapped.numbers).toEqual(Uint8Array.of(9, 3));
  });
  test.each<[string, (path: string) => void, string]>([
    ['set.001/force.npy', (p) => truncateSync(join(p, 'set.001/force.npy'), 170), 'expected 176 bytes'],
    [
      'set.001/force.npy',
      (p) =>
        writeFileSync(
          join(p, 'set.001/force.npy'),
          Buffer.concat([readFileSync(join(p, 'set.001/force.npy')), Buffer.alloc(8)]),
        ),
      'found 184',
    ],
    ['set.000/force.npy', (p) => writeFileSync(join(p, 'set.000/force.npy'), 'no numpy file here'), '\\x93NUMPY'],
    [
      'set.000/energy.npy',
      (p) => cpSync(join(p, 'set.001/energy.npy'), join(p, 'set.000/energy.npy')),
      'expected 2 frames',
    ],
    [
      'set.000/force.npy',
      (p) => cpSync(join(p, 'set.000/virial.npy'), join(p, 'set.000/force.npy')),
      'expected 6 columns',
    ],
    ['set.001/coord.npy', (p) => rmSync(join(p, 'set.001/coord.npy')), 'expected this file'],
    ['set.001/box.npy', (p) => rmSync(join(p, 'set.001/box.npy')), 'nopbc'],
    ['type.raw:2', (p) => writeFileSync(join(p, 'type.raw'), '1\n2\n'), 'below 2'],
    ['type.raw:1', (p) => writeFileSync(join(p, 'type.raw'), '1 -1\n'), 'type number from 0'],
    ['system', (p) => rmSync(join(p, 'type.raw')), 'type.raw'],
  ])('that is damaged is refused before the first frame, naming %s', async (file, damage, message) => {
    const path = copyOfTwoSets();
    damage(path);
    const { frames, error } = await read(deepmdNpy, path);
    expect(frames).toEqual([]);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(file);
    expect(String(error)).toContain(message);
  });
  test.each([
    ["{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 'pickle'],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 'scalar'],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999999), }", 'possible shape'],
    ["{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", 'descr'],
    ["{'descr': '<c16', 'fortran_order': False, 'shape': (2,), }", 'elements'],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }", 'expected 8000'],
  ])('with the header %j is refused without reading data', async (header, message) => {
    const path = copyOfTwoSets();
    const head = Buffer.alloc(10);
    head.write('\x93NUMPY\x01\x00', 'latin1');
    head.writeUInt16LE(header.length, 8);
    writeFileSync(join(path, 'set.000/energy.npy'), Buffer.concat([head, Buffer.from(header)]));
    const { error } = await read(deepmdNpy, path);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(message);
  });
  test('with any byte of a header changed gives frames or an error of the format', async () => {
    const path = copyOfTwoSets();
    const file = join(path, 'set.000/coord.npy');
    const whole = readFileSync(file);
    for (let at = 0; at < 128; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 + ((at * 37) % 255);
      writeFileSync(file, bytes);
      const { frames, error } = await read(deepmdNpy, path);
      if (error === undefined) expect(frames.every((f) => f.positions.length === 6)).toBe(true);
      else expect(error, `byte ${at}`).toBeInstanceOf(FormatError);
    }
  });
});

describe.each([deepmdNpy, deepmdRaw] as readonly Format[])('frames written as $name', (format) => {
  test('read back as the same frames', async () => {
    const { frames } = await read(deepmdNpy, join(DATA, 'two-sets'));
    const path = join(folder, 'out');
    expect(await write(format, frames, path, { typeMap: ['Na', 'Cl'] })).toEqual([]);
    expect(bare((await read(format, path)).frames)).toEqual(bare(frames));
    expect(readdirSync(folder)).toEqual(['out']);
  });
  test('are grouped by composition and order, in folders of their own', async () => {
    const { frames } = await read(deepmdNpy, join(DATA, 'mixed'));
    const path = join(folder, 'out');
    await write(format, [frames[0], frames[1], frames[0]], path);
    expect(readdirSync(path).sort()).toEqual(['C1H1O1_0', 'O1H1_1']);
    const again = (await read(format, path)).frames;
    expect(bare(again)).toEqual(bare([frames[0], frames[0], frames[1]]));
  });
  test('leave nothing behind when they cannot be written', async () => {
    const { frames } = await read(deepmdNpy, join(DATA, 'two-sets'));
    const path = join(folder, 'out');
    const unknown = { ...frames[0], numbers: Uint8Array.of(0, 0) };
    await expect(write(format, [frames[0], unknown], path)).rejects.toBeInstanceOf(MissingDataError);
    await expect(write(format, frames, path, { typeMap: ['Na'] })).rejects.toBeInstanceOf(MissingDataError);
    const nan = { ...frames[0], positions: new Float64Array(6).fill(Number.NaN) };
    await expect(write(format, [nan], path)).rejects.toThrow('finite');
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(path);
    await expect(write(format, frames, path)).rejects.toBeInstanceOf(UsageError);
  });
  test('drop what is not in all frames of a system, or is no number, and say so', async () => {
    const { frames } = await read(deepmdNpy, join(DATA, 'two-sets'));
    const path = join(folder, 'out');
    const odd = { ...frames[1], info: { extra: 1, name: 'x', energy: 5 } };
    expect((await write(format, [frames[0], odd], path)).sort()).toEqual(['key-dropped', 'key-dropped', 'key-dropped']);
    expect((await read(format, path)).frames[0].info).toEqual({});
  });
});

describe('DeePMD text files', () => {
  const LINES = {
    'type.raw': '0 1\n',
    'type_map.raw': 'H\nO\n',
    'coord.raw': '0 0 0 1 1 1\n0 0 0 1 1 2\n',
    'energy.raw': '-1\n-2\n',
    nopbc: '',
  };
  const make = (changes: Record<string, string>) => {
    for (const [name, text] of Object.entries({ ...LINES, ...changes })) writeFileSync(join(folder, name), text);
    return read(deepmdRaw, folder);
  };
  test('have one frame a line', async () => {
    const { frames, error } = await make({ 'force.raw': '1 0 0 -1 0 0\n2 0 0 -2 0 0\n\n' });
    expect(error).toBeUndefined();
    expect(frames.map((f) => [f.labels?.energy, f.labels?.forces?.[0], f.positions[5]])).toEqual([[-1, 1, 1], [-2, 2, 2]]); // biome-ignore format: a table
  });
  test.each([
    [{ 'energy.raw': '-1\n' }, 'energy.raw', 'expected a line for frame 1'],
    [{ 'energy.raw': '-1\n-2\n-3\n' }, 'energy.raw:3', 'found more in energy.raw'],
    [{ 'coord.raw': '0 0 0 1 1\n' }, 'coord.raw:1', 'expected 6 values, found 5'],
    [{ 'coord.raw': '0 0 0 1 1 1 1\n' }, 'coord.raw:1', 'found more'],
    [{ 'virial.raw': '1 2 3 4 5 6 7 8 x\n' }, 'virial.raw:1', 'value 9 of virial'],
    [{ 'coord.raw': '0 0 0 1 1 1\n\n0 0 0 1 1 1\n' }, 'coord.raw:2', 'blank line'],
  ])('%j is refused', async (changes, place, message) => {
    const { error } = await make(changes as Record<string, string>);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(place);
    expect(String(error)).toContain(message);
  });
});
