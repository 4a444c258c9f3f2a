import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poscar } from '../../../formats/vasp/poscar.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readOne, readText, writeText } from './read-text.ts';

const CUBE = '4 0 0\n0 4 0\n0 0 4\n';
const NACL = `salt\n1.0\n${CUBE}Na Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n`;

describe('POSCAR scale and lattice', () => {
  test('one factor scales the lattice and Cartesian positions', async () => {
    const frame = await readOne(poscar, `c\n2.0\n${CUBE}Na\n1\nCartesian\n.5 1. 1.0D0\n`);
    expect([...(frame.cell ?? [])]).toEqual([8, 0, 0, 0, 8, 0, 0, 0, 8]);
    expect([...frame.positions]).toEqual([1, 2, 2]);
  });
  test('a negative factor is the volume of the cell', async () => {
    const frame = await readOne(poscar, `c\n-512\n${CUBE}Na\n1\nK\n1 0 0\n`);
    expect(frame.cell?.[0]).toBeCloseTo(8, 12);
    expect(frame.positions[0]).toBeCloseTo(2, 12);
  });
  test('three factors scale the components x, y and z', async () => {
    const frame = await readOne(poscar, `c\n2 3 4\n1 0 0\n0.5 1 0\n0 0 1\nNa\n1\nc\n0.5 0.5 0.5\n`);
    expect([...(frame.cell ?? [])]).toEqual([2, 0, 0, 1, 3, 0, 0, 0, 4]);
    expect([...frame.positions]).toEqual([1, 1.5, 2]);
  });
  test('Direct positions go with the scaled rows of the lattice', async () => {
    const frame = await readOne(poscar, `c\n1\n4 0 0\n1 5 0\n0 0 6\nNa\n1\nDirect\n0.5 0.5 0.5\n`);
    expect([...frame.positions]).toEqual([2.5, 2.5, 3]);
  });
  test.each([
    ['two factors', 'c\n1 1\n', 2],
    ['a factor of zero', 'c\n0\n', 2],
    ['a negative one of three', 'c\n1 -1 1\n', 2],
    ['a word in the lattice', 'c\n1\n4 0 0\n0 four 0\n', 4],
    ['a lattice without volume', 'c\n1\n4 0 0\n4 0 0\n0 0 4\n', 5],
    ['a NaN', 'c\n1\n4 0 0\n0 NaN 0\n', 4],
  ])('%s is refused at its line', async (_, text, line) => {
    const { error } = await readText(poscar, `${text}${CUBE}${NACL}`);
    expect(error?.message).toMatch(new RegExp(`^in:${line}: expected`));
  });
});

describe('POSCAR species', () => {
  test('labels with suffixes and hashes are kept beside the element', async () => {
    const frame = await readOne(poscar, `c\n1\n${CUBE}Fe_pv Si/79d9987ad87\n1 1\nD\n0 0 0\n0 0 .5\n`);
    expect([...frame.numbers]).toEqual([26, 14]);
    expect(frame.arrays['species'].data).toEqual(['Fe_pv', 'Si/79d9987ad87']);
  });
  test('plain element symbols need no column', async () => {
    expect((await readOne(poscar, NACL)).arrays).toEqual({});
  });
  test('species and counts may wrap over lines, repeat and be zero', async () => {
    const frame = await readOne(poscar, `c\n1\n${CUBE}H O\nH Ne\n1 1\n 1\n0\nD\n0 0 0\n.1 .1 .1\n.2 .2 .2\n`);
    expect([...frame.numbers]).toEqual([1, 8, 1]);
  });
  test('without a species line the elements are unknown, with a warning that asks for them', async () => {
    const result = await readText(poscar, `Ga As\n1\n${CUBE}1 1\nDirect\n0 0 0\n.2 .2 .2\n`);
    expect([...result.frames[0].numbers]).toEqual([0, 0]);
    expect(codesOf(result)).toEqual(['unknown-species:6']);
  });
  test('a type map names the blocks of a file without species', async () => {
    const frame = await readOne(poscar, `c\n1\n${CUBE}1 2\nD\n0 0 0\n0 0 .1\n0 0 .2\n`, { typeMap: ['Ga', 'As_d'] });
    expect([...frame.numbers]).toEqual([31, 33, 33]);
    expect(frame.arrays['species'].data).toEqual(['Ga', 'As_d', 'As_d']);
  });
  test.each([
    ['more counts than species', 'He Ne\n1 1 1\nD\n', 7],
    ['fewer counts than species', 'He Ne\n1\nDirect\n', 7],
    ['a missing line of counts', 'He Ne\nDirect\n0 0 0\n', 7],
    ['a negative count', 'He\n-1\nD\n', 7],
    ['a count that is no integer', 'He\n1.5\nD\n', 7],
    ['only zeros', 'He\n0\nD\n', 7],
  ])('%s is refused', async (_, text, line) => {
    const { error } = await readText(poscar, `c\n1\n${CUBE}${text}0 0 0\n`);
    expect(error?.message).toMatch(new RegExp(`^in:${line}: expected`));
  });
  test('a count beyond the rows is refused without allocating for it', async () => {
    const { error } = await readText(poscar, `c\n1\n${CUBE}He\n9007199254740991\nD\n0 0 0\n`);
    expect(error?.message).toMatch(/^in:9: expected position 2 of 9007199254740991, found the end of the file/);
  });
});

describe('POSCAR rows', () => {
  test('CRLF, tabs, labels and comments behind the coordinates are legal', async () => {
    const frame = await readOne(poscar, NACL.replaceAll('\n', '\r\n').replace('0 0 0\r', '0\t0\t0 Na1 ! here\r'));
    expect(frame.positions[3]).toBe(2);
  });
  test('flags of selective dynamics are a column, true = may move', async () => {
    const text = `c\n1\n${CUBE}He\n2\nselective\nDirect\n0 0 0 T .FALSE. f\n0 0 .5 .TRUE. t F x\n`;
    const frame = await readOne(poscar, text);
    expect(frame.arrays['selective_dynamics']).toEqual({
      columns: 3,
      data: Uint8Array.of(1, 0, 0, 1, 1, 0),
      logical: true,
    });
  });
  test('two flags in a row are refused', async () => {
    const { error } = await readText(poscar, `c\n1\n${CUBE}He\n1\nS\nDirect\n0 0 0 T T\n`);
    expect(error?.message).toMatch(/^in:10: expected three flags/);
  });
  test('more rows than counted are refused at the first', async () => {
    const { error } = await readText(poscar, `${NACL}0.1 0.1 0.1\n`);
    expect(error?.message).toMatch(/^in:11: expected a blank line behind 2 positions/);
  });
  test('a file that ends early is an error, or a warning and no frame', async () => {
    const cut = NACL.slice(0, NACL.indexOf('0.5'));
    expect((await readText(poscar, cut)).error?.message).toMatch(/^in:9: expected position 2 of 2/);
    const lenient = await readText(poscar, cut, { strict: false });
    expect([lenient.frames.length, ...codesOf(lenient)]).toEqual([0, 'truncated:9']);
  });
  test('a last line without newline is read with a warning', async () => {
    expect(codesOf(await readText(poscar, NACL.trimEnd()))).toEqual(['no-final-newline:10']);
  });
});

describe('POSCAR velocities and MD state', () => {
  const contcar = readFileSync(join(ROOT, 'test/data/vasp-poscar/contcar-md/CONTCAR'), 'utf8');
  test('velocities in Å/fs become Å/ps, and stay Å/fs where numbers are wanted as read', async () => {
    expect((await readOne(poscar, contcar)).velocities?.[0]).toBeCloseTo(10, 12);
    expect((await readOne(poscar, contcar, { asRead: true })).velocities?.[0]).toBe(0.01);
  });
  test('Direct velocities are kept raw, with a warning', async () => {
    const result = await readText(poscar, `${NACL}Direct\n.001 .002 .003\n0 0 0\n`);
    expect(result.frames[0].velocities).toBeUndefined();
    expect(result.frames[0].arrays['velocities_direct'].data[2]).toBe(0.003);
    expect(codesOf(result)).toEqual(['direct-velocities:11']);
  });
  test('blank lines at the end are no velocities', async () => {
    const result = await readText(poscar, `${NACL}\n \n\n`);
    expect(result.frames[0].velocities).toBeUndefined();
    expect(result.diagnostics).toEqual([]);
  });
  test('lattice velocities and MD state are text that the writer puts back', async () => {
    const text = await writeText(poscar, [await readOne(poscar, contcar)]);
    const tail = (whole: string) => whole.slice(whole.indexOf('\n\n           1\n   2.0'));
    expect(tail(text)).toBe(tail(contcar));
    expect(text).toContain(contcar.slice(contcar.indexOf('Lattice vel'), contcar.indexOf('\n\n  0.1')));
  });
  test('an MD state without all its rows is kept with a warning', async () => {
    const cut = contcar.trimEnd().split('\n').slice(0, -2).join('\n');
    expect(codesOf(await readText(poscar, `${cut}\n`))).toEqual(['truncated:29']);
  });
  test('velocities that end early are an error', async () => {
    const { error } = await readText(poscar, `${NACL}\n0.1 0.1 0.1\n`);
    expect(error?.message).toMatch(/^in:12: expected velocity 2 of 2/);
  });
});

describe('POSCAR written', () => {
  test('reads back with the same numbers, labels and flags', async () => {
    const first = await readOne(
      poscar,
      `c\n-91.3\n0 .5 .5\n.5 0 .5\n.5 .5 0\nFe_pv O\n1 2\nS\nD\n.1 .2 .3 T T F\n1e-17 0 .3 F F F\n.7 .3 -.1 T T T\n\n.001 0 0\n0 -3e-9 0\n0 0 0\n`,
    );
    const second = await readOne(poscar, await writeText(poscar, [first]));
    const { velocities, ...rest } = second;
    expect(rest).toEqual({ ...first, velocities: undefined });
    velocities?.forEach((v, k) => {
      expect(v).toBeCloseTo(first.velocities?.[k] ?? Number.NaN, 12);
    });
  });
  test('a frame without cell, without elements or with NaN is refused, and so is a second frame', async () => {
    const frame = await readOne(poscar, NACL);
    await expect(writeText(poscar, [{ ...frame, cell: null }])).rejects.toThrow(/needs a cell/);
    await expect(writeText(poscar, [{ ...frame, numbers: new Uint8Array(2) }])).rejects.toThrow(/element of atom 1/);
    const positions = frame.positions.map(() => Number.NaN);
    await expect(writeText(poscar, [{ ...frame, positions }])).rejects.toThrow(/NaN/);
    await expect(writeText(poscar, [frame, frame])).rejects.toThrow(/one structure/);
  });
});

test('POSCAR content is told from other formats', () => {
  const sniff = (text: string) => poscar.sniff(Buffer.from(text));
  expect(sniff(NACL)).toBeGreaterThan(0.9);
  expect(sniff(`${NACL.slice(0, NACL.indexOf('Direct'))}Direct configuration=     1\n0 0 0\n`)).toBe(0);
  expect(sniff('2\ncomment\nSi 0 0 0\nSi 1 1 1\n')).toBe(0);
  expect(sniff('LAMMPS data\n\n2 atoms\n1 atom types\n\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n')).toBe(0);
});
