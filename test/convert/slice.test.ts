import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSlice, slice } from '../../src/convert/slice.ts';
import { UsageError } from '../../src/core/errors.ts';

async function* count(n: number, seen?: { last: number }) {
  for (let k = 0; k < n; k++) {
    if (seen) seen.last = k;
    yield k;
  }
}

async function select(n: number, text: string): Promise<number[]> {
  const out: number[] = [];
  for await (const k of slice(count(n), parseSlice(text))) out.push(k);
  return out;
}

/** Python's list[start:stop:step] for step > 0. */
function python(n: number, start: number | undefined, stop: number | undefined, step: number): number[] {
  const bound = (index: number | undefined, open: number) =>
    index === undefined ? open : index < 0 ? Math.max(0, n + index) : Math.min(index, n);
  const out: number[] = [];
  for (let k = bound(start, 0); k < bound(stop, n); k += step) out.push(k);
  return out;
}

test('a slice selects what Python selects', async () => {
  const index = fc.option(fc.integer({ min: -8, max: 8 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.nat(10), index, index, fc.integer({ min: 1, max: 4 }), async (n, start, stop, step) => {
      expect(await select(n, `${start ?? ''}:${stop ?? ''}:${step}`)).toEqual(python(n, start, stop, step));
    }),
    { numRuns: 1000 },
  );
});

test('one index selects one item', async () => {
  expect(await select(5, '2')).toEqual([2]);
  expect(await select(5, '-1')).toEqual([4]);
  expect(await select(5, '-2')).toEqual([3]);
  expect(await select(5, '7')).toEqual([]);
});

test('the source is left when nothing more can be selected', async () => {
  const seen = { last: -1 };
  for await (const _ of slice(count(1000, seen), parseSlice('2:5'))) expect(_).toBeLessThan(5);
  expect(seen.last).toBe(4);
});

test.each(['', 'a', '1:2:0', '1:2:-1', '1:2:3:4', '1.5'])('-n %j is a usage error', (text) => {
  expect(() => parseSlice(text)).toThrow(UsageError);
});
