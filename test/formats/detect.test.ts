import { describe, expect, test } from 'vitest';
import { detectFormat, findFormat, rankFormats } from '../../formats/detect.ts';
import { FORMATS } from '../../formats/index.ts';
import { UnknownFormatError } from '../../src/core/errors.ts';
import { samplesByFormat } from '../contracts/samples.ts';

const detect = (path: string, text: string) => detectFormat(FORMATS, { path, head: Buffer.from(text) }).name;

const POSCAR = 'Si2\n1.0\n3 0 0\n0 3 0\n0 0 3\nSi\n2\nDirect\n0 0 0\n0.5 0.5 0.5\n';
const EXTXYZ = '1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3\nSi 0 0 0\n';
const DUMP =
  'ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS id type x y z\n1 1 0 0 0\n';

describe('the content decides', () => {
  test.each([
    ['CONTCAR', 'vasp-poscar', POSCAR],
    ['train.xyz', 'extxyz', EXTXYZ],
    ['run.dump', 'lammps-dump', DUMP],
  ])('of a file named %s', (name, format, text) => {
    expect(detect(name, text)).toBe(format);
  });

  test('against a misleading name', () => {
    expect(detect('OUTCAR', DUMP)).toBe('lammps-dump');
    expect(detect('POSCAR', EXTXYZ)).toBe('extxyz');
    expect(detect('data.xyz', DUMP)).toBe('lammps-dump');
  });

  test('of stdin and of names without meaning', () => {
    expect(detect('-', EXTXYZ)).toBe('extxyz');
    expect(detect('file', POSCAR)).toBe('vasp-poscar');
  });
});

test.each([...samplesByFormat()].flatMap(([format, samples]) => samples.map((s) => [s.name, s, format] as const)))(
  '%s is known from its content alone, or its format is the likeliest by content and name',
  (_, sample, format) => {
    const blind = rankFormats(FORMATS, { path: '-', head: sample.bytes });
    const named = rankFormats(FORMATS, { path: sample.name, head: sample.bytes });
    expect([blind[0]?.format.name, named[0]?.format.name]).toContain(format.name);
  },
);

test('what no format fits is an error that says how to name it', () => {
  expect(() => detect('notes.txt', 'Dear colleague,\nthe run is finished.\n')).toThrow(UnknownFormatError);
  expect(() => detect('notes.txt', 'Dear colleague,\nthe run is finished.\n')).toThrow(/--format/);
  expect(() => detect('x', '')).toThrow(UnknownFormatError);
});

test('a format is found by name and by alias', () => {
  expect(findFormat(FORMATS, 'extxyz')?.name).toBe('extxyz');
  expect(findFormat(FORMATS, 'nonsense')).toBeUndefined();
  for (const format of FORMATS)
    for (const alias of format.aliases ?? []) expect(findFormat(FORMATS, alias)).toBe(format);
});
