import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Format } from '../../formats/format.ts';
import { ProjectError } from '../../src/core/errors.ts';
import { contradictions, differences, fieldsOf, type Outcome, pieces, readAll, type Sample } from './read.ts';

/** Values that break parsers. */
const SPITE = Buffer.from('\0\n\r \t-+.,eE0919*"\'{}[]=#:%nNiI\xff\x80');

const textOf = (error: unknown) => (error === undefined ? 'no error' : String(error));

/** The same frames, diagnostics and error, whatever way the bytes came. */
function expectSame(found: Outcome, wanted: Outcome): void {
  expect(textOf(found.error)).toBe(textOf(wanted.error));
  expect(found.frames.length).toBe(wanted.frames.length);
  found.frames.forEach((frame, k) => {
    expect(differences(frame, wanted.frames[k]), `frame ${k}`).toEqual([]);
    expect(fieldsOf(frame), `frame ${k}`).toEqual(fieldsOf(wanted.frames[k]));
  });
  expect(found.diagnostics).toEqual(wanted.diagnostics);
}

/** An input that is cut off gives an error or fewer frames; a value that differs only under a warning. */
function expectPrefix(cut: Outcome, whole: Outcome, at: number): void {
  expectTyped(cut, `cut at byte ${at}`);
  // Of a frame that the rest of a faulty input contradicts, the beginning alone may be whole.
  const most = whole.frames.length + (whole.error === undefined ? 0 : 1);
  expect(cut.frames.length, `cut at byte ${at}`).toBeLessThanOrEqual(most);
  cut.frames.slice(0, whole.frames.length).forEach((frame, k) => {
    const wrong = differences(frame, whole.frames[k]);
    const last = k === cut.frames.length - 1;
    if (wrong.length > 0 && last && cut.diagnostics.length > 0) return;
    expect(wrong, `frame ${k} of the input cut at byte ${at}`).toEqual([]);
  });
}

/** Every failure is an error of ours, and no frame contradicts itself. */
function expectTyped(outcome: Outcome, what: string): void {
  if (outcome.error !== undefined && !(outcome.error instanceof ProjectError))
    throw new Error(`${what}: untyped error`, { cause: outcome.error });
  for (const frame of outcome.frames) expect(contradictions(frame), what).toEqual([]);
}

/** What every reader of streams must keep, on small inputs of its format. */
export function formatContract(format: Format, samples: readonly Sample[]): void {
  describe.each(samples.map((sample) => [sample.name, sample] as const))(`${format.name} reads %s`, (_, sample) => {
    const { bytes, options } = sample;
    const read = (input: Uint8Array, size = input.length) => readAll(format, pieces(input, Math.max(1, size)), options);

    test.each([1, 7, 4096])('the same in pieces of %i bytes', async (size) => {
      expectSame(await read(bytes, size), await read(bytes));
    });
    test('the same in pieces of any sizes', async () => {
      expectSame(await readAll(format, pieces(bytes, 0), options), await read(bytes));
    });
    test('the same through gzip', async () => {
      const whole = await read(bytes);
      const half = bytes.length >> 1;
      const members = Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]);
      expectSame(await read(gzipSync(bytes), 13), whole);
      expectSame(await read(members), whole);
    });
    test('cut anywhere, without a wrong frame', async () => {
      const whole = await read(bytes);
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let at = 0; at < bytes.length; at += step) expectPrefix(await read(bytes.subarray(0, at)), whole, at);
    });
    test('as a cut-off gzip file, without a wrong frame', async () => {
      const whole = await read(bytes);
      const packed = gzipSync(bytes);
      const step = Math.max(1, Math.floor(packed.length / 40));
      for (let at = 20; at < packed.length; at += step) {
        const cut = await read(packed.subarray(0, at));
        expectTyped(cut, `gzip cut at byte ${at}`);
        cut.frames.forEach((frame, k) => {
          expect(differences(frame, whole.frames[k])).toEqual([]);
        });
        expect(cut.error, `gzip cut at byte ${at}`).toBeDefined();
      }
    });
    test('with any byte changed: frames that do not contradict themselves, or a typed error', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(bytes.length - 1),
          fc.oneof(fc.nat(255), fc.constantFrom(...SPITE)),
          async (at, value) => {
            const changed = Uint8Array.from(bytes);
            changed[at] = value;
            expectTyped(await read(changed), `byte ${at} = ${value}`);
          },
        ),
        { numRuns: 300 },
      );
    });
  });
}
