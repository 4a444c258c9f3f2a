import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lammpsData } from '../../../formats/lammps/data.ts';
import { ROOT } from '../../lanes.ts';
import { type Extra, frameOf, readAll, writeAll } from './reading.ts';

const file = (name: string) => readFileSync(join(ROOT, 'test/data/lammps-data', name), 'utf8');
const read = async (text: string, extra: Extra = { lammpsUnits: 'metal' }) => {
  const found = await readAll(lammpsData, text, extra);
  return { ...found, frame: found.frames[0] };
};
const minimal = (comment: string, ...rows: string[]) =>
  `title\n\n${rows.length} atoms\n2 atom types\n\n0 4 xlo xhi\n0 5 ylo yhi\n0 6 zlo zhi\n\nAtoms${comment}\n\n${rows.join('\n')}\n`;

describe('LAMMPS data', () => {
  test('style full: rows in file order, velocities by id, images, charges, elements of Masses, comments, Bodies', async () => {
    const { frame, error, diagnostics } = await read(file('full/water.data'));
    expect(error).toBeUndefined();
    expect([...(frame.cell ?? [])]).toEqual([10, 0, 0, 0.5, 10, 0, -0.25, 1.5, 12]);
    expect(frame.info).toMatchObject({ origin: [-1.5, 0, 0], atom_style: 'full' });
    expect(frame.arrays['id'].data).toEqual(Int32Array.of(30, 7, 9));
    expect(frame.arrays['mol'].data).toEqual(Int32Array.of(1, 1, 1));
    expect(frame.arrays['iy'].data).toEqual(Int32Array.of(-1, 0, 0));
    expect([...frame.numbers]).toEqual([1, 8, 1]);
    expect([...frame.positions]).toEqual([0.5, 0.76, 0.59, 0, 0, 0, 0, -0.76, 0.59]);
    expect([...(frame.velocities ?? [])]).toEqual([1, 2, 3, 0.5, 0, 0, -1, 0, 1e-3]);
    expect([...(frame.charges ?? [])]).toEqual([0.41, -0.82, 0.41]);
    expect([...(frame.masses ?? [])]).toEqual([1.008, 15.9994, 1.008]);
    expect(diagnostics.map((d) => [d.code, d.message])).toEqual([
      ['missing-sections', expect.stringContaining('Bonds')],
      ['ignored-sections', expect.stringContaining('Bond Coeffs, Bodies')],
    ]);
  });

  test('type labels stand for types in Masses and Atoms; elements then come from masses, and it is said', async () => {
    const { frame, diagnostics } = await read(file('labels/labels.data'));
    expect(frame.arrays['type'].data).toEqual(Int32Array.of(2, 1));
    expect(frame.arrays['typelabel'].data).toEqual(['Hw', 'Ow']);
    expect([...frame.numbers]).toEqual([1, 8]);
    expect(diagnostics.map((d) => d.code)).toEqual(['default-box', 'elements-from-masses']);
    expect(frame.cell?.[8], 'missing zlo zhi is -0.5 0.5').toBe(1);
  });

  test('general boxes keep their vectors and origin', async () => {
    const { frame } = await read(file('atomic/general.data'));
    expect([...(frame.cell ?? [])]).toEqual([4, 0.5, 0.25, -1, 5, 0.3, 0.7, 0.2, 6]);
    expect(frame.info['origin']).toEqual([-1.5, 2, 0.125]);
  });

  test('an atom style that nothing names is taken when only one fits, and refused when several do', async () => {
    const only = await read(minimal('', '1 1 0.5 0.5 0.5'));
    expect(only.diagnostics.map((d) => d.code)).toContain('assumed-atom-style');
    expect(only.frame.info['atom_style']).toBe('atomic');
    const several = await read(minimal(' # my best run', '1 1 1 0.5 0.5 0.5'));
    expect(several.error?.message).toMatch(/^test-file:12: .*6 values, which can be .*charge.*give the atom style/);
    const given = await read(minimal('', '1 1 1 0.5 0.5 0.5'), { atomStyle: 'charge', lammpsUnits: 'metal' });
    expect([...(given.frame.charges ?? [])]).toEqual([1]);
  });

  test('columns of hybrid styles are the sub-styles one after another', async () => {
    const { frame } = await read(minimal(' # hybrid sphere charge', '1 2 0 1 2 1.5 7.8 -0.5'));
    expect([...frame.positions]).toEqual([0, 1, 2]);
    expect([...(frame.charges ?? [])]).toEqual([-0.5]);
    expect(frame.arrays['diameter'].data).toEqual(Float64Array.of(1.5));
  });

  test('no atoms are a frame too', async () => {
    const { frame, error } = await read('title\n0 atoms\n0 34 xlo xhi\n0 34 ylo yhi\n0 34 zlo zhi\n5 -8 3 xy xz yz\n');
    expect(error).toBeUndefined();
    expect([frame.natoms, frame.cell?.[6]]).toEqual([0, -8]);
  });

  test('an element in a comment is not taken where the mass says another one', async () => {
    const text = minimal(' # atomic', '1 1 0 0 0', '2 2 1 1 1').replace(
      'Atoms',
      'Masses\n\n1 12.011 # Ca\n2 2.014 # H\n\nAtoms',
    );
    expect([...(await read(text)).frame.numbers]).toEqual([6, 1]);
    const reduced = text.replace('12.011 # Ca', '1').replace('2.014 # H', '1');
    expect([...(await read(reduced)).frame.numbers]).toEqual([0, 0]);
  });

  test.each([
    ['a style that does not fit the rows', minimal(' # full', '1 1 0.5 0.5 0.5'), 12, 'expected 7 values'],
    ['a type beyond the types', minimal(' # atomic', '1 3 0 0 0'), 12, 'atom type of 1 to 2, found 3'],
    ['a row with a value too few', minimal(' # atomic', '1 1 0 0 0', '2 1 0 0'), 13, 'expected 5 values'],
    ['a word for a number', minimal(' # atomic', '1 1 0 0 zero'), 12, 'expected z (a number), found "zero"'],
    ['a position that is not finite', minimal(' # atomic', '1 1 0 nan 0'), 12, 'expected y (a number), found "nan"'],
    ['no count of atoms', 'title\n\n0 1 xlo xhi\n\nAtoms\n\n1 1 0 0 0\n', 5, '"N atoms" in the header'],
    ['image flags that are no integers', minimal(' # atomic', '1 1 0 0 0 0 0.5 0'), 12, 'expected iy (an integer)'],
    ['missing rows', minimal(' # atomic', '1 1 0 0 0').replace('1 atoms', '2 atoms'), 12, 'expected atom 2 of 2'],
    ['too many rows', minimal(' # atomic', '1 1 0 0 0', '2 1 0 0 0').replace('2 atoms', '1 atoms'), 13, 'next section'],
    ['a negative count', 'title\n-1 atoms\n', 2, 'integer of 0 or more'],
    [
      'a section in the middle of the atoms',
      minimal(' # atomic', '1 1 0 0 0', 'Velocities'),
      13,
      'found the section "Velocities"',
    ],
    [
      'no velocity of an atom',
      `${minimal(' # atomic', '1 1 0 0 0')}\nVelocities\n\n2 0 0 0\n`,
      16,
      'one velocity of each atom, found one of atom 2',
    ],
  ])('%s: an error with the line', async (_, text, line, message) => {
    const { error, frames } = await read(text);
    expect(frames).toEqual([]);
    expect(error?.message).toContain(`test-file:${line}:`);
    expect(error?.message).toContain(message);
  });

  test('units are taken from the title that LAMMPS writes', async () => {
    const text = `LAMMPS data file via write_data, version 2 Aug 2023, timestep = 40, units = real\n${minimal(' # atomic', '1 1 0 0 0').slice(6)}\nVelocities\n\n1 1 0 0\n`;
    const { frame, diagnostics } = await read(text, {});
    expect(diagnostics).toEqual([]);
    expect(frame.velocities?.[0]).toBe(1000);
    expect(frame.info['timestep']).toBe(40);
  });
});

describe('writing LAMMPS data', () => {
  test('what is written reads back exactly, for cells in restricted form', async () => {
    const frame = frameOf({
      cell: Float64Array.of(5.1, 0, 0, 0.7, 4.3, 0, -1 / 3, 0.1, 6.6),
      numbers: Uint8Array.of(14, 8, 14),
      positions: Float64Array.of(0.1, 1 / 3, 2, -7.25, 1e-7, 3, 4, 5, 6),
      velocities: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 1 / 7),
      charges: Float64Array.of(1.2, -0.6, -0.6),
      arrays: { id: { columns: 1, data: Int32Array.of(5, 2, 9) }, mol: { columns: 1, data: Int32Array.of(1, 1, 2) } },
      info: { origin: [-1.1, 0.3, 1e-3], timestep: 12 },
    });
    const { bytes, diagnostics } = await writeAll(lammpsData, [frame]);
    expect(diagnostics).toEqual([]);
    const back = await read(bytes.toString(), {});
    expect(back.error).toBeUndefined();
    expect(back.diagnostics).toEqual([]);
    for (const name of ['cell', 'numbers', 'positions', 'velocities', 'charges'] as const)
      expect(back.frame[name], name).toEqual(frame[name]);
    expect(back.frame.arrays['id']).toEqual(frame.arrays['id']);
    expect(back.frame.arrays['mol']).toEqual(frame.arrays['mol']);
    expect(back.frame.info).toMatchObject({ ...frame.info, atom_style: 'full' });
    expect(bytes.toString()).toContain('1 28.085 # Si\n2 15.999 # O\n');
  });

  test('a general cell is rotated with a diagnostic: lengths and angles stay', async () => {
    const cell = Float64Array.of(1, 2, 3, -2, 4, 0.5, 0.25, -1, 5);
    const positions = Float64Array.of(1, 2, 3, 0.5, -0.25, 4);
    const { bytes, diagnostics } = await writeAll(lammpsData, [
      frameOf({ cell, positions, numbers: Uint8Array.of(6, 6) }),
    ]);
    expect(diagnostics.map((d) => d.code)).toEqual(['rotated', 'large-tilt'].slice(0, diagnostics.length));
    expect(diagnostics[0].code).toBe('rotated');
    const { frame } = await read(bytes.toString(), {});
    const dot = (m: ArrayLike<number>, i: number, j: number) =>
      m[3 * i] * m[3 * j] + m[3 * i + 1] * m[3 * j + 1] + m[3 * i + 2] * m[3 * j + 2];
    const found = frame.cell as Float64Array;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) expect(dot(found, i, j)).toBeCloseTo(dot(cell, i, j), 12);
    expect([found[1], found[2], found[5]]).toEqual([0, 0, 0]);
    expect(dot(frame.positions, 0, 1)).toBeCloseTo(dot(positions, 0, 1), 12);
    expect(found[8]).toBeGreaterThan(0);
  });

  test('numbers are written in the unit style that is asked for', async () => {
    const frame = frameOf({
      cell: Float64Array.of(4, 0, 0, 0, 4, 0, 0, 0, 4),
      positions: Float64Array.of(1, 1, 1),
      velocities: Float64Array.of(1000, 0, 0),
      numbers: Uint8Array.of(18),
    });
    const text = (await writeAll(lammpsData, [frame], { lammpsUnits: 'real' })).bytes.toString();
    expect(text).toMatch(/units = real\n/);
    expect(text).toMatch(/Velocities\n\n1 1 0 0\n/);
    await expect(writeAll(lammpsData, [frame], { lammpsUnits: 'lj' })).rejects.toThrow(/cannot be written in lj/);
  });

  test('a second frame, a missing column and a missing element are refused', async () => {
    const frame = frameOf({
      cell: Float64Array.of(4, 0, 0, 0, 4, 0, 0, 0, 4),
      positions: Float64Array.of(1, 1, 1),
      numbers: Uint8Array.of(18),
    });
    await expect(writeAll(lammpsData, [frame, frame])).rejects.toThrow(/one frame/);
    await expect(writeAll(lammpsData, [frame], { atomStyle: 'full' })).rejects.toThrow(
      /no column "mol".*atom style full needs it/,
    );
    await expect(writeAll(lammpsData, [frame], { typeMap: ['Si'] })).rejects.toThrow(/type map has no Ar/);
  });
});
