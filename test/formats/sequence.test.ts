import { expect, test } from 'vitest';
import type { Format } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { differences, fieldsOf, pieces, readAll, type Sample } from '../contracts/read.ts';
import { samplesByFormat } from '../contracts/samples.ts';

const SAMPLES = samplesByFormat();

/** Frames of the first `length` bytes cut out one by one as `sequence` says; the rest behind the last end that was certain. */
async function inSequence(format: Format, { bytes, options }: Sample, length: number) {
  const { sequence } = format;
  if (!sequence) throw new Error(`${format.name} has no sequence`);
  const frames: Frame[] = [];
  let context: (Uint8Array | undefined)[] = [];
  const read = async (piece: Uint8Array) => {
    const own = sequence.context?.(piece) ?? [];
    const before = context.filter((part, k) => part && own[k] === undefined) as Uint8Array[];
    const outcome = await readAll(format, pieces(Buffer.concat([...before, piece]), 0), options);
    own.forEach((range, k) => {
      if (range) context = Object.assign([...context], { [k]: piece.slice(...range) });
    });
    return outcome;
  };
  let at = 0;
  for (;;) {
    const left = bytes.subarray(at, length);
    const end = sequence.frameEnd(left, Buffer.concat(context.filter((part) => part !== undefined)));
    if (end === -1) return { frames, rest: left, readRest: () => read(left) };
    expect(end).toBeGreaterThan(0);
    const { frames: found, error } = await read(left.subarray(0, end));
    if (error) throw error;
    frames.push(...found);
    at += end;
  }
}

for (const format of FORMATS.filter(({ sequence }) => sequence)) {
  const samples = (SAMPLES.get(format) ?? []).filter(({ name }) => !/foreign|bad|cut|truncated/.test(name));

  test(`${format.name}: frames that are cut out one by one are those of the whole file`, async () => {
    let compared = 0;
    for (const sample of samples) {
      const whole = await readAll(format, pieces(sample.bytes, 4096), sample.options);
      if (whole.error) continue;
      const { frames, rest, readRest } = await inSequence(format, sample, sample.bytes.length);
      if (rest.length > 0) frames.push(...(await readRest()).frames);
      expect([sample.name, frames.length]).toEqual([sample.name, whole.frames.length]);
      // The number of an appended run is not told: its header stands for a file of its own.
      const told = whole.frames.map(({ info: { run: _, ...info }, ...frame }) => ({ ...frame, info }));
      frames.forEach((frame, k) => {
        expect([sample.name, ...differences(frame, told[k])]).toEqual([sample.name]);
        expect(fieldsOf(frame)).toEqual(fieldsOf(told[k]));
      });
      compared += frames.length;
    }
    expect(compared).toBeGreaterThan(1);
  });

  test(`${format.name}: cut anywhere, the frames whose end is certain are frames of the whole file`, async () => {
    let certain = 0;
    for (const sample of samples) {
      const whole = await readAll(format, pieces(sample.bytes, 4096), sample.options);
      if (whole.error || whole.frames.length < 2 || sample.bytes.length > 12_000) continue;
      for (let length = 1; length < sample.bytes.length; length += 1 + Math.floor(sample.bytes.length / 40)) {
        const { frames, rest, readRest } = await inSequence(format, sample, length);
        for (const [k, frame] of frames.entries()) expect(differences(frame, whole.frames[k])).toEqual([]);
        certain += frames.length;
        // What is left is taken for a frame only if it ends with a line and reads as one.
        if (rest.length === 0 || rest.at(-1) !== 10) continue;
        const last = await readRest();
        if (last.error) expect(last.error).toBeInstanceOf(TruncatedError);
        else for (const frame of last.frames) expect(differences(frame, whole.frames[frames.length])).toEqual([]);
      }
    }
    expect(certain).toBeGreaterThan(10);
  });
}
