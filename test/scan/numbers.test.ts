import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInteger, parseNumber } from '../../src/scan/numbers.ts';

const parse = (text: string) => {
  const bytes = Buffer.from(` ${text} `);
  return parseNumber(bytes, 1, bytes.length - 1);
};

describe('numbers are read exactly', () => {
  test('any double printed in any usual way is bit-identical to Number()', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 20 }), (x, digits) => {
        for (const text of [String(x), x.toExponential(digits), Math.abs(x) < 1e21 ? x.toFixed(digits) : '0'])
          expect(Object.is(parse(text), Number(text)), text).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
  test('Fortran exponents, bare points and signs are numbers', () => {
    expect(parse('1.0D+02')).toBe(100);
    expect(parse('-2.5d-1')).toBe(-0.25);
    expect(parse('.5')).toBe(0.5);
    expect(parse('5.')).toBe(5);
    expect(parse('+7')).toBe(7);
    expect(Object.is(parse('-0'), -0)).toBe(true);
    expect(parse('-inf')).toBe(-Infinity);
    expect(parse('NaN')).toBeNaN();
  });
  test.each(['', '-', '.', '1e', '1e+', '12abc', '0x10', '1.2.3', '1,5', 'e5', '--1', '*****', '1_0'])(
    '%j is not a number',
    (text) => {
      expect(parse(text)).toBeUndefined();
    },
  );
  test('integers beyond 2^53 are refused, not rounded', () => {
    const bytes = Buffer.from('9007199254740993');
    expect(parseInteger(bytes, 0, bytes.length)).toBeUndefined();
    expect(parseInteger(Buffer.from('-42'), 0, 3)).toBe(-42);
  });
});
