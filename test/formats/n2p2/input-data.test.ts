import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReadOptions, WriteOptions } from '../../../formats/format.ts';
import { runner } from '../../../formats/n2p2/input-data.ts';
import { FormatError, MissingDataError, TruncatedError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { BOHR, HARTREE } from '../../../src/core/units.ts';
import { pieces, readAll } from '../../contracts/read.ts';
import { ROOT } from '../../lanes.ts';

const UNITS = { lengthUnit: 'bohr', energyUnit: 'hartree' };
const read = (text: string, options: Partial<ReadOptions> = UNITS) =>
  readAll(runner, pieces(Buffer.from(text), 1 << 16), options);
const write = async (frames: readonly Frame[], options: Partial<WriteOptions> = UNITS) => {
  async function* source() {
    yield* frames;
  }
  let text = '';
  for await (const piece of runner.write(source(), { onDiagnostic: () => {}, ...options })) text += piece;
  return text;
};
const file = (name: string) => readFileSync(join(ROOT, 'test/data/runner', name, 'input.data'), 'utf8');
const ATOM = 'atom 1 2 3 H 0.5 0 0.1 0.2 0.3\n';
const block = (body: string) => `begin\n${body}end\n`;

describe('RuNNer input.data', () => {
  test('is converted from the stated units', async () => {
    const { frames } = await read(block(`lattice 2 0 0\nlattice 0 3 0\nlattice 0 0 4\n${ATOM}energy -2\ncharge 1\n`));
    const [frame] = frames;
    expect(frame.positions).toEqual(Float64Array.of(BOHR, 2 * BOHR, 3 * BOHR));
    expect(frame.cell?.[8]).toBe(4 * BOHR);
    expect(frame.pbc).toEqual([true, true, true]);
    expect(frame.charges).toEqual(Float64Array.of(0.5));
    expect(frame.labels?.energy).toBe(-2 * HARTREE);
    expect(frame.labels?.forces?.[2]).toBeCloseTo((0.3 * HARTREE) / BOHR, 12);
    expect(frame.info).toEqual({ total_charge: 1 });
  });
  test('is refused without units, and kept as it is where numbers stay as read', async () => {
    for (const options of [{}, { lengthUnit: 'bohr' }, { energyUnit: 'eV' }, { lengthUnit: 'm', energyUnit: 'eV' }])
      expect((await read(block(ATOM), options)).error).toBeInstanceOf(MissingDataError);
    expect((await read(block(ATOM), { asRead: true })).frames[0].positions).toEqual(Float64Array.of(1, 2, 3));
  });
  test('keeps comments, marks of sets and the unused column; no lattice is not periodic', async () => {
    const marks = (await read(file('marks'), { asRead: true })).frames;
    expect(marks.map((f) => f.info)).toEqual([
      { comment: ['first', 'second'], set: 'train', total_charge: 0 },
      { set: 'test', total_charge: -1 },
    ]);
    expect(marks[0]).toMatchObject({ cell: null, pbc: [false, false, false] });
    const water = await read(file('water'), { asRead: true });
    expect(water.frames[0].info).toMatchObject({ comment: " water 1, from = 'x'" });
    expect(water.frames[1].arrays['unused'].data).toEqual(Float64Array.of(0.5));
  });
  test('with a Fortran exponent is read, and n2p2 reading it otherwise is said', async () => {
    const { frames, diagnostics } = await read(file('water'), { asRead: true });
    expect(frames[1].labels?.energy).toBe(-100);
    expect(diagnostics).toMatchObject([{ code: 'd-exponent', at: { line: 15 } }]);
  });
  test.each([
    [block(`lattice 1 0 0\n${ATOM}`), 4, 'no or three lattice lines'],
    [block(`${'lattice 1 0 0\n'.repeat(4)}${ATOM}`), 5, 'found a fourth'],
    [block('atom 1 2 3 H 0 0 1 2\n'), 2, 'force component z'],
    [block('atom 1 2 3 H 0 0 1 2 3 4\n'), 2, 'end of the atom line'],
    [block('atom 1 2 3 Qq 0 0 1 2 3\n'), 2, 'element symbol, found "Qq"'],
    [block('atom 1 2 x H 0 0 1 2 3\n'), 2, 'coordinate z'],
    [block('atom 1 2 nan H 0 0 1 2 3\n'), 2, 'finite'],
    [block('energy 1\nenergy 2\n'), 3, 'a second'],
    [block('stress 1\n'), 2, 'found "stress"'],
    [block('\n'), 2, 'blank line'],
    [`begin\n${ATOM}begin\n`, 3, 'expected "end" of the block, found "begin"'],
    [`${block(ATOM)}atom\n`, 4, 'expected "begin"'],
    ['begin set=a b\nend\n', 1, 'begin set=NAME'],
  ])('%j is refused at line %i', async (text, line, message) => {
    const { error } = await read(text);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).at.line).toBe(line);
    expect(String(error)).toContain(message);
  });
  test('without the last end gives the whole frames and a truncation', async () => {
    const text = `${block(ATOM)}begin\n${ATOM}`;
    expect(await read(text)).toMatchObject({ frames: { length: 1 }, error: expect.any(TruncatedError) });
    const lenient = await read(text, { ...UNITS, strict: false });
    expect([lenient.frames.length, lenient.error, lenient.diagnostics[0].code]).toEqual([1, undefined, 'truncated']);
  });
  test('that is written reads back as the same frame', async () => {
    const eV = { lengthUnit: 'angstrom', energyUnit: 'eV' };
    const { frames } = await read(file('water'), eV);
    const again = await read(await write(frames, eV), eV);
    const bare = (list: readonly Frame[]) => list.map(({ origin: _, ...frame }) => frame);
    expect(bare(again.frames)).toEqual(bare(frames));
    const inBohr = await read(await write(frames));
    expect(inBohr.frames[1].cell?.[4]).toBeCloseTo(11, 12);
    expect(inBohr.frames[0].labels?.forces?.[2]).toBeCloseTo(0.03, 12);
  });
  test('cannot be written without units, energy, forces or elements', async () => {
    const [frame] = (await read(block(`${ATOM}energy 1\n`))).frames;
    const { labels: _, ...unlabeled } = frame;
    await expect(write([frame], {})).rejects.toBeInstanceOf(MissingDataError);
    await expect(write([unlabeled])).rejects.toThrow('energy');
    await expect(write([{ ...frame, labels: { energy: 1 } }])).rejects.toThrow('forces');
    await expect(write([{ ...frame, numbers: Uint8Array.of(0) }])).rejects.toThrow('no element');
    await expect(
      write([{ ...frame, labels: { energy: 1, forces: Float64Array.of(Number.NaN, 0, 0) } }]),
    ).rejects.toThrow('finite');
  });
});
