import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lammpsData } from '../../../formats/lammps/data.ts';
import { ROOT } from '../../lanes.ts';
import { readAll } from './reading.ts';

const file = (name: string) => readFileSync(join(ROOT, 'test/data/lammps-data', name), 'utf8');
const read = (text: string) => readAll(lammpsData, text, { lammpsUnits: 'metal' });
const CUT = file('cut-bonds/cut.data');

test('bounds with a word for a number are refused at their line, not taken for missing ones', async () => {
  const { error } = await read(file('bad-bounds/bounds.data'));
  expect(error?.message).toContain(':9: expected 2 numbers before "ylo yhi", found "0 a"');
});

test('a file that ends in the middle of its bonds is refused', async () => {
  const { error } = await read(CUT);
  expect(error?.message).toContain(':23: expected row 2 of 2 of Bonds, found the end of the file');
});

test('fewer or more bonds than the header counts are refused where the rows end', async () => {
  const fewer = await read(`${CUT}\nBond Coeffs\n\n1 1 1\n`);
  expect(fewer.error?.message).toContain(':25: expected row 2 of 2 of Bonds, found the section "Bond Coeffs"');
  const more = await read(`${CUT}2 1 2 1\n3 1 2 1\n`);
  expect(more.error?.message).toContain(':25: expected the next section behind 2 rows of Bonds');
});

test('a file without a section that its header counts gives its atoms and a warning', async () => {
  const { frames, diagnostics, error } = await read(CUT.slice(0, CUT.indexOf('\nBonds')));
  expect(error).toBeUndefined();
  expect(frames[0].natoms).toBe(2);
  expect(diagnostics.map((d) => d.code)).toContain('missing-sections');
});

test('a second section Atoms and a mass that is not above 0 are refused', async () => {
  const atoms = CUT.slice(CUT.indexOf('Atoms'), CUT.indexOf('\nBonds'));
  expect((await read(CUT.replace('Bonds\n', `${atoms}\nBonds\n`))).error?.message).toContain('found a second one');
  expect((await read(CUT.replace('15.999', '0'))).error?.message).toContain(':14: expected a mass above 0, found "0"');
});
