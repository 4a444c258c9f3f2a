import { expect, test } from 'vitest';
import { type FuzzInput, fuzzOne } from './fuzz.ts';
import { samplesByFormat } from './samples.ts';

/** Inputs above this size make the count small and find nothing more. */
const LARGEST = 4000;
const SECONDS = 40;

test('changed inputs never crash a reader, hang it, or give a frame that contradicts itself', async () => {
  const inputs: FuzzInput[] = [...samplesByFormat()].flatMap(([format, samples]) =>
    samples.filter((sample) => sample.bytes.length <= LARGEST).map((sample) => ({ format, sample })),
  );
  expect(inputs.length).toBeGreaterThan(10);
  const end = performance.now() + 1000 * SECONDS;
  const first = Math.floor(Math.random() * 2 ** 31);
  let number = first;
  for (; performance.now() < end; number++) await fuzzOne(inputs, number);
  expect(number - first).toBeGreaterThan(10_000);
}, 120_000);
