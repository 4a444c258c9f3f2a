import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { xdatcar } from '../../../formats/vasp/xdatcar.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readText } from './read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data/vasp-xdatcar', name, 'XDATCAR'), 'latin1');
const HEADER = 'salt\n1\n4 0 0\n0 4 0\n0 0 4\nNa Cl\n1 1\n';

describe('XDATCAR', () => {
  test('with one header gives a frame for each configuration line, run-together columns split', async () => {
    const { frames, error } = await readText(xdatcar, data('header-once'));
    expect(error).toBeUndefined();
    expect(frames.map((f) => f.info['configuration'])).toEqual([1, 2, 3]);
    const [x, y] = [-10.63265286, -11.11227753];
    expect(frames[2].positions[3]).toBeCloseTo(4 * x, 10);
    expect(frames[2].positions[4]).toBeCloseTo(4.1 * y + 0.25, 10);
  });
  test('with a header for every frame takes each cell', async () => {
    const { frames } = await readText(xdatcar, data('header-repeated'));
    expect(frames.map((f) => f.cell?.[4])).toEqual([4.1, 4.2, 4.3]);
    expect(frames[0].cell).not.toBe(frames[1].cell);
  });
  test('with blank lines only gives every frame', async () => {
    const { frames } = await readText(xdatcar, data('blank-lines'));
    expect(frames.map((f) => f.positions[0])).toEqual([0.04, 0.08, 0.12]);
  });
  test('header repeated with a blank comment line is no frame', async () => {
    const header = HEADER.replace('salt', '');
    const { frames, error } = await readText(
      xdatcar,
      `${`${header}Direct configuration= 1\n0 0 0\n.5 .5 .5\n`.repeat(2)}`,
    );
    expect(error).toBeUndefined();
    expect(frames.length).toBe(2);
    expect(frames[1].info['comment']).toBe('');
  });
  test('without species the elements are unknown, said once', async () => {
    const result = await readText(
      xdatcar,
      `${HEADER.replace('Na Cl\n', '')}Direct configuration= 1\n0 0 0\n.5 .5 .5\n`,
    );
    expect([...result.frames[0].numbers]).toEqual([0, 0]);
    expect(codesOf(result)).toEqual(['unknown-species:6']);
  });
  test('cut in a frame gives the frames before and an error', async () => {
    const text = data('blank-lines').trimEnd();
    const { frames, error } = await readText(xdatcar, text.slice(0, text.lastIndexOf('\n') + 1));
    expect(frames.length).toBe(2);
    expect(error?.message).toMatch(/^in:15: \(frame 2\) expected position 2 of 2/);
  });
  test('a row too many and a word in a row are refused at their lines', async () => {
    const frame = 'Direct configuration= 1\n0 0 0\n.5 .5 .5\n';
    const more = await readText(xdatcar, `${HEADER}${frame}.1 .1 .1\n`);
    expect(more.error?.message).toMatch(/^in:11: \(frame 1\) expected Direct configuration=/);
    const word = await readText(xdatcar, HEADER + frame.replace('.5 .5', '.5 half'));
    expect(word.error?.message).toMatch(/^in:10: \(frame 0\) expected position 2 of 2/);
  });
  test('a header without a frame is an error', async () => {
    expect((await readText(xdatcar, HEADER)).error?.message).toMatch(/^in:7: .*expected Direct configuration=/);
  });
  test('content is told from a POSCAR', () => {
    const sniff = (text: string) => xdatcar.sniff(Buffer.from(text));
    expect(sniff(data('header-once'))).toBe(1);
    expect(sniff(data('blank-lines'))).toBeGreaterThan(0.8);
    expect(sniff(`${HEADER}Direct\n0 0 0\n.5 .5 .5\n`)).toBe(0);
  });
});
