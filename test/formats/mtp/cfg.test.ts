import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReadOptions, WriteOptions } from '../../../formats/format.ts';
import { mtpCfg } from '../../../formats/mtp/cfg.ts';
import { FormatError, MissingDataError, TruncatedError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { pieces, readAll } from '../../contracts/read.ts';
import { ROOT } from '../../lanes.ts';

const read = (text: string, options: Partial<ReadOptions> = {}) =>
  readAll(mtpCfg, pieces(Buffer.from(text), 1 << 16), options);
const write = async (frames: readonly Frame[], options: Partial<WriteOptions> = {}) => {
  async function* source() {
    yield* frames;
  }
  let text = '';
  const codes: string[] = [];
  for await (const piece of mtpCfg.write(source(), { onDiagnostic: (d) => codes.push(d.code), ...options }))
    text += piece;
  return { text, codes };
};
const FILE = readFileSync(join(ROOT, 'test/data/mtp-cfg/two/train.cfg'), 'utf8');
const TYPES = ['Na', 'Cl', 'K', 'Br'];
const cfg = (body: string) => `BEGIN_CFG\n${body}END_CFG\n`;
const ONE = 'Size\n1\nAtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0 0\n';

describe('MLIP configurations', () => {
  test('have PlusStress as the virial, with the components of its header', async () => {
    const [frame, second] = (await read(FILE, { typeMap: TYPES })).frames;
    expect(frame.labels?.virial).toEqual(Float64Array.of(1, 0.6, 0.5, 0.6, 2, 0.4, 0.5, 0.4, 3));
    expect(frame.labels).toMatchObject({ energy: -10.5, forces: Float64Array.of(0.1, 0.2, -0.3, -0.1, -0.2, 0.3) });
    expect(Array.from(frame.cell ?? [])).toEqual([4, 0, 0, 0.5, 4.5, 0, 0, 0.25, 5]);
    expect(Array.from(frame.numbers)).toEqual([11, 17]);
    expect(frame.info).toEqual({ EFS_by: 'VASP', mindist: '1.850000' });
    expect(second).toMatchObject({ cell: null, pbc: [false, false, false], numbers: Uint8Array.of(35) });
    expect(second.labels).toBeUndefined();
    const reordered = await read(cfg(`${ONE}MinusStress: xy xx yy zz xz yz\n6 1 2 3 5 4\n`));
    expect(reordered.frames[0].labels?.virial).toEqual(Float64Array.of(-1, -6, -5, -6, -2, -4, -5, -4, -3));
  });
  test('keep types as numbers where no type map says the elements', async () => {
    const { frames, diagnostics } = await read(FILE);
    expect(Array.from(frames[0].numbers)).toEqual([0, 0]);
    expect(frames[0].arrays['type'].data).toEqual(Int32Array.of(0, 1));
    expect(diagnostics.map((d) => d.code)).toEqual(['no-type-map']);
  });
  test('have direct coordinates times the cell, and keep further columns', async () => {
    const text = cfg(
      'Size\n1\nSupercell\n4 0 0\n0 4 0\n1 0 4\nAtomData: type direct_x direct_y direct_z nbh_grades\n0 0.5 0.25 0.5 1.5\n',
    );
    const [frame] = (await read(text)).frames;
    expect(Array.from(frame.positions)).toEqual([2.5, 1, 2]);
    expect(frame.arrays['nbh_grades'].data).toEqual(Float64Array.of(1.5));
  });
  test.each([
    [cfg('Size\n-1\n'), 3, 'number of atoms'],
    [cfg('Size\n1\n'), 4, 'expected AtomData'],
    [cfg(''), 2, 'expected Size'],
    [cfg('AtomData: id type cartes_x cartes_y cartes_z\n'), 2, 'Size before AtomData'],
    [cfg('Size\n1\nAtomData: id type cartes_x cartes_y\n1 0 0 0\n'), 4, 'column cartes_z'],
    [cfg('Size\n1\nAtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0\n'), 5, 'cartes_z'],
    [cfg('Size\n1\nAtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0 0 0\n'), 5, 'found more'],
    [cfg(`${ONE}Energy\nx\n`), 7, 'the energy'],
    [cfg(`${ONE}PlusStress: xx yy zz\n1 2 3\n`), 6, 'components'],
    [cfg(`${ONE}Energy\n1\nEnergy\n2\n`), 8, 'once'],
    [`BEGIN_CFG\n${ONE}BEGIN_CFG\n`, 6, 'expected END_CFG'],
    [`${cfg(ONE)}x\n`, 7, 'expected BEGIN_CFG'],
    [cfg(`${ONE}What\n`), 6, 'found "What"'],
  ])('%j is refused at line %i', async (text, line, message) => {
    const { error } = await read(text);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).at.line).toBe(line);
    expect(String(error)).toContain(message);
  });
  test('a cut-off file gives its whole frames and a truncation; a count costs no memory', async () => {
    expect(await read(FILE.slice(0, -10))).toMatchObject({ frames: { length: 1 }, error: expect.any(TruncatedError) });
    expect(
      (await read('BEGIN_CFG\nSize\n2147483647\nAtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0 0\n')).error,
    ).toBeInstanceOf(TruncatedError);
  });
  test('that are written read back as the same frames', async () => {
    const { frames } = await read(FILE, { typeMap: TYPES });
    const { text } = await write(frames, { typeMap: TYPES });
    const again = await read(text, { typeMap: TYPES });
    const bare = (list: readonly Frame[]) => list.map(({ origin: _, ...frame }) => frame);
    expect(bare(again.frames)).toEqual(bare(frames));
    const raw = (await read(FILE)).frames;
    expect(bare((await read((await write(raw)).text)).frames)).toEqual(bare(raw));
  });
  test('have no features that only repeat a label', async () => {
    const [frame] = (await read(FILE, { typeMap: TYPES })).frames;
    const { text } = await write([{ ...frame, info: { energy: -10.5, stress: [1, 2], other: 'x' } }], {
      typeMap: TYPES,
    });
    expect(text.match(/Feature.*/g)).toEqual(['Feature   other x']);
  });
  test('number elements as they appear where no type map is given, and say so', async () => {
    const { frames } = await read(FILE, { typeMap: TYPES });
    expect((await write(frames)).codes).toEqual(['type-map']);
    await expect(write(frames, { typeMap: ['Na'] })).rejects.toBeInstanceOf(MissingDataError);
  });
});
