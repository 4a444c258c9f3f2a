import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { outcar } from '../../../formats/vasp/outcar.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readText } from './read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data/vasp-outcar', name, 'OUTCAR'), 'latin1');
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;
const TWO = data('two-steps');
const STEP_1 = TWO.indexOf('Iteration    1(   1)') - 42;
const STEP_2 = TWO.indexOf('Iteration    2(   1)') - 42;
const END = TWO.indexOf('General timing') - 3;
const HEAD = TWO.slice(0, STEP_1);

describe('OUTCAR steps', () => {
  test('keep the three energies apart', async () => {
    const { frames, error } = await readText(outcar, TWO);
    expect(error).toBeUndefined();
    expect(frames.map((f) => [f.labels?.energy, f.labels?.energySigma0, f.info['energy_without_entropy']])).toEqual([
      [-8.5, -8.375, -8.25],
      [-9.5, -9.375, -9.25],
    ]);
  });
  test('have positions, forces and the cell of their own', async () => {
    const [first, second] = (await readText(outcar, TWO)).frames;
    expect([...first.positions]).toEqual([0, 0, 0, 1.5, 1.5, -1.5]);
    expect([...(second.labels?.forces ?? [])]).toEqual([0.2, -0.2, 0.3, -0.2, 0.2, -0.3]);
    expect([first.cell?.[0], second.cell?.[0]]).toEqual([4, 4.1]);
  });
  test('turn "in kB" into a virial: kbar times volume, xx yy zz xy yz zx', async () => {
    const [frame] = (await readText(outcar, TWO)).frames;
    expect(frame.info['stress_kB']).toEqual([13.5, -4.25, 7.125, 0.5, -0.25, 1]);
    const kbar = [13.5, 0.5, 1, 0.5, -4.25, -0.25, 1, -0.25, 7.125];
    frame.labels?.virial?.forEach((w, k) => {
      expect(w).toBeCloseTo((kbar[k] * 64) / 1602.176634, 12);
    });
  });
  test('carry elements, potential labels and the moment of the last SCF step', async () => {
    const [frame] = (await readText(outcar, TWO)).frames;
    expect([...frame.numbers]).toEqual([26, 8]);
    expect(frame.arrays['species'].data).toEqual(['Fe_pv', 'O']);
    expect(frame.info['magnetization']).toBe(2.5);
  });
  test('say when the SCF ended without "EDIFF is reached"', async () => {
    const result = await readText(outcar, TWO);
    expect(result.frames.map((f) => f.labels?.converged)).toEqual([true, false]);
    expect(result.frames[1].info['scf_steps']).toBe(3);
    expect(codesOf(result)).toEqual([`unconverged:${TWO.slice(0, TWO.lastIndexOf(' POSITION')).split('\n').length}`]);
  });
  test('of the old order, energies before stress and forces, are whole', async () => {
    const { frames } = await readText(outcar, data('old-order'));
    expect(frames.map((f) => [f.labels?.energy, f.positions[0], f.info['stress_kB'] !== undefined])).toEqual([
      [-9.5, 0.1, true],
      [-10.5, 0.2, true],
    ]);
  });
  test('of a machine-learned force field are flagged, the ab-initio ones between them are not', async () => {
    const { frames } = await readText(outcar, data('machine-learned'));
    expect(frames.map((f) => [f.info['ml'], f.labels?.energy, f.labels?.converged])).toEqual([
      [true, -6.8, undefined],
      [undefined, -6.7, true],
      [true, -6.6, undefined],
    ]);
    expect(frames.map((f) => f.labels?.virial === undefined)).toEqual([false, false, false]);
  });
  test('whose SCF is printed before a machine-learned block keep their SCF', async () => {
    const ml = data('machine-learned');
    const block = ml.slice(ml.indexOf('  ML FORCE'), ml.indexOf('\n-----------------------------------------'));
    const text = TWO.slice(0, END).replace('  FORCE on cell', `${block}  FORCE on cell`) + TWO.slice(END);
    const { frames } = await readText(outcar, text.replace('\n   ions per type', '\n   ions per type'));
    expect(frames.map((f) => [f.info['ml'], f.info['ionic_step'], f.labels?.energy])).toEqual([
      [true, undefined, -6.8],
      [undefined, 1, -8.5],
      [undefined, 2, -9.5],
    ]);
  });
  test('without stress have no virial', async () => {
    const [frame] = (await readText(outcar, TWO.replace(/ {2}in kB.*\n/g, ''))).frames;
    expect(frame.labels?.virial).toBeUndefined();
  });
  test('without a force table are counted; the first takes its positions from the head', async () => {
    const text = TWO.replace(/ POSITION[\s\S]*?total drift.*\n/g, '');
    const result = await readText(outcar, text);
    expect(result.frames.map((f) => [f.labels?.energy, f.labels?.forces, f.positions[3]])).toEqual([
      [-8.5, undefined, 0.5],
    ]);
    expect(codesOf(result).map((code) => code.split(':')[0])).toEqual(['no-positions']);
  });
  test('with forces but no energy are given with a warning', async () => {
    const text = TWO.slice(0, STEP_2).replace(/ {2}free {2}energy[\s\S]*sigma->0.*\n/, '') + TWO.slice(END);
    const result = await readText(outcar, text.replace(/ {2}energy {2}without.*\n/, ''));
    expect(result.frames.map((f) => f.labels?.energy)).toEqual([undefined]);
    expect(codesOf(result)[0]).toMatch(/^no-energy:/);
  });
});

describe('OUTCAR numbers', () => {
  test('that run together are split by their decimals', async () => {
    const row = ' -12345.12345-123456.12345      1.00000   -123456.123456-1234567.123456      0.500000\n';
    const text = TWO.replace(/( -{83}\n).*\n/, `$1${row}`);
    const at = text.indexOf(' POSITION');
    const { frames } = await readText(outcar, text.slice(0, at) + text.slice(at).replace(/( -{83}\n).*\n/, `$1${row}`));
    expect([...frames[0].positions.subarray(0, 3)]).toEqual([-12345.12345, -123456.12345, 1]);
    expect([...(frames[0].labels?.forces?.subarray(0, 3) ?? [])]).toEqual([-123456.123456, -1234567.123456, 0.5]);
  });
  test('that overflow (****) are missing, named by line, the rest stays usable', async () => {
    const text = data('appended-overflow');
    const result = await readText(outcar, text);
    const { labels } = result.frames[0];
    expect(labels?.forces?.subarray(3)).toEqual(Float64Array.of(Number.NaN, -123456.123456, 0.5));
    expect([labels?.energy, labels?.energySigma0, labels?.virial]).toEqual([undefined, -8.375, undefined]);
    const star = (part: string) => `missing-value:${lineOf(text, part)}`;
    expect(codesOf(result).slice(0, 3)).toEqual([
      star('  in kB  *'),
      star(' -12345'),
      star('  free  energy   TOTEN  = *'),
    ]);
  });
  test('of columns without van der Waals terms are left out', async () => {
    const { frames } = await readText(outcar, data('appended-overflow'));
    expect([...(frames[0].labels?.forces?.subarray(0, 3) ?? [])]).toEqual([0.1, -0.2, 0.3]);
  });
  test('that overflow in a position leave the step out', async () => {
    const at = TWO.indexOf(' POSITION');
    const text = TWO.slice(0, at) + TWO.slice(at).replace('      1.50000', '*************');
    const result = await readText(outcar, text);
    expect(result.frames.length).toBe(1);
    expect(codesOf(result)[1]).toMatch(/^dropped:/);
  });
  test('of a non-collinear moment are three', async () => {
    const { frames } = await readText(outcar, TWO.replaceAll('2.5000000', '2.5  -0.5  0.25'));
    expect(frames[0].info['magnetization']).toEqual([2.5, -0.5, 0.25]);
  });
});

describe('OUTCAR heads', () => {
  test('with POTCAR lines only are enough, doubled or not; the all-electron title counts', async () => {
    const single = TWO.replace(/ {3}TITEL.*\n/g, '');
    expect([...(await readText(outcar, single)).frames[0].numbers]).toEqual([26, 8]);
    const once = single.replace(/ POTCAR.*\n POTCAR.*\n/, '').replace('PAW_PBE O 02Aug2007', 'H  1/r potential');
    expect([...(await readText(outcar, once)).frames[0].numbers]).toEqual([26, 1]);
  });
  test('whose lists do not fit leave the elements unknown, with a warning', async () => {
    const result = await readText(
      outcar,
      TWO.replace(/ {3}TITEL.*O 02.*\n/, '').replace(' POTCAR:    PAW_PBE Fe_pv', ' PAW'),
    );
    expect([...result.frames[0].numbers]).toEqual([0, 0]);
    expect(codesOf(result)).toContain(`unknown-species:${lineOf(TWO, 'ions per type') - 1}`);
  });
  test('with fewer counts than ions are refused and point to vasprun.xml', async () => {
    const { error } = await readText(outcar, TWO.replace('NIONS =      2', 'NIONS =      3'));
    expect(error?.message).toMatch(/^in:\d+: .*vasprun\.xml/);
  });
  test('that are cut before the counts are an error even when truncation is not', async () => {
    const { error } = await readText(outcar, TWO.slice(0, 300), { strict: false });
    expect(error?.message).toMatch(/expected ions per type and an ionic step, found the end of the file/);
  });
  test('that claim a huge number of ions allocate nothing for it', async () => {
    const huge = HEAD.replace('NIONS =      2', 'NIONS = 9000000000000000').replace(
      /type = .*/,
      'type = 9000000000000000',
    );
    const { error } = await readText(outcar, huge + TWO.slice(STEP_1));
    expect(error?.message).toMatch(/expected row 3 of 9000000000000000/);
  });
});

describe('OUTCAR ends', () => {
  test('without the footer but with whole steps give a warning', async () => {
    const result = await readText(outcar, TWO.slice(0, END));
    expect(result.frames.length).toBe(2);
    expect(codesOf(result)[0]).toMatch(/^unfinished:/);
  });
  test.each([
    ['in the SCF', STEP_2 + 300],
    ['in the force table', TWO.lastIndexOf('total drift') - 120],
    ['in a row', TWO.lastIndexOf('total drift') - 130],
    ['between forces and energies', TWO.lastIndexOf('  free  energy   TOTEN')],
    ['in the last energy', TWO.lastIndexOf('9.37500000') + 4],
  ])('%s give the whole steps, then an error; or a warning', async (_, at) => {
    const cut = TWO.slice(0, at);
    const strict = await readText(outcar, cut);
    expect(strict.frames.length).toBe(1);
    expect(strict.error?.message).toMatch(
      /^in:\d+: \(frame 1\) expected .*, found the end of the file \[vasp-outcar\]$/,
    );
    const lenient = await readText(outcar, cut, { strict: false });
    expect([lenient.frames.length, lenient.error]).toEqual([1, undefined]);
    expect(codesOf(lenient)).toContainEqual(expect.stringMatching(/^truncated:/));
  });
  test('of a run that another is appended to are said, the frames of both given', async () => {
    const result = await readText(outcar, TWO + TWO);
    expect(result.frames.map((f) => f.info['run'])).toEqual([undefined, undefined, 2, 2]);
    expect(codesOf(result)[0]).toBe(`appended-run:${TWO.split('\n').length}`);
  });
  test('of a run cut in a step before the appended one leave that step out', async () => {
    const result = await readText(outcar, TWO.slice(0, STEP_2 + 300).replace(/\n[^\n]*$/, '\n') + TWO);
    expect(result.frames.map((f) => f.labels?.energy)).toEqual([-8.5, -8.5, -9.5]);
    expect(codesOf(result)[0]).toMatch(/^truncated:/);
  });
  test('of a table that has a row too many or a word are refused at the line', async () => {
    const row = '      0.00000      0.00000      0.00000         0.000000      0.000000      0.000000\n';
    const at = TWO.indexOf('    total drift');
    const ruler = TWO.lastIndexOf(' ---', at);
    const more = await readText(outcar, TWO.slice(0, ruler) + row + TWO.slice(ruler));
    expect(more.error?.message).toMatch(/expected a ruler behind 2 rows/);
    const word = await readText(outcar, `${TWO.slice(0, ruler - 20)}x${TWO.slice(ruler - 19)}`);
    expect(word.error?.message).toMatch(/expected row 2 of 2 of the force table/);
  });
});

test('OUTCAR content is recognised, other text is not', () => {
  const sniff = (text: string) => outcar.sniff(Buffer.from(text));
  expect(sniff(TWO)).toBe(1);
  expect(sniff(data('old-order').replace(/^.*\n/, ''))).toBeGreaterThan(0.9);
  expect(sniff('2\ncomment\nSi 0 0 0\n')).toBe(0);
});
