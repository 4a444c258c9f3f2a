import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { outcar } from '../../../formats/vasp/outcar.ts';
import { poscar } from '../../../formats/vasp/poscar.ts';
import { vasprun } from '../../../formats/vasp/vasprun.ts';
import { xdatcar } from '../../../formats/vasp/xdatcar.ts';
import { ROOT } from '../../lanes.ts';
import { codesOf, readText } from './read-text.ts';

const data = (name: string) => readFileSync(join(ROOT, 'test/data', name), 'latin1');
const lineOf = (text: string, part: string | RegExp) => text.slice(0, text.search(part)).split('\n').length;

describe('an OUTCAR', () => {
  test('whose run was killed in a row of the force table and then appended to gives the frames of both runs', async () => {
    const text = data('vasp-outcar/appended-to-cut/OUTCAR');
    const result = await readText(outcar, text);
    const line = lineOf(text, /\S.* vasp\.5/);
    expect(result.error).toBeUndefined();
    expect(result.frames.map((f) => [f.info['run'], f.labels?.energy, f.info['program']])).toEqual([
      [undefined, -10.5, 'vasp.5.4.4.18Apr17-6-g9f103f2a35'],
      [2, -10.5, 'vasp.5.4.4.18Apr17-6-g9f103f2a35'],
    ]);
    expect(codesOf(result)).toEqual([`truncated:${line}`, `appended-run:${line}`]);
  });
  test('gives the moments of the atoms, one or three an atom, with the step that they stand in', async () => {
    const { frames, error } = await readText(outcar, data('vasp-outcar/moments/OUTCAR'));
    expect(error).toBeUndefined();
    expect(frames.map((f) => f.arrays['magnetic_moments'])).toEqual([
      { columns: 1, data: Float64Array.of(1.5, -0.25, 0) },
      { columns: 3, data: Float64Array.of(1.5, 0, 0, 0, -0.5, 0, 0, 0, -2.125) },
    ]);
  });
  test('with a table of moments that has another row leaves it out', async () => {
    const text = data('vasp-outcar/moments/OUTCAR').replace('  2        0.000', '  7        0.000');
    const { frames, error } = await readText(outcar, text);
    expect(error).toBeUndefined();
    expect(frames.map((f) => f.arrays['magnetic_moments']?.columns)).toEqual([undefined, 3]);
  });
  test('that is cut in the stress says that it is cut, not that a number overflowed', async () => {
    const text = data('vasp-outcar/moments/OUTCAR');
    const result = await readText(outcar, text.slice(0, text.lastIndexOf('in kB') + 40));
    expect(result.error?.message).toContain('the rest of ionic step 2');
    expect(codesOf(result)).toEqual([]);
  });
});

describe('a vasprun.xml', () => {
  const text = data('vasp-xml/bare-signs/vasprun.xml');
  test('with bare < and & in the text of its INCAR is read, with a warning', async () => {
    const result = await readText(vasprun, text);
    expect(result.error).toBeUndefined();
    expect(result.frames.length).toBe(2);
    expect(codesOf(result)).toEqual([`malformed-xml:${lineOf(text, 'x<y')}`]);
  });
  test('gives selective dynamics for all steps and the velocities of the first, as printed', async () => {
    const { frames } = await readText(vasprun, text);
    const flags = { columns: 3, data: Uint8Array.of(1, 0, 1, 0, 0, 0), logical: true };
    expect(frames.map((f) => f.arrays['selective_dynamics'])).toEqual([flags, flags]);
    const velocities = { columns: 3, data: Float64Array.of(0.1, 0.2, 0.3, 0, 0, 0) };
    expect(frames.map((f) => f.arrays['velocities_direct'])).toEqual([velocities, undefined]);
  });
  test('with flags that are none is refused at their line', async () => {
    const { error } = await readText(vasprun, text.replace('T F T', 'T 0 T'));
    expect(error?.message).toContain(`in:${lineOf(text, 'T F T')}: (frame 0) expected three flags`);
  });
  test('with a second document behind it gives the frames of the first, then an error at the second', async () => {
    const { frames, error } = await readText(vasprun, text + text);
    expect(frames.length).toBe(2);
    expect(error?.message).toContain(`in:${text.split('\n').length}: (frame 2) expected the end of the file behind`);
  });
  test('with other text behind it gives all frames and a warning', async () => {
    const result = await readText(vasprun, `${text}\n\nkilled\n`);
    expect([result.frames.length, result.error]).toEqual([2, undefined]);
    expect(codesOf(result)).toContain(`trailing-text:${text.split('\n').length + 2}`);
  });
  test('without an ionic step says so', async () => {
    const empty = text.slice(0, text.indexOf(' <calculation>')) + text.slice(text.indexOf('</modeling>'));
    expect(codesOf(await readText(vasprun, empty)).some((code) => code.startsWith('no-frames'))).toBe(true);
  });
});

describe('an XDATCAR', () => {
  test('with **** for a position leaves that frame out, with a warning at its row', async () => {
    const result = await readText(xdatcar, data('vasp-xdatcar/overflow/XDATCAR'));
    expect(result.error).toBeUndefined();
    expect(result.frames.map((f) => f.info['configuration'])).toEqual([1, 3]);
    expect(codesOf(result)).toEqual(['dropped:12']);
  });
  test('of VASP 4, without lattice vectors, is refused and says what to do', async () => {
    const { error } = await readText(xdatcar, data('vasp-xdatcar/vasp4/XDATCAR'));
    expect(error?.message).toMatch(/^in:2: .*VASP 4.*CONTCAR/);
  });
  test('with text instead of a repeated header is refused at that text', async () => {
    const text = data('vasp-xdatcar/overflow/XDATCAR').replace('Direct configuration=     3', 'hello\nworld');
    const { error } = await readText(xdatcar, text);
    expect(error?.message).toContain(
      'in:14: (frame 1) expected Direct configuration= or a repeated header, found "hello"',
    );
  });
});

test('a POSCAR without its mode line is refused where the mode should stand', async () => {
  const { error } = await readText(poscar, 'c\n1\n3 0 0\n0 3 0\n0 0 3\nSi\n2\n0 0 0\n0.5 0.5 0.5\n');
  expect(error?.message).toContain('in:8: expected Direct or Cartesian, found "0 0 0"');
});
