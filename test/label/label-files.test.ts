import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { ProgramError, UsageError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { type LabelRequest, labelFiles } from '../../src/label/label-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type FakeTemplate, fakeTemplate } from './fake-program.ts';

vi.setConfig({ testTimeout: 120_000 });

const structure = (k: number) =>
  `3\nLattice="8 0 0 0 8 0 0 0 8" Properties=species:S:1:pos:R:3 energy=99 tag=${k} pbc="T T T"\nK 0.5 0.25 0\nK 3 ${0.5 + 0.125 * k} 1\nNa 1 4 2.5\n`;

function prepared(count: number, words: FakeTemplate = {}) {
  const folder = temporaryFolder();
  const log = join(folder, 'log');
  writeFileSync(join(folder, 'in.xyz'), Array.from({ length: count }, (_, k) => structure(k)).join(''));
  const request: LabelRequest = {
    frames: join(folder, 'in.xyz'),
    output: join(folder, 'out.xyz'),
    outputFormat: 'extxyz',
    labeller: { kind: 'template', folder: fakeTemplate(folder, { log, ...words }) },
    cores: 2,
    resume: false,
    read: { strict: true, onDiagnostic: () => {} },
    write: { onDiagnostic: () => {} },
    signal: new AbortController().signal,
  };
  const runs = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  return { request, folder, runs, journal: `${request.output}.labels.jsonl` };
}

async function framesOf(path: string): Promise<Frame[]> {
  const { frames } = await openFrames(undefined, { path, strict: true, onDiagnostic: () => {} });
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

describe('labelling files', () => {
  test('writes the frames in their order with new labels, what else they carried, and how the labels were made', async () => {
    const { request, journal, folder } = prepared(5);
    const seen: (number | undefined)[][] = [];
    const summary = await labelFiles({ ...request, onProgress: (done, total) => seen.push([done, total]) });
    expect(summary).toEqual({ labelled: 5, resumed: 0, failed: 0, interrupted: false });
    const frames = await framesOf(request.output);
    expect(frames.map((frame) => frame.info['tag'])).toEqual([0, 1, 2, 3, 4]);
    expect(frames[0].info['labeller']).toBe('springs');
    expect(frames.map((f) => f.labels?.energy)).not.toContain(99);
    expect(new Set(frames.map((f) => f.labels?.energy)).size).toBe(5);
    expect(frames[4].labels?.forces?.[4]).toBeCloseTo((0.25 + 1 + 4) / 3 - 1, 10);
    expect(seen.at(-1)).toEqual([5, 5]);
    expect([journal, `${request.output}.scratch`].filter(existsSync)).toEqual([]);
    expect(existsSync(join(folder, 'in.xyz'))).toBe(true);
  });

  test('interrupted leaves a journal and no output; resumed it labels no frame twice', async () => {
    const { request, journal, runs } = prepared(6);
    const stop = new AbortController();
    const onProgress = (done: number) => {
      if (done === 3) stop.abort();
    };
    const first = await labelFiles({ ...request, cores: 1, signal: stop.signal, onProgress });
    expect(first).toMatchObject({ interrupted: true, journal });
    expect(existsSync(request.output)).toBe(false);
    const before = first.labelled;
    expect(before).toBeGreaterThanOrEqual(3);
    // What a crash in the middle of a line leaves behind.
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}{"id":"half of a li`);
    await expect(labelFiles(request)).rejects.toThrow(UsageError);
    const second = await labelFiles({ ...request, resume: true });
    expect(second).toMatchObject({ labelled: 6, resumed: before, failed: 0 });
    const finished = runs();
    expect(new Set(finished).size).toBe(6);
    expect(finished.length).toBeLessThanOrEqual(7); // the one that was running when it was stopped
    const whole = prepared(6);
    await labelFiles(whole.request);
    const [a, b] = [await framesOf(request.output), await framesOf(whole.request.output)];
    expect(a.map((f) => [f.labels?.energy, ...(f.labels?.forces ?? [])])).toEqual(
      b.map((f) => [f.labels?.energy, ...(f.labels?.forces ?? [])]),
    );
  });

  test('refuses to resume labels of another labeller', async () => {
    const { request, folder } = prepared(4);
    const stop = new AbortController();
    await labelFiles({ ...request, signal: stop.signal, onProgress: () => stop.abort() });
    fakeTemplate(folder, { mode: 'good', seconds: 0.01 });
    await expect(labelFiles({ ...request, resume: true })).rejects.toThrow(/made in another way/);
  });

  test('leaves out frames that cannot be labelled, and says which', async () => {
    const { request, folder } = prepared(3);
    const text = readFileSync(request.frames, 'utf8').replace('tag=1 pbc="T T T"', 'tag=1 pbc="T T F"');
    writeFileSync(join(folder, 'in.xyz'), text);
    const failures: string[] = [];
    const summary = await labelFiles({ ...request, onFailure: ({ message }) => failures.push(message) });
    expect(summary).toMatchObject({ labelled: 2, failed: 1 });
    expect(failures).toEqual([expect.stringMatching(/in\.xyz:6: \(frame 1\): springs: .*not periodic/)]);
    expect((await framesOf(request.output)).map((frame) => frame.info['tag'])).toEqual([0, 2]);
  });

  test('with no frame labelled is an error and writes nothing', async () => {
    const { request } = prepared(2, { mode: 'crash' });
    await expect(labelFiles(request)).rejects.toThrow(ProgramError);
    await expect(labelFiles(request)).rejects.toThrow(/none of 2 frames could be labelled.*exit code 3/);
    expect(existsSync(request.output)).toBe(false);
  });
});
