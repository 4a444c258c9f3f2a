import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LAYOUT } from '../../../formats/extxyz/layout.ts';
import type { Frame, InfoValue } from '../../../src/core/frame.ts';
import { readText, writeText } from './frames.ts';

const frameOf = (rest: Partial<Frame>): Frame => ({
  natoms: 1,
  cell: Float64Array.of(10, 0, 0, 0, 11, 0, 0, 0, 12),
  pbc: [true, true, true],
  numbers: Uint8Array.of(14),
  positions: Float64Array.of(0.1, 1e-7, -1 / 3),
  arrays: {},
  info: {},
  ...rest,
});
const readBack = async (frames: readonly Frame[], options = {}) => {
  const { text, codes } = await writeText(frames, options);
  const outcome = await readText(text);
  if (outcome.error) throw outcome.error;
  return { text, codes, frames: outcome.frames, frame: outcome.frames[0] };
};

describe('extxyz that is written', () => {
  test('holds what was read: keys, columns, types, order and values', async () => {
    const text = [
      '2',
      'b=1 Properties=id:I:1:pos:R:3:Z:I:1:ok:L:2:s:S:1:REF_forces:R:3 a=1.0 Lattice="10.0 0.0 0.0 0.5 11.0 0.0 0.25 0.75 12.0" n=[1, 2] m=[[1.0, 2.0], [3.0, 4.5]] v="1.0 2.0" one=[7] t="12 monkeys" u="_JSON \\"12\\"" "key x"=T big=9007199254740993 REF_energy=-14.5 REF_stress="0.01 0.0 0.0 0.0 0.02 0.0 0.0 0.0 0.03" zero=-0.0',
      '5 0.1 0.2 0.30000000000000004 8 T F x 1 2 -0.0',
      '-6 1e-7 1e+22 -5 1 F F "y" 0 0 0.125',
      '',
    ].join('\n');
    const { frames } = await readText(text);
    expect((await writeText(frames)).text).toBe(text);
  });
  test('is the same after any number of rounds', async () => {
    const { frames } = await readText('1\nsome words here\nSi 0 0 0 5\n');
    const first = (await writeText(frames)).text;
    expect(first).toBe('1\ncomment="some words here" Properties=species:S:1:pos:R:3\nSi 0 0 0\n');
    expect((await writeText((await readText(first)).frames)).text).toBe(first);
  });
  test('keeps any numbers, texts and nested values of info exactly', async () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const leaf = fc.oneof(number, fc.boolean(), fc.string(), fc.stringMatching(/^[0-9TF." \\'{}[\]=,\n-]{1,9}$/));
    const value = fc.oneof(leaf, fc.array(number), fc.array(leaf), fc.array(fc.array(number, { minLength: 1 })));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), value), async (info) => {
        for (const key of ['Lattice', 'Properties', 'pbc']) delete info[key];
        const { frame } = await readBack([frameOf({ info: info as Record<string, InfoValue> })]);
        const { [LAYOUT]: _, ...found } = frame.info as Record<PropertyKey, InfoValue>;
        expect(found).toEqual(info);
      }),
      { numRuns: 500 },
    );
  });
  test('keeps positions, columns and labels of any frame bit by bit', async () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const numbers = (n: number) => fc.array(number, { minLength: n, maxLength: n }).map((x) => Float64Array.from(x));
    const anyFrame = fc
      .integer({ min: 0, max: 4 })
      .chain((n) =>
        fc.record({ positions: numbers(3 * n), forces: numbers(3 * n), energy: number, masses: numbers(n) }),
      );
    await fc.assert(
      fc.asyncProperty(anyFrame, async ({ positions, forces, energy, masses }) => {
        const natoms = masses.length;
        const numbers = new Uint8Array(natoms).fill(79);
        const { frame } = await readBack([frameOf({ natoms, numbers, positions, masses, labels: { energy, forces } })]);
        expect(frame).toMatchObject({ natoms, positions, masses, numbers, labels: { energy, forces } });
      }),
    );
  });
  test('has labels of other formats under the keys of the chosen dialect', async () => {
    const virial = Float64Array.of(1, 2, 3, 2, 4, 5, 3, 5, 6);
    const labels = { energy: -2, forces: Float64Array.of(1, 2, 3), virial };
    const text = async (labelKeys?: string) =>
      (await writeText([frameOf({ labels })], labelKeys ? { labelKeys } : {})).text;
    expect(await text()).toMatch(/Properties=species:S:1:pos:R:3:forces:R:3 energy=-2.0 stress="-0.000757/);
    expect(await text('mace')).toMatch(/pos:R:3:REF_forces:R:3 REF_energy=-2.0 REF_stress="-0.000757/);
    expect(await text('gap')).toMatch(/pos:R:3:force:R:3 energy=-2.0 virial="1.0 2.0 3.0 2.0 4.0 5.0 3.0 5.0 6.0"/);
    expect(await text('nep')).toMatch(/pos:R:3:forces:R:3 energy=-2.0 virial="1.0/);
    for (const dialect of [undefined, 'mace', 'gap', 'nep', 'n2p2']) {
      const { frames } = await readText(await text(dialect), dialect ? { labelKeys: dialect } : {});
      expect(frames[0].labels).toMatchObject({ energy: -2, forces: labels.forces });
      virial.forEach((v, k) => {
        expect(frames[0].labels?.virial?.[k]).toBeCloseTo(v, 12);
      });
    }
  });
  test('names both kinds of energy, and says when the force-consistent one is not known', async () => {
    const both = await readBack([frameOf({ labels: { energy: -2, energySigma0: -1 } })]);
    expect(both.text).toContain('energy=-1.0 free_energy=-2.0');
    expect(both.frame.labels).toEqual({ energy: -2, energySigma0: -1 });
    expect((await writeText([frameOf({ labels: { energySigma0: -1 } })])).codes).toEqual(['energy-kind']);
  });
  test('renames labels from one dialect to another without doubling them', async () => {
    const { frames } = await readText(
      '1\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 stress="1 0 0 0 2 0 0 0 3" tag=x\nSi 0 0 0 1 2 3\n',
    );
    const { text } = await writeText(frames, { labelKeys: 'mace' });
    expect(text.split('\n')[1]).toMatch(
      /^Lattice="[^"]*" Properties=species:S:1:pos:R:3:REF_forces:R:3 tag=x REF_energy=-1.5 REF_stress="1.0 0.0 0.0 0.0 2.0 0.0 0.0 0.0 3.0"$/,
    );
  });
  test('has the new label where a frame was labeled again, and says that the old one is replaced', async () => {
    const { frames } = await readText('1\nProperties=species:S:1:pos:R:3 energy=-1.5 tag=x\nSi 0 0 0\n');
    const { text, codes } = await writeText([{ ...frames[0], labels: { energy: -7 } }]);
    expect(text).toContain('energy=-7.0');
    expect(text).not.toContain('-1.5');
    expect(codes).toEqual(['label-replaced']);
  });
  test('has no unit keys of the input beside converted labels', async () => {
    const { frames } = await readText('1\nProperties=species:S:1:pos:R:3 energy=-1 energy-unit=hartree\nSi 0 0 0\n');
    const { frame, text } = await readBack(frames);
    expect(text).not.toContain('energy-unit');
    expect(frame.labels).toEqual(frames[0].labels);
  });
  test('has velocities as momenta that read back as the same velocities', async () => {
    const velocities = Float64Array.of(1, -2, 3);
    const { frame } = await readBack([frameOf({ velocities })]);
    velocities.forEach((v, k) => {
      expect(frame.velocities?.[k]).toBeCloseTo(v, 12);
    });
  });
  test('reports what it cannot hold', async () => {
    const { codes } = await writeText([
      frameOf({
        info: { Lattice: 1, x: Number.NaN, 'ok key': 'ok' },
        arrays: {
          'a:b': { columns: 1, data: Int32Array.of(1) },
          words: { columns: 1, data: ['two words'] },
          nan: { columns: 1, data: Float64Array.of(Number.NaN) },
        },
        labels: { energy: Number.NaN },
      }),
    ]);
    expect(codes.toSorted()).toEqual([
      ...['column-dropped', 'column-dropped', 'column-dropped', 'key-dropped', 'key-dropped', 'not-finite'],
    ]);
  });
});
