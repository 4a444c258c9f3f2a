import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutOf } from '../../../formats/extxyz/layout.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { readText } from './frames.ts';

const COLUMNS = 'Properties=species:S:1:pos:R:3';
const LATTICE = 'Lattice="10 0 0 0 11 0 0 0 12"';

/** Everything that a frame says, with -0, integers and reals, and the layout kept apart. */
function tell({ info, cell, pbc, labels }: Frame) {
  const layout = layoutOf({ info });
  return { info, cell, pbc, labels, keys: layout?.keys, reals: [...(layout?.reals ?? [])] };
}

/** What the comment lines say in one file, where each has the one before as its model, and each in a file of its own. */
async function bothWays(comments: readonly string[]) {
  const frame = (comment: string) => `1\n${comment}\nSi 0 0 0\n`;
  const together = await readText(comments.map(frame).join(''));
  const alone = await Promise.all(comments.map((comment) => readText(frame(comment))));
  return { together, alone };
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((x) => x.toFixed(8)),
  fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '+5',
    '.5',
    '5.',
    '1D-3',
    '1e400',
    '1E5',
    '0x10',
    'inf',
    'T',
    '1e',
    '-',
    '1-2',
    '""',
  ),
);

describe('comment lines that repeat the one before, except for numbers', () => {
  test('say what they say alone, whatever the numbers are', async () => {
    const line = fc
      .tuple(number, number, number, fc.array(number, { minLength: 1, maxLength: 3 }))
      .map(
        ([energy, a, b, list]) =>
          `Lattice="10 0 0 0 ${a} 0 0 0 12" ${COLUMNS} energy=${energy} b="${b} 2" list=[${list.join(', ')}] c={${a}} name=x7`,
      );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 2, maxLength: 6 }), async (comments) => {
        const { together, alone } = await bothWays(comments);
        const bad = alone.findIndex(({ error }) => error !== undefined);
        expect(together.frames.length).toBe(bad < 0 ? comments.length : bad);
        together.frames.forEach((frame, k) => {
          expect(tell(frame)).toEqual(tell(alone[k].frames[0]));
        });
      }),
      { numRuns: 300 },
    );
  });

  test('may change in more than numbers at any time', async () => {
    const comments = [
      `${LATTICE} ${COLUMNS} energy=-1.5 step=1`,
      `${LATTICE} ${COLUMNS} energy=-2.5 step=2`,
      `${LATTICE} ${COLUMNS} energy=-2 step=3`,
      `${LATTICE} ${COLUMNS} energy=-3.5 step=x`,
      `${LATTICE} ${COLUMNS} energy=-3.5 step=4 more=1`,
      `Lattice="0 0 0 0 0 0 0 0 0" ${COLUMNS} energy=-3.5 step=4 more=1`,
      `${COLUMNS} energy=-3.5 step=12345678901234567890`,
      `${COLUMNS} energy=-3.5 step=9`,
      `${COLUMNS} energy=-3.5 step=9 step=10`,
      `${COLUMNS} energy=-3.5 step=9 step=11`,
    ];
    const { together, alone } = await bothWays(comments);
    expect(together.frames.map(tell)).toEqual(alone.map(({ frames }) => tell(frames[0])));
    expect(together.diagnostics.filter(({ code }) => code === 'duplicate-key')).toHaveLength(2);
  });

  test('share no array with each other', async () => {
    const comment = `${LATTICE} ${COLUMNS} v="1 2 3" stress="0 0 0 0 0 0 0 0 0" w=[1, 2]`;
    const { together } = await bothWays([comment, comment, comment]);
    const [, a, b] = together.frames;
    expect(a.info).toEqual(b.info);
    for (const key of ['v', 'stress', 'w']) expect(a.info[key]).not.toBe(b.info[key]);
    expect(a.cell).not.toBe(b.cell);
    expect(a.positions.buffer).not.toBe(b.positions.buffer);
  });
});
