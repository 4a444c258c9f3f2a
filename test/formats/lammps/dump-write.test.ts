import { describe, expect, test } from 'vitest';
import type { Format } from '../../../formats/format.ts';
import { lammpsDumpBinary } from '../../../formats/lammps/dump-binary.ts';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { frameOf, readAll, writeAll } from './reading.ts';

const full = (parts: Partial<Frame> = {}): Frame =>
  frameOf({
    cell: Float64Array.of(5.1, 0, 0, 0.7, 4.3, 0, -1 / 3, 0.1, 6.6),
    pbc: [true, true, false],
    numbers: Uint8Array.of(14, 8),
    positions: Float64Array.of(0.1, 1 / 3, 2, -7.25, 1e-7, 3),
    velocities: Float64Array.of(1, 2, 3, 4, 5, 1 / 7),
    masses: Float64Array.of(28.085, 15.999),
    charges: Float64Array.of(1.2, -0.6),
    labels: { forces: Float64Array.of(0, -0, 1e-300, 4, 5, 1 / 9) },
    arrays: {
      id: { columns: 1, data: Int32Array.of(5, 2) },
      type: { columns: 1, data: Int32Array.of(2, 1) },
      c_pe: { columns: 1, data: Float64Array.of(-1.5, Number.NaN) },
    },
    info: { timestep: 12, time: 0.5, origin: [-1.1, 0.3, 1e-3], boundary: ['pp', 'pp', 'fs'], units: 'metal' },
    ...parts,
  });

const restricted = full();
const general = full({ cell: Float64Array.of(1, 2, 3, -2, 4, 0.5, 0.25, -1, 5) });
const unwrapped = full({
  info: { ...restricted.info, timestep: 9007199254740993n, position_columns: ['xu', 'yu', 'zu'] },
});

describe.each([
  ['text', lammpsDump as Format],
  ['binary', lammpsDumpBinary as Format],
])('a %s dump that we write', (kind, format) => {
  test('reads back exactly: cells, origin, ids, types, all columns, time and units', async () => {
    const frames = [
      restricted,
      general,
      unwrapped,
      full({
        natoms: 0,
        numbers: new Uint8Array(0),
        positions: new Float64Array(0),
        velocities: new Float64Array(0),
        masses: new Float64Array(0),
        charges: new Float64Array(0),
        labels: { forces: new Float64Array(0) },
        arrays: {},
      }),
    ];
    const { bytes } = await writeAll(format, frames);
    const back = await readAll(format, bytes, { typeMap: ['O', 'Si'] });
    expect(back.error).toBeUndefined();
    expect(back.frames.length).toBe(frames.length);
    // A text dump does not state the units that a reader assumes.
    const stated = ({ units, ...info }: Frame['info']) => (kind === 'text' ? info : { units, ...info });
    for (const [k, frame] of frames.slice(0, 3).entries()) {
      const found = back.frames[k];
      for (const name of [
        'cell',
        'pbc',
        'numbers',
        'positions',
        'velocities',
        'masses',
        'charges',
        'labels',
        'arrays',
        'info',
      ] as const)
        expect(found[name], `${kind} frame ${k} ${name}`).toEqual(name === 'info' ? stated(frame.info) : frame[name]);
    }
    expect(back.frames[3].natoms).toBe(0);
  });

  test('edges of a box survive rounding: lo + length − lo is the length', async () => {
    let seed = 7;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    const frames = Array.from({ length: 200 }, () => {
      const lo = [0, 1, 2].map(() => (random() - 0.5) * 10);
      const cell = Float64Array.of(
        lo[0] + 11.3 - lo[0],
        0,
        0,
        random() * 3 - 1,
        lo[1] + 9.7 - lo[1],
        0,
        random() * 3 - 1,
        random() - 1,
        lo[2] + 20.1 - lo[2],
      );
      return frameOf({ cell, positions: Float64Array.of(1, 2, 3), info: { origin: lo } });
    });
    const back = await readAll(format, (await writeAll(format, frames)).bytes);
    const exact = back.frames.filter((f, k) => f.cell?.every((v, i) => v === frames[k].cell?.[i])).length;
    const largest = Math.max(
      ...back.frames.flatMap((f, k) => Array.from(f.cell ?? [], (v, i) => Math.abs(v - (frames[k].cell?.[i] ?? 0)))),
    );
    expect(exact).toBeGreaterThanOrEqual(190);
    expect(largest).toBeLessThan(1e-14);
  });

  test('types follow the type map, or the first appearance of each element in the whole file', async () => {
    const one = frameOf({ cell: null, positions: Float64Array.of(0, 0, 0, 1, 1, 1), numbers: Uint8Array.of(8, 1) });
    const two = frameOf({ cell: null, positions: Float64Array.of(0, 0, 0, 1, 1, 1), numbers: Uint8Array.of(1, 6) });
    const typesOf = async (extra = {}) => {
      const { frames } = await readAll(format, (await writeAll(format, [one, two], extra)).bytes);
      return frames.map((f) => [...(f.arrays['type'].data as Int32Array)]);
    };
    expect(await typesOf()).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(await typesOf({ typeMap: ['H', 'C', 'O'] })).toEqual([
      [3, 1],
      [1, 2],
    ]);
  });

  test('a frame without a cell is written in a shrink-wrapped box, and it is said', async () => {
    const molecule = frameOf({
      cell: null,
      pbc: [false, false, false],
      positions: Float64Array.of(0, -1, 2, 1, 1, 2),
      numbers: Uint8Array.of(8, 1),
    });
    const { bytes, diagnostics } = await writeAll(format, [molecule]);
    expect(diagnostics.map((d) => d.code)).toContain('no-cell');
    const { frames } = await readAll(format, bytes);
    expect([...(frames[0].cell ?? [])]).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 1]);
    expect(frames[0].info['boundary']).toEqual(['ss', 'ss', 'ss']);
  });

  test('another unit style is converted, and reading it converts back', async () => {
    const { bytes } = await writeAll(format, [restricted], { lammpsUnits: 'real' });
    const [raw] = (await readAll(format, bytes, { asRead: true })).frames;
    expect(raw.info['units']).toBe('real');
    expect(raw.velocities?.[0]).toBe(1e-3);
    const [back] = (await readAll(format, bytes)).frames;
    back.labels?.forces?.forEach((v, k) => {
      expect(v).toBeCloseTo(restricted.labels?.forces?.[k] ?? Number.NaN, 12);
    });
  });
});

test('a binary dump says which words it leaves out', async () => {
  const { diagnostics } = await writeAll(lammpsDumpBinary, [restricted]);
  expect(diagnostics).toMatchObject([{ code: 'dropped-columns', message: expect.stringContaining('element') }]);
});

test('columns can be chosen, and only those that are there', async () => {
  const { bytes } = await writeAll(lammpsDump, [restricted], { columns: ['id', 'x', 'y', 'z', 'c_pe'] });
  expect(bytes.toString()).toContain(
    'ITEM: ATOMS id x y z c_pe\n5 0.1 0.3333333333333333 2 -1.5\n2 -7.25 1e-7 3 nan\n',
  );
  await expect(writeAll(lammpsDump, [restricted], { columns: ['id', 'xs'] })).rejects.toThrow(/no column xs/);
});

test('positions that are not finite are refused', async () => {
  const bad = full({ positions: Float64Array.of(0, 0, 0, 1, Number.NaN, 1) });
  await expect(writeAll(lammpsDump, [bad])).rejects.toThrow(/atom 2 is NaN/);
});
