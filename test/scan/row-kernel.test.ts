import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atomicNumber } from '../../src/core/elements.ts';
import { parseNumber } from '../../src/scan/numbers.ts';
import { type FieldKind, RowKernel } from '../../src/scan/row-kernel.ts';

const read = (kernel: RowKernel, text: string, rows = 1000) => {
  const bytes = Buffer.from(text);
  kernel.read({ bytes, from: 0, limit: bytes.length }, rows);
  return kernel;
};

const numbers = (fields: number) => new RowKernel(Array(fields).fill('number'), Array(fields).fill(0));

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const token = fc.oneof(
  fc.tuple(finite, fc.nat(16)).map(([x, digits]) => (Math.abs(x) < 1e15 ? x.toFixed(digits) : String(x))),
  fc.integer().map(String),
  finite.filter((x) => Math.abs(x) < 2 ** 53).map(String),
  fc.tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.nat(15)).map(([x, digits]) => x.toExponential(digits)),
  fc.stringMatching(/^[+-]?(\d{1,9}\.?\d{0,6}|\.\d{1,9})([eEdD][+-]?\d)?$/),
);
const gap = fc.constantFrom(' ', '  ', '\t', '             ', ' '.repeat(40));

describe('numbers of rows', () => {
  test('are bit by bit those of parseNumber, whatever blanks are between them', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 7 })
          .chain((n) =>
            fc.array(fc.array(fc.tuple(token, gap), { minLength: n, maxLength: n }), { minLength: 1, maxLength: 30 }),
          ),
        fc.constantFrom('\n', '\r\n', ' \n'),
        (rows, lineBreak) => {
          const text = rows.map((row) => row.map(([t, g]) => g + t).join('') + lineBreak).join('');
          const kernel = read(numbers(rows[0].length), text);
          const wanted = rows.flat().map(([t]) => parseNumber(Buffer.from(t), 0, t.length));
          const big = wanted.findIndex((x) => !(Math.abs(x as number) <= Number.MAX_SAFE_INTEGER));
          const whole = big === -1 ? rows.length : Math.floor(big / rows[0].length);
          expect(kernel.rows).toBe(whole);
          const found = [...kernel.table(0)];
          for (const [k, x] of found.entries()) expect(Object.is(x, wanted[k]), rows.flat()[k][0]).toBe(true);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test.each([
    'nan',
    'inf',
    '1e',
    '--1',
    '1.2.3',
    '1,5',
    '0x10',
    '.',
    '-',
    '12abc',
    '*****',
    '1_0',
    'é',
    '9007199254740993',
  ])('end before a row with %j', (word) => {
    const kernel = read(numbers(2), `1 2\n3 4\n5 ${word}\n7 8\n`);
    expect([kernel.rows, kernel.end]).toEqual([2, 8]);
    expect(read(numbers(2), `${word} 5\n7 8\n`).rows).toBe(0);
  });

  test.each(['1 2 3\n', '1\n', '\n', '1 2\0\x0b3\n', '1\x002\n', ' 1\r2\n'])('end before a row like %j', (row) => {
    const kernel = read(numbers(2), `5 6\n${row}`);
    expect([kernel.rows, kernel.end]).toEqual([1, 4]);
  });
});

test('an integer field refuses a point, a symbol is an atomic number, text is a place', () => {
  const kinds: FieldKind[] = ['symbol', 'integer', 'text', 'number'];
  const kernel = new RowKernel(kinds, [0, 1, 2, 3]);
  const text = 'Si 14 some-long-word-of-many-letters 0.5\nH 1 x 1\nSi 14.0 x 1\n';
  read(kernel, text);
  expect(kernel.rows).toBe(2);
  expect([...kernel.symbols(0)]).toEqual([14, 1]);
  expect([...kernel.table(1)]).toEqual([14, 1]);
  const words = [...kernel.table(2)].map((v) => text.slice(Math.floor(v / 65536), Math.floor(v / 65536) + (v % 65536)));
  expect(words).toEqual(['some-long-word-of-many-letters', 'x']);
  expect([...kernel.table(3)]).toEqual([0.5, 1]);
});

test('a word that is no symbol is asked for, with its row', () => {
  const kernel = new RowKernel(['symbol', 'number'], [0, 1]);
  const text = Buffer.from('Si 1\nFe_pv 2\nsi 3\n');
  const asked: [string, number][] = [];
  kernel.read({ bytes: text, from: 0, limit: text.length }, 10, (start, end, row) => {
    asked.push([text.toString('latin1', start, end), row]);
    return atomicNumber(text.toString('latin1', start, end).replace('_pv', ''));
  });
  expect(asked).toEqual([
    ['Fe_pv', 1],
    ['si', 2],
  ]);
  expect([...kernel.symbols(0)]).toEqual([14, 26, 14]);
});

test('a large block is read in parts', () => {
  let text = '';
  for (let k = 0; k < 50_000; k++) text += `${k} ${k / 8} 1e-3\n`;
  const bytes = Buffer.from(text);
  const kernel = numbers(3);
  let from = 0;
  let rows = 0;
  let sum = 0;
  while (from < bytes.length) {
    kernel.read({ bytes, from, limit: bytes.length }, 50_000 - rows);
    expect(kernel.rows).toBeGreaterThan(0);
    for (const x of kernel.table(0)) sum += x;
    rows += kernel.rows;
    from = kernel.end;
  }
  expect(rows).toBe(50_000);
  expect(sum).toBeCloseTo((50_000 * 49_999) / 2 / 1 + (50_000 * 49_999) / 16 + 50, 3);
});
