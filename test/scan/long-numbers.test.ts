import { expect, test } from 'vitest';
import { parseNumber } from '../../src/scan/numbers.ts';

const parse = (text: string) => {
  const bytes = Buffer.from(text);
  return parseNumber(bytes, 0, bytes.length);
};

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('numbers of 16 to 19 digits are bit-identical to Number, the point anywhere', () => {
  const random = randomOf(11);
  for (let trial = 0; trial < 50_000; trial++) {
    const length = 16 + Math.floor(random() * 4);
    const digits = Array.from({ length }, () => Math.floor(random() * 10)).join('');
    const point = Math.floor(random() * length);
    const text = `${random() < 0.5 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
    expect(parse(text), text).toBe(Number(text));
    const small = `0.0000${digits}`;
    expect(parse(small), small).toBe(Number(small));
  }
});

test('numbers halfway between two doubles round to even, and their neighbors away from them', () => {
  const random = randomOf(5);
  for (let trial = 0; trial < 20_000; trial++) {
    const mantissa =
      2n ** 52n + BigInt(Math.floor(random() * 2 ** 26)) * 2n ** 26n + BigInt(Math.floor(random() * 2 ** 26));
    const halfway = 2n * mantissa + 1n;
    for (const value of [halfway - 1n, halfway, halfway + 1n])
      for (const text of [`${value}`, `${value}.0`, `${value * 5n}`.replace(/(.)$/, '.$1')])
        expect(parse(text), text).toBe(Number(text));
  }
});
