import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vasprun } from '../../../formats/vasp/vasprun.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readText } from './read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data/vasp-xml', name, 'vasprun.xml'), 'latin1');
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;
const MIXED = data('mixed-ml');

describe('vasprun.xml', () => {
  test('gives ab-initio steps and the machine-learned ones between them, flagged', async () => {
    const { frames, error } = await readText(vasprun, MIXED);
    expect(error).toBeUndefined();
    expect(frames.map((f) => [f.info['ml'], f.labels?.energy, f.positions[0]])).toEqual([
      [undefined, -10.5, 0.04],
      [true, -11, 0.08],
      [true, -12, 0.12],
      [undefined, -13.5, 0.16],
    ]);
  });
  test('repairs the energies that the energy block has wrong by the last SCF step', async () => {
    const { frames } = await readText(vasprun, MIXED);
    expect(frames.map((f) => [f.labels?.energySigma0, f.info['energy_without_entropy']])).toEqual([
      [-10.375, -10.25],
      [-11, -11],
      [-12, -12],
      [-13.375, -13.25],
    ]);
  });
  test('gives forces, and the virial from the upper triangle of the stress in kbar', async () => {
    const [frame] = (await readText(vasprun, MIXED.replace('0.50000000       -4.25', '0.51000000       -4.25'))).frames;
    expect([...(frame.labels?.forces ?? [])]).toEqual([0.1, 0.2, 0.3, -0.1, -0.2, -0.3]);
    const kbar = [13.5, 0.5, 1, 0.5, -4.25, -0.25, 1, -0.25, 7.125];
    frame.labels?.virial?.forEach((w, k) => {
      expect(w).toBeCloseTo((kbar[k] * 64) / 1602.176634, 12);
    });
  });
  test('names elements by their potentials, where old versions cut the element (r for Zr)', async () => {
    const [frame] = (await readText(vasprun, MIXED)).frames;
    expect([...frame.numbers]).toEqual([40, 8]);
    expect(frame.arrays['species'].data).toEqual(['Zr_sv', 'O']);
  });
  test('takes an SCF of NELM steps for one not known to be converged', async () => {
    const result = await readText(vasprun, MIXED.replace('>    60<', '>    2<'));
    expect(result.frames.map((f) => f.labels?.converged)).toEqual([false, undefined, undefined, false]);
    expect(codesOf(result)).toContain(`unconverged:${lineOf(MIXED, '<calculation>')}`);
  });
  test('leaves overflows (****) missing, named by line', async () => {
    const result = await readText(vasprun, MIXED);
    expect(result.frames[3].labels?.forces?.subarray(0, 3)).toEqual(Float64Array.of(Number.NaN, 0.2, 0.3));
    expect(codesOf(result)).toContain(`missing-value:${lineOf(MIXED, '****')}`);
  });
  test('splits columns that run together', async () => {
    const text = MIXED.replace(/0\.02000000 +0\.00000000/, '-1234567.02000000-1234567.00000000');
    expect((await readText(vasprun, text)).frames[1].positions[0]).toBeCloseTo(4 * -1234567.02, 6);
  });
  test('that is cut gives the whole steps, then an error at the last line; or a warning', async () => {
    const cut = data('cut-off');
    const strict = await readText(vasprun, cut);
    expect(strict.frames.length).toBe(1);
    expect(strict.error?.message).toMatch(
      new RegExp(`^in:${cut.split('\n').length}: \\(frame 1\\) expected </modeling>`),
    );
    const lenient = await readText(vasprun, cut, { strict: false });
    expect([lenient.frames.length, ...codesOf(lenient)]).toEqual([1, `truncated:${cut.split('\n').length}`]);
  });
  test('passes over bytes and ampersands that XML does not allow in texts', async () => {
    const result = await readText(vasprun, MIXED.replace('&amp;', '\x01 &'));
    expect(result.frames.length).toBe(4);
    expect(codesOf(result)).toContain(`malformed-xml:${lineOf(MIXED, 'SYSTEM')}`);
  });
  test.each([
    [
      'rows that do not match the atoms',
      MIXED.replace(/(<calculation>[\s\S]*?) *<v> +0\.5.* 0\.5.*\n/, '$1'),
      /expected 2 rows of positions, found 1/,
    ],
    ['a word in a row', MIXED.replace('-0.20000000', '-0.2x000000'), /expected three numbers/],
    ['a tag that is not closed', MIXED.replace('</scstep>', ''), /well-formed XML/],
    ['XML of another program', '<?xml version="1.0"?>\n<VTKFile>\n</VTKFile>\n', /^in:2: .*expected <modeling>/],
  ])('refuses %s', async (_, text, message) => {
    expect((await readText(vasprun, text)).error?.message).toMatch(message);
  });
  test('bounds memory for text without tags and for nesting without end', async () => {
    expect((await readText(vasprun, `<modeling>${'x'.repeat(2 << 20)}`)).error?.message).toMatch(/without a tag/);
    expect((await readText(vasprun, `<modeling>${'<a>'.repeat(200)}`)).error?.message).toMatch(/nested/);
  });
  test('steps over what is not needed, whatever is in it', async () => {
    const text = MIXED.replace(/<dos>[\s\S]*?<\/dos>/, '<dos>\n < & \n</dos>');
    const { frames, error } = await readText(vasprun, text);
    expect([frames.length, error]).toEqual([4, undefined]);
  });
  test('steps without structure are counted', async () => {
    const text = MIXED.replace('</modeling>', '<calculation><energy></energy></calculation></modeling>');
    expect(codesOf(await readText(vasprun, text))).toContain(`no-positions:${lineOf(MIXED, '</modeling>')}`);
  });
  test('is recognised by its root element', () => {
    const sniff = (text: string) => vasprun.sniff(Buffer.from(text, 'latin1'));
    expect(sniff(MIXED)).toBe(1);
    expect(sniff('<?xml version="1.0"?>\n<VTKFile>')).toBe(0);
  });
});
