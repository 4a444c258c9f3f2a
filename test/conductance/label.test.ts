import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeExtxyz } from '../../formats/extxyz/write.ts';
import { wireFrame } from '../../src/conductance/geometry/wire-file.ts';
import { type LabelRequest, labelFiles } from '../../src/conductance/label/label-files.ts';
import { LeadReference } from '../../src/conductance/label/lead-reference.ts';
import { openFrames } from '../../src/convert/open.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Frame } from '../../src/core/frame.ts';
import { moved, POTASSIUM, potassiumWire } from './wires.ts';

let folder: string;
let said: Diagnostic[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'label-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const PLAN = { ...POTASSIUM, orientation: '111', diameter: 10, free: 30, grip: 9.5 } as const;

/** A pull: the upper half of the wire moves up by 0.7 Å a frame. */
function pull(frames: number): Frame[] {
  const wire = potassiumWire('111', 10);
  const start = wireFrame(wire, PLAN);
  return Array.from({ length: frames }, (_, n) => ({
    ...start,
    positions: start.positions.map((v, k) => {
      const isUpper = start.positions[k - (k % 3) + 2] > wire.length / 2 - 1e-6;
      return k % 3 === 2 && isUpper ? v + 0.7 * n : v;
    }),
  }));
}

async function written(frames: readonly Frame[], name = 'pull.extxyz'): Promise<string> {
  const path = join(folder, name);
  let text = '';
  for await (const piece of writeExtxyz(
    (async function* () {
      yield* frames;
    })(),
    { onDiagnostic: () => {} },
  ))
    text += piece;
  await writeFile(path, text);
  return path;
}

function request(input: string, words: Partial<LabelRequest> = {}): LabelRequest {
  return {
    inputs: [input],
    output: join(folder, 'out.extxyz'),
    models: ['jellium', 'tb-s'],
    metal: {},
    wire: { grips: { kind: 'type', bottom: 2, top: 3 }, axis: 'z' },
    threads: 1,
    resume: false,
    read: { strict: false, onDiagnostic: (d) => said.push(d) },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...words,
  };
}

async function readBack(path = join(folder, 'out.extxyz')): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { path, strict: true, onDiagnostic: () => {} });
  const out: Frame[] = [];
  for await (const frame of frames) out.push(frame);
  return out;
}

describe('conductance label', () => {
  test('every frame gets its conductances, channels, elongation and place under the keys of the data sets', async () => {
    const summary = await labelFiles(request(await written(pull(4))));
    expect(summary.frames).toBe(4);
    const frames = await readBack();
    expect(frames.map((f) => f.info['frame'])).toEqual([0, 1, 2, 3]);
    expect(frames.map((f) => f.info['trajectory'])).toEqual(Array(4).fill('pull.extxyz'));
    for (const [n, frame] of frames.entries()) expect(frame.info['elongation']).toBeCloseTo(0.7 * n, 9);
    expect(frames[0].info['conductance_jellium']).toBeCloseTo(5.99807, 4);
    expect(frames[0].info['conductance_tb']).toBeCloseTo(6, 3);
    const channels = frames[3].info['channels_jellium'] as number[];
    expect(channels.reduce((sum, t) => sum + t, 0)).toBeCloseTo(frames[3].info['conductance_jellium'] as number, 9);
    expect(await readdir(folder)).toEqual(['out.extxyz', 'pull.extxyz']);
  });

  test('several threads give the labels of one, in order', async () => {
    const input = await written(pull(7));
    await labelFiles(request(input));
    const one = await readFile(join(folder, 'out.extxyz'), 'utf8');
    await labelFiles(request(input, { threads: 2, output: join(folder, 'two.extxyz') }));
    expect(await readFile(join(folder, 'two.extxyz'), 'utf8')).toBe(one);
  });

  test('an output named .csv is a table of traces', async () => {
    await labelFiles(request(await written(pull(2)), { output: join(folder, 't.csv'), models: ['jellium'] }));
    const lines = (await readFile(join(folder, 't.csv'), 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('trajectory,frame,step,elongation_A,G_jellium,J1,J2,J3,J4,J5,J6,J7,J8');
    expect(lines.length).toBe(3);
    expect(Number(lines[1].split(',')[4])).toBeCloseTo(5.99807, 4);
  });

  test('an interrupted run keeps its labels, writes no output, and is resumed to the same result', async () => {
    const input = await written(pull(6));
    const whole = request(input, { output: join(folder, 'whole.extxyz') });
    await labelFiles(whole);
    const stop = new AbortController();
    const interrupted = await labelFiles(
      request(input, { signal: stop.signal, onProgress: (done) => done === 2 && stop.abort() }),
    );
    expect(interrupted.journal).toBe(join(folder, 'out.extxyz.labels.jsonl'));
    expect((await readdir(folder)).sort()).toEqual(['out.extxyz.labels.jsonl', 'pull.extxyz', 'whole.extxyz']);
    const resumed = await labelFiles(request(input, { resume: true }));
    expect(resumed.resumed).toBeGreaterThanOrEqual(2);
    expect(resumed.resumed).toBeLessThan(6);
    expect(await readFile(join(folder, 'out.extxyz'), 'utf8')).toBe(await readFile(whole.output, 'utf8'));
    expect(await readdir(folder)).not.toContain('out.extxyz.labels.jsonl');
  });

  test('a journal whose last line was cut by a crash is resumed; one made with other options is refused', async () => {
    const input = await written(pull(3));
    const stop = new AbortController();
    const first = request(input, { signal: stop.signal, onProgress: (done) => done === 2 && stop.abort() });
    const journal = (await labelFiles(first)).journal as string;
    await truncate(journal, (await readFile(journal)).length - 20);
    await expect(labelFiles(request(input, { resume: true, models: ['jellium'] }))).rejects.toThrow(/other options/);
    expect((await labelFiles(request(input, { resume: true }))).frames).toBe(3);
  });

  test('there must be something to resume', async () => {
    await expect(labelFiles(request(await written(pull(1)), { resume: true }))).rejects.toThrow(/nothing to resume/);
  });

  test('a frame of another metal ends the run with its place, and what was labelled is kept', async () => {
    const [a, b, c] = pull(3);
    const foreign = { ...c, numbers: c.numbers.map((z, k) => (k === 50 ? 11 : z)) };
    const input = await written([a, b, foreign]);
    await expect(labelFiles(request(input))).rejects.toThrow(/pull\.extxyz:\d+.*an atom of Na in a wire of K/);
    expect((await labelFiles(request(await written([a, b]), { resume: true }))).resumed).toBeGreaterThan(0);
  });

  test('an error of a model names the frame, from one thread and from several', async () => {
    const [a, b] = pull(2);
    const coincident = { ...b, positions: b.positions.map((v, k) => (k >= 135 && k < 138 ? b.positions[k - 3] : v)) };
    const input = await written([a, coincident]);
    for (const threads of [1, 2])
      await expect(labelFiles(request(input, { threads }))).rejects.toThrow(
        /pull\.extxyz:\d+: \(frame 1\): atoms \d+ and \d+ coincide/,
      );
  });

  test('a file cut in the middle of a frame gives the frames before it, and a warning', async () => {
    const input = await written(pull(3));
    await truncate(input, (await readFile(input)).length - 500);
    expect((await labelFiles(request(input))).frames).toBe(2);
    expect(said.map((d) => d.code)).toContain('truncated');
  });

  test('a wire without grips, an empty file and an output that is an input are refused', async () => {
    const [frame] = pull(1);
    const { type: _, ...arrays } = frame.arrays;
    await expect(labelFiles(request(await written([{ ...frame, arrays }])))).rejects.toThrow(/bottom grip.*--grips/);
    const input = await written([frame]);
    await expect(labelFiles(request(input, { output: input }))).rejects.toThrow(/is an input/);
    const unknown = { ...frame, numbers: new Uint8Array(frame.natoms) };
    await expect(labelFiles(request(await written([unknown])))).rejects.toThrow(/--element/);
  });
});

test('leads are made anew where grips have another shape, not where the top one has moved', () => {
  const wire = potassiumWire('111', 10);
  const reference = new LeadReference();
  const first = reference.job(wire);
  const pulled = moved(wire, (x, y, z) => [x, y, z > wire.length / 2 ? z + 3 : z]);
  expect(reference.job(pulled).leads).toBe(first.leads);
  expect(reference.job(pulled).reference).toBe(wire);
  expect(reference.job(moved(wire, (x, y, z) => [1.01 * x, y, z])).leads).not.toBe(first.leads);
});
