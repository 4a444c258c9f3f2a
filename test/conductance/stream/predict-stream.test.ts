import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type PredictRequest, predictStream } from '../../../src/conductance/stream/predict-stream.ts';
import { readTraces } from '../../../src/conductance/traces/read-traces.ts';
import { SHOWN_UNITS } from '../../../src/conductance/traces/units.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { FakePredictor, GrowingFile, PulledWire } from './wires.ts';

const SETTINGS = {
  unit: SHOWN_UNITS.G0,
  linear: { low: 0, high: 10, count: 200 },
  zero: 0.5012,
  plateau: { high: 1.5, low: 0.5012 },
  skip: 0,
  seriesResistance: 0,
  seed: 1,
};

interface Words extends Partial<PredictRequest> {
  readonly said?: Diagnostic[];
}

function request(inputs: readonly string[], output: string, { said = [], ...words }: Words = {}): PredictRequest {
  return {
    inputs,
    output,
    predictor: new FakePredictor(),
    wire: { grips: { kind: 'type', bottom: 2, top: 3 }, axis: 'z' },
    afterRupture: 3,
    settings: SETTINGS,
    reportEvery: 1000,
    read: { strict: false, onDiagnostic: (d) => said.push(d) },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...words,
  };
}

/** Rows of traces.csv without their comments and head. */
function rowsOf(output: string): string[][] {
  const text = readFileSync(join(output, 'traces.csv'), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .slice(1)
    .map((line) => line.split(','));
}

function dumpFile(folder: string, name = 'pull.dump', count = 20): string {
  const path = join(folder, name);
  writeFileSync(path, new PulledWire().frames(count).join(''));
  return path;
}

describe('conductance predict', () => {
  test('writes each snapshot once, in order, with elongation, step and connection, and all results', async () => {
    const folder = temporaryFolder();
    const output = join(folder, 'out');
    const predictor = new FakePredictor(() => ({ spread: 0.25 }));
    const summary = await predictStream(request([dumpFile(folder)], output, { predictor }));
    const rows = rowsOf(output);
    // whole up to 4.5 Å (frame 9), then three frames of the broken wire
    expect(rows.map(([, frame]) => Number(frame))).toEqual(Array.from({ length: 13 }, (_, k) => k));
    expect(rows[4].slice(0, 4)).toEqual(['pull.dump', '4', '800', '2']);
    expect(rows.map((row) => row[6]).join('')).toBe('1111111111000');
    expect(summary).toMatchObject({ snapshots: 13, predicted: 13, passedOver: 7, trajectories: 1, outside: 0 });
    expect(readFileSync(join(output, 'rupture.csv'), 'utf8')).toContain('pull.dump,13,4.5,');
    expect(readFileSync(join(output, 'report.html'), 'utf8')).toContain('mean spread of the ensemble');
    for (const name of ['linear.csv', 'log.csv', 'conductance-displacement.csv', 'plateaus.csv', 'peaks.csv'])
      expect(existsSync(join(output, 'histograms', name))).toBe(true);
    expect(JSON.parse(readFileSync(join(output, 'run.json'), 'utf8'))).toMatchObject({
      snapshots: 13,
      identity: 'fake 1',
    });
    expect(predictor.closed).toBe(true);
  });

  test('the traces are read by conductance histogram', async () => {
    const folder = temporaryFolder();
    await predictStream(request([dumpFile(folder)], folder));
    const [trace] = await readTraces({
      inputs: [join(folder, 'traces.csv')],
      read: { strict: true, onDiagnostic: () => {} },
    });
    expect(trace.conductance).toHaveLength(13);
    expect(trace.displacement[2]).toBeCloseTo(1, 6);
  });

  test('goes on where an earlier run stopped, without predicting or writing a snapshot twice', async () => {
    const folder = temporaryFolder();
    const path = dumpFile(folder, 'pull.dump', 6);
    await predictStream(request([path], folder));
    writeFileSync(path, new PulledWire().frames(10).join(''));
    const predictor = new FakePredictor();
    const summary = await predictStream(request([path], folder, { predictor }));
    expect(summary).toMatchObject({ snapshots: 10, predicted: 4 });
    expect(predictor.asked).toBe(4);
    expect(rowsOf(folder).map(([, frame]) => Number(frame))).toEqual(Array.from({ length: 10 }, (_, k) => k));
  });

  test('a row that a crash cut off is written again', async () => {
    const folder = temporaryFolder();
    const path = dumpFile(folder, 'pull.dump', 6);
    await predictStream(request([path], folder));
    const traces = join(folder, 'traces.csv');
    const text = readFileSync(traces, 'utf8');
    for (const cut of [5, 40, text.length - 20]) {
      writeFileSync(traces, text.slice(0, text.length - cut));
      await predictStream(request([path], folder));
      expect(readFileSync(traces, 'utf8')).toBe(text);
    }
  });

  test('refuses traces of another predictor, and another trajectory of the same name', async () => {
    const folder = temporaryFolder();
    const path = dumpFile(folder);
    await predictStream(request([path], folder));
    const other = new FakePredictor(undefined, 'fake 2');
    await expect(predictStream(request([path], folder, { predictor: other }))).rejects.toThrow(
      'another folder with -O',
    );
    const wire = new PulledWire();
    writeFileSync(path, [0, 1, 2].map((k) => wire.frame(100 * k, 0.5 * k)).join(''));
    await expect(predictStream(request([path], folder))).rejects.toThrow('another trajectory of the same name');
  });

  test('a dump that is cut in the middle of a frame: the complete frames are predicted, the cut is said', async () => {
    const folder = temporaryFolder();
    const path = dumpFile(folder, 'pull.dump', 5);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.length - 300));
    const said: Diagnostic[] = [];
    await predictStream(request([path], folder, { said }));
    expect(rowsOf(folder)).toHaveLength(4);
    expect(said.map(({ code }) => code)).toContain('truncated');
    writeFileSync(path, text);
    await predictStream(request([path], folder));
    expect(rowsOf(folder)).toHaveLength(5);
  });

  test('wires without grips are named and left out, the others are predicted', async () => {
    const folder = temporaryFolder();
    dumpFile(folder, 'a.dump');
    const bare = new PulledWire()
      .frames(3)
      .join('')
      .replace(/^(\d+) [23] K/gm, '$1 1 K');
    writeFileSync(join(folder, 'b.dump'), bare);
    const said: Diagnostic[] = [];
    const summary = await predictStream(request([folder], join(folder, 'out'), { said }));
    expect([...summary.failures.keys()]).toEqual(['b.dump']);
    expect(summary.failures.get('b.dump')).toContain('no atom belongs to the bottom grip');
    expect(said.filter(({ code }) => code === 'trajectory-left-out')).toHaveLength(1);
    expect(new Set(rowsOf(join(folder, 'out')).map(([name]) => name))).toEqual(new Set(['a.dump']));
    await expect(predictStream(request([join(folder, 'b.dump')], join(folder, 'out2')))).rejects.toThrow('grip');
  });

  test('a foreign species is named with its frame', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'au.dump'), new PulledWire().frames(2, 'Au').join(''));
    await expect(predictStream(request([join(folder, 'au.dump')], folder))).rejects.toThrow(
      /au\.dump.*an atom of Au in a wire of K/,
    );
  });

  test('a wire that is broken from the start is predicted for a few frames and reported', async () => {
    const folder = temporaryFolder();
    const wire = new PulledWire(0);
    writeFileSync(join(folder, 'p.dump'), [0, 1, 2, 3, 4, 5, 6].map((k) => wire.frame(k, 0.5 * k)).join(''));
    const predictor = new FakePredictor(() => ({ conductance: 0, below: -0.02 }));
    const summary = await predictStream(request([join(folder, 'p.dump')], folder, { predictor }));
    expect(summary).toMatchObject({ snapshots: 3, passedOver: 4, floored: 3 });
    expect(readFileSync(join(folder, 'rupture.csv'), 'utf8')).toContain('p.dump,3,,,\n');
  });

  test('an empty folder, and one without frames, are errors that say what was expected', async () => {
    const folder = temporaryFolder();
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(predictStream(request([empty], join(folder, 'o')))).rejects.toThrow(
      /empty: no file of frames.*\*\.dump/,
    );
    writeFileSync(join(empty, 'notes.txt'), 'nothing');
    await expect(predictStream(request([empty], join(folder, 'o')))).rejects.toThrow('no file of frames');
  });

  test('snapshots outside the training range are flagged, and warned of once a trajectory', async () => {
    const folder = temporaryFolder();
    const said: Diagnostic[] = [];
    const predictor = new FakePredictor((_, asked) =>
      asked > 3 ? { outside: 'feature 12 is 5 times too large' } : {},
    );
    const summary = await predictStream(request([dumpFile(folder, 'p.dump', 8)], folder, { predictor, said }));
    expect(summary.outside).toBe(5);
    expect(said.filter(({ code }) => code === 'outside-training')).toHaveLength(1);
    expect(
      rowsOf(folder)
        .map((row) => row[7])
        .join(''),
    ).toBe('00011111');
  });

  test('follows a dump that grows: each frame is predicted when it is complete', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'pull.dump');
    const file = new GrowingFile(path);
    const frames = new PulledWire().frames(8);
    let done = 0;
    const stop = new AbortController();
    const running = predictStream(
      request([path], join(folder, 'out'), {
        follow: { idle: 0 },
        signal: stop.signal,
        onProgress: (count) => {
          done = count;
        },
      }),
    );
    for (const [k, frame] of frames.entries()) {
      file.add(frame.slice(0, 700));
      await wait(5);
      file.add(frame.slice(700));
      if (k === 4) await expect.poll(() => done, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    }
    await expect.poll(() => done, { timeout: 20_000 }).toBe(8);
    stop.abort();
    expect((await running).snapshots).toBe(8);
    expect(rowsOf(join(folder, 'out')).map(([, frame]) => Number(frame))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('follows a folder in which pulls appear, and ends when nothing is new', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const pulls = join(folder, 'pulls');
    mkdirSync(pulls);
    const running = predictStream(request([pulls], join(folder, 'out'), { follow: { idle: 4 } }));
    for (const name of ['pull-0001', 'pull-0002']) {
      await wait(100);
      mkdirSync(join(pulls, name));
      dumpFile(join(pulls, name), `${name}.dump`, 5);
    }
    expect(await running).toMatchObject({ snapshots: 10, trajectories: 2 });
    expect(new Set(rowsOf(join(folder, 'out')).map(([name]) => name))).toEqual(
      new Set(['pull-0001/pull-0001.dump', 'pull-0002/pull-0002.dump']),
    );
  });

  test('two runs on one folder at a time are refused', async () => {
    const folder = temporaryFolder();
    const path = dumpFile(folder);
    const first = predictStream(request([path], folder));
    await expect(predictStream(request([path], folder))).rejects.toThrow('in use by process');
    await first;
  });
});
