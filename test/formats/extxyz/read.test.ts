import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extxyz } from '../../../formats/extxyz/extxyz.ts';
import { FormatError, MissingDataError, TruncatedError } from '../../../src/core/errors.ts';
import { AMU_A2_PS2, BOHR, GPA, HARTREE } from '../../../src/core/units.ts';
import { ROOT } from '../../lanes.ts';
import { readText } from './frames.ts';

const HEAD = 'Lattice="10 0 0 0.5 11 0 0.25 0.75 12" Properties=species:S:1:pos:R:3';
const ATOM = 'Si 0 0 0\n';
const codes = (outcome: Awaited<ReturnType<typeof readText>>) => outcome.diagnostics.map((d) => d.code);
const one = async (comment: string, rows = ATOM, options = {}) => {
  const outcome = await readText(`${rows.split('\n').length - 1}\n${comment}\n${rows}`, options);
  if (outcome.error) throw outcome.error;
  return { ...outcome, frame: outcome.frames[0], codes: codes(outcome) };
};

describe('a frame of extxyz', () => {
  test('Lattice lists the rows a, b, c, and pbc follows from it unless it is given', async () => {
    const { frame } = await one(HEAD);
    expect(Array.from(frame.cell ?? [])).toEqual([10, 0, 0, 0.5, 11, 0, 0.25, 0.75, 12]);
    expect(frame.pbc).toEqual([true, true, true]);
    expect((await one(`${HEAD} pbc="T F F"`)).frame.pbc).toEqual([true, false, false]);
    expect((await one('Properties=species:S:1:pos:R:3')).frame).toMatchObject({
      cell: null,
      pbc: [false, false, false],
    });
  });
  test('columns of every type are kept under their names, whatever their order', async () => {
    const { frame } = await one(
      'Properties=id:I:1:pos:R:3:species:S:1:fixed:L:2:big:I:1:label:S:1:q:R:1',
      '3 0 0 0.5 O T F 9007199254740993 "a" -0.5\n-1 1 2 3 H false TRUE 1 b 1D-1\n',
    );
    expect(Array.from(frame.numbers)).toEqual([8, 1]);
    expect(Array.from(frame.positions)).toEqual([0, 0, 0.5, 1, 2, 3]);
    expect(frame.arrays['id']).toEqual({ columns: 1, data: Int32Array.of(3, -1) });
    expect(frame.arrays['big']).toEqual({ columns: 1, data: BigInt64Array.of(9007199254740993n, 1n) });
    expect(frame.arrays['fixed']).toEqual({ columns: 2, data: Uint8Array.of(1, 0, 0, 1), logical: true });
    expect(frame.arrays['label']).toEqual({ columns: 1, data: ['"a"', 'b'] });
    expect(frame.charges).toEqual(Float64Array.of(-0.5, 0.1));
    expect(Object.keys(frame.arrays)).toEqual(['id', 'fixed', 'big', 'label', 'q']);
  });
  test('species labels are kept and their elements exposed; X is unknown', async () => {
    const { frame, codes: said } = await one(
      HEAD,
      'X 0 0 0\nH1 0 0 1\nTi_sv 1 1 1\nSi 2 2 2\nQq 3 3 3\nFe3+ 4 4 4\nO2- 5 5 5\n',
    );
    expect(Array.from(frame.numbers)).toEqual([0, 1, 22, 14, 0, 26, 8]);
    expect(frame.arrays['species'].data).toEqual(['X', 'H1', 'Ti_sv', 'Si', 'Qq', 'Fe3+', 'O2-']);
    expect(said).toEqual(['unknown-species']);
  });
  test('atomic numbers in Z give the elements where there is no species column', async () => {
    const { frame } = await one('Properties=Z:I:1:pos:R:3', '14 0 0 0\n1 1 1 1\n');
    expect(Array.from(frame.numbers)).toEqual([14, 1]);
    expect(codes(await readText('1\nProperties=species:S:1:pos:R:3:Z:I:1\nO 0 0 0 7\n'))).toEqual(['species-z']);
    expect((await readText('1\nProperties=Z:I:1:pos:R:3\n119 0 0 0\n')).error).toBeInstanceOf(FormatError);
  });
  test('a file without Properties is plain xyz: four columns, the comment is text', async () => {
    const { frame, codes: said } = await one('some text, a=1', 'O 0 0 0.5 9\n1 0 0 1 9\n');
    expect(Array.from(frame.numbers)).toEqual([8, 1]);
    expect(frame.info).toMatchObject({ comment: 'some text, a=1' });
    expect(said).toEqual(['extra-columns']);
  });
  test('numbers of 16 and 17 digits, large exponents and Fortran exponents are exact', async () => {
    const words = [
      '0.12345678901234567',
      '9007199254740993.5',
      '-1.7976931348623157e308',
      '5e-324',
      '1D-3',
      '-.5',
      '7.',
    ];
    const rows = words.map((word) => `Si ${word} 0 0\n`).join('');
    const { frame } = await one(HEAD, rows);
    words.forEach((word, k) => {
      expect(frame.positions[3 * k], word).toBe(Number(word.replace('D', 'e')));
    });
  });
  test('NaN in a force column is kept and reported; in a position it is an error', async () => {
    const { frame, codes: said } = await one(`${HEAD}:forces:R:3`, 'Si 0 0 0 nan 1 -inf\n');
    expect(frame.labels?.forces).toEqual(Float64Array.of(Number.NaN, 1, -Infinity));
    expect(said).toEqual(['not-finite']);
    await expect(one(HEAD, 'Si 0 nan 0\n')).rejects.toThrow(
      'input:3: (frame 0) expected a finite number in field 3 (pos)',
    );
  });
});

describe('labels of extxyz', () => {
  const VOLUME = 10 * 11 * 12;
  test('energy alone is the energy; with free_energy it is the one extrapolated to zero smearing', async () => {
    expect((await one(`${HEAD} energy=-1`)).frame.labels).toEqual({ energy: -1 });
    expect((await one(`${HEAD} energy=-1 free_energy=-2`)).frame.labels).toEqual({ energy: -2, energySigma0: -1 });
  });
  test('stress (tension > 0) becomes -volume*stress, nine numbers or six in the order xx yy zz yz xz xy', async () => {
    const full = await one(`${HEAD} stress="1 6 5 6 2 4 5 4 3"`);
    const six = await one(`${HEAD} stress="1 2 3 4 5 6"`);
    const wanted = [1, 6, 5, 6, 2, 4, 5, 4, 3].map((s) => -s * VOLUME);
    expect(Array.from(full.frame.labels?.virial ?? [])).toEqual(wanted);
    expect(Array.from(six.frame.labels?.virial ?? [])).toEqual(wanted);
  });
  test('a virial has the sign of sum r*f and is taken as it is', async () => {
    const { frame } = await one(`${HEAD} dft_virial="1 0 0 0 2 0 0 0 3"`);
    expect(Array.from(frame.labels?.virial ?? [])).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 3]);
  });
  test('stress and virial that contradict each other give no label', async () => {
    const { frame, codes: said } = await one(`${HEAD} stress="1 0 0 0 1 0 0 0 1" virial="1 0 0 0 1 0 0 0 1"`);
    expect(frame.labels).toBeUndefined();
    expect(said).toContain('stress-virial');
    const right = await one(`${HEAD} stress="1 0 0 0 1 0 0 0 1" virial="-1320 0 0 0 -1320 0 0 0 -1320"`);
    expect(right.codes).toEqual([]);
  });
  test('an asymmetric stress, a stress without cell and an energy that is text are reported', async () => {
    expect((await one(`${HEAD} stress="1 2 3 4 5 6 7 8 9"`)).codes).toEqual(['asymmetric-stress']);
    expect((await one('Properties=species:S:1:pos:R:3 stress="1 0 0 0 1 0 0 0 1"')).codes).toEqual([
      'stress-without-cell',
    ]);
    expect((await one(`${HEAD} energy=nan`)).codes).toEqual(['label-not-a-number']);
  });
  test('names of every dialect are found, and a table takes its own names only', async () => {
    const comment = `${HEAD}:REF_forces:R:3 REF_energy=-2 energy=-1`;
    const rows = 'Si 0 0 0 1 2 3\n';
    const any = await one(comment, rows);
    expect(any.frame.labels).toMatchObject({ energy: -1, forces: Float64Array.of(1, 2, 3) });
    expect(any.codes).toContain('ambiguous-labels');
    expect((await one(comment, rows, { labelKeys: 'mace' })).frame.labels?.energy).toBe(-2);
    expect((await one(comment, rows, { labelKeys: 'ase' })).frame.labels).toEqual({ energy: -1 });
    expect((await readText('1\n\nH 0 0 0\n', { labelKeys: 'none' })).error).toMatchObject({ code: 'USAGE' });
  });
  test('label keys stay in info and arrays as they were written', async () => {
    const { frame } = await one(`${HEAD}:dft_force:R:3 dft_energy=-2.0 other=1`, 'Si 0 0 0 1 2 3\n');
    expect(frame.info).toMatchObject({ dft_energy: -2, other: 1 });
    expect(Object.keys(frame.arrays)).toEqual(['dft_force']);
  });
  test('unit keys of dpdata convert the labels, or are reported where numbers stay as read', async () => {
    const comment = `${HEAD}:force:R:3 energy=-2 stress="1 0 0 0 1 0 0 0 1" energy-unit=hartree force-unit=hartree/bohr stress-unit=GPa`;
    const { frame } = await one(comment, 'Si 0 0 0 1 0 0\n');
    expect(frame.labels?.energy).toBe(-2 * HARTREE);
    expect(frame.labels?.forces?.[0]).toBe(HARTREE / BOHR);
    expect(frame.labels?.virial?.[0]).toBeCloseTo(-GPA * VOLUME, 12);
    const asRead = await one(comment, 'Si 0 0 0 1 0 0\n', { asRead: true });
    expect(asRead.frame.labels?.energy).toBe(-2);
    expect(asRead.codes).toContain('unit-keys');
    await expect(one(`${HEAD} energy=-2 energy-unit=foo`)).rejects.toThrow('energy-unit');
  });
  test('momenta of ASE become velocities in angstrom per ps with the masses of the file', async () => {
    const { frame } = await one(`${HEAD}:momenta:R:3:masses:R:1`, 'Si 0 0 0 6 0 0 30\n');
    // A kinetic energy of p²/2m = 0.6 eV, whichever way it is computed.
    expect(0.5 * 30 * (frame.velocities?.[0] ?? 0) ** 2 * AMU_A2_PS2).toBeCloseTo(0.6, 12);
    expect((await one(`${HEAD}:vel:R:3`, 'Si 0 0 0 1 1 1\n')).codes).toEqual(['velocity-unit']);
  });
});

describe('foreign dialects of xyz', () => {
  const file = (name: string) => readFileSync(join(ROOT, 'test/data/extxyz', name), 'utf8');
  test('LAMMPS dump extxyz: Stress is a pressure and no label; units are assumed with a message or given', async () => {
    const metal = await readText(file('lammps/dump.extxyz'));
    expect(metal.frames[0].labels).toEqual({
      energy: -8.5,
      forces: Float64Array.of(0.5, -0.125, 0.75, -0.5, 0.125, -0.75),
    });
    expect(codes(metal)).toEqual(['lammps-stress', 'assumed-units', 'labels']);
    const real = await readText(file('lammps/dump.extxyz'), { lammpsUnits: 'real' });
    expect(real.frames[0].labels?.energy).toBeCloseTo(-8.5 * 0.0433641, 6);
    expect(real.frames[0].velocities?.[0]).toBe(1500);
    expect(codes(real)).toEqual(['lammps-stress', 'labels']);
  });
  test('CP2K energies are in hartree, i-PI cells and positions in the units of the comment', async () => {
    const { frames } = await readText(file('plain/plain.xyz'), { typeMap: ['Na', 'Cl'] });
    expect(frames[1].labels?.energy).toBeCloseTo(-17.1643 * HARTREE, 10);
    expect(frames[1].info).toMatchObject({ i: 5, time: 2.5, E: -17.1643 });
    expect(frames[2].positions[2]).toBeCloseTo(3 * BOHR, 12);
    expect(frames[2].cell?.[0]).toBeCloseTo(10, 5);
    expect(frames[2].cell?.[3]).toBeCloseTo(5, 5);
    expect(frames[2].pbc).toEqual([true, true, true]);
    expect(Array.from(frames[3].numbers)).toEqual([11, 17]);
  });
  test('as read, i-PI numbers are kept and the cell is reported, not lost silently', async () => {
    const outcome = await readText(file('plain/plain.xyz'), { asRead: true });
    expect(outcome.frames[2]).toMatchObject({ cell: null, positions: Float64Array.of(1, 2, 3) });
    expect(outcome.diagnostics.find((d) => d.message.includes('i-PI'))?.at?.line).toBe(11);
  });
  test('a damaged i-PI comment is refused', async () => {
    for (const cell of ['0', '1 2 3 90 90', '1 2 3 90 90 x'])
      expect(String((await readText(`1\n# CELL(abcABC): ${cell}\nH 0 0 0\n`)).error)).toContain(
        'input:2: (frame 0) expected an i-PI comment',
      );
  });
  test('an i-PI file of velocities is refused', async () => {
    const text = '1\n# CELL(abcABC): 1 1 1 90 90 90 Step: 0 Bead: 0 velocities{atomic_unit} cell{angstrom}\nH 0 0 0\n';
    expect(String((await readText(text)).error)).toContain('found an i-PI file of velocities');
  });
  test('VEC rows are read as the cell, as ASE does, with a message', async () => {
    const outcome = await readText('1\n\nH 0 0 0\nVEC1 5 0 0\nVEC2 0 6 0\n1\n\nH 0 0 1\n');
    expect(Array.from(outcome.frames[0].cell ?? [])).toEqual([5, 0, 0, 0, 6, 0, 0, 0, 0]);
    expect(outcome.frames[0].pbc).toEqual([true, true, false]);
    expect(outcome.frames[1].cell).toBeNull();
    expect(codes(outcome)).toEqual(['vec-rows']);
  });
});

describe('a faulty extxyz file', () => {
  const ROWS = `2\n${HEAD}\nSi 0 0 0\nSi 1 1 1\n`;
  test.each([
    ['3.5\n\nH 0 0 0\n', 1, 'the number of atoms'],
    ['-1\n\n', 1, 'number of atoms up to'],
    ['1 2\n\nH 0 0 0\n', 1, 'only the number of atoms'],
    [`${ROWS}\n${ROWS}`, 5, 'blank line between frames'],
    [`${ROWS}x\n`, 5, 'the number of atoms'],
    [`1\n${HEAD}:forces:R:3\nSi 0 0 0 1 1\n`, 3, 'expected 7 fields in the row, found 6'],
    [`2\n${HEAD}\nSi 0 0 0 1\nSi 0 0 0\n`, 3, 'found more'],
    [`2\n${HEAD}\nSi 0 0 0\n\n`, 4, 'expected 4 fields in the row, found 0'],
    [`1\n${HEAD}:n:I:1\nSi 0 0 0 1.5\n`, 3, 'expected an integer in field 5 (n)'],
    [`1\n${HEAD}:n:I:1\nSi 0 0 0 9223372036854775808\n`, 3, 'expected an integer'],
    [`1\n${HEAD}:b:L:1\nSi 0 0 0 yes\n`, 3, 'expected T or F in field 5 (b)'],
    ['1\nProperties=species:S:1:pos:R\nH 0 0 0\n', 2, 'triplets'],
    ['1\nProperties=species:S:1:pos:R:0\nH 0 0 0\n', 2, 'count above 0'],
    ['1\nProperties=species:S:1:pos:Q:3\nH 0 0 0\n', 2, 'column type'],
    ['1\nProperties=species:S:1:pos:R:2\nH 0 0\n', 2, 'expected pos:R:3'],
    ['1\nProperties=species:S:1\nH\n', 2, 'expected a column pos'],
    ['1\nProperties=species:S:1:pos:R:3:a:I:1:a:I:1\nH 0 0 0 1 1\n', 2, 'found a twice'],
    ['1\nProperties=species:S:1:pos:R:3:a:I:99999\nH 0 0 0\n', 2, 'at most 10000 fields'],
    ['1\nLattice="1 0 0 0 1 0 0 0"\nH 0 0 0\n', 2, 'expected 9 finite numbers in Lattice, found 8'],
    ['1\nLattice="1 0 0 0 1 0 0 0 1\nH 0 0 0\n', 2, 'closing "'],
    [`1\n${HEAD} pbc="T T"\nSi 0 0 0\n`, 2, 'three of T and F'],
    [`1\n${HEAD} energy=1 energy=2\nSi 0 0 0\n`, 2, 'energy twice (1 and 2)'],
  ])('%j is refused at line %i', async (text, line, message) => {
    const { error } = await readText(text);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).at.line).toBe(line);
    expect(String(error)).toContain(message);
  });
  test('a duplicate key that decides nothing is reported, and the last one kept', async () => {
    const { frame, diagnostics } = await one(`${HEAD} a=1 a=2`);
    expect(frame.info).toMatchObject({ a: 2 });
    expect(diagnostics[0]).toMatchObject({ code: 'duplicate-key', at: { line: 2 } });
  });
  test('a cut-off file gives its whole frames, then an error or a message', async () => {
    const text = `${ROWS}2\n${HEAD}\nSi 0 0 0\n`;
    const strict = await readText(text);
    expect(strict.frames.length).toBe(1);
    expect(strict.error).toBeInstanceOf(TruncatedError);
    const lenient = await readText(text, { strict: false });
    expect(lenient.frames.length).toBe(1);
    expect(lenient.error).toBeUndefined();
    expect(codes(lenient)).toEqual(['truncated']);
  });
  test('a count that the file does not hold costs no memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    expect((await readText(`2147483647\n${HEAD}\nSi 0 0 0\n`)).error).toBeInstanceOf(TruncatedError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });
  test('more rows than the first room for them, with text columns and wide integers, are all read', async () => {
    const n = 10_000;
    let text = `${n}\n${HEAD}:n:I:1:s:S:1\n`;
    for (let k = 0; k < n; k++)
      text += `${k % 5000 === 4999 ? 'H2' : 'Si'} ${k} 0 -${k} ${k === 7000 ? 2 ** 40 : k} s${k}\n`;
    const { frames } = await readText(text, {}, 1000);
    expect(frames[0].positions[3 * 9999]).toBe(9999);
    expect((frames[0].arrays['n'].data as BigInt64Array)[7000]).toBe(2n ** 40n);
    expect((frames[0].arrays['n'].data as BigInt64Array)[9999]).toBe(9999n);
    expect(frames[0].arrays['s'].data[9999]).toBe('s9999');
    expect(frames[0].arrays['species'].data[4999]).toBe('H2');
    expect(frames[0].arrays['species'].data.length).toBe(n);
  });
});

describe('detection of extxyz', () => {
  const sniff = (text: string) => extxyz.sniff(Buffer.from(text));
  test('xyz files of all kinds are claimed', () => {
    for (const text of [
      `1\n${HEAD}\nSi 0 0 0\n`,
      '  3\n\n O 0 0 0\n',
      '2\nAtoms. Timestep: 0\n1 0 0 0\n',
      '1\nx\r\nH 0 0 0\r\n',
    ])
      expect(sniff(text), text).toBeGreaterThan(0.8);
  });
  test('other files are not', () => {
    for (const text of [
      '',
      'begin\natom 0 0 0 H 0 0 0 0 0\n',
      'ITEM: TIMESTEP\n0\n',
      '12\n1.0\n 5 0 0\n 0 5 0\n',
      'BEGIN_CFG\n',
      '1 2\n\nH 0 0 0',
    ])
      expect(sniff(text), text).toBe(0);
  });
});

test('MissingDataError is what a frame with infinite positions gives on writing', async () => {
  const { frame } = await one(HEAD);
  const { writeText } = await import('./frames.ts');
  await expect(writeText([{ ...frame, positions: Float64Array.of(Infinity, 0, 0) }])).rejects.toBeInstanceOf(
    MissingDataError,
  );
});
