import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { analyseFiles } from '../../src/conductance/traces/analyse-files.ts';
import { type AnalysisSettings, analyse } from '../../src/conductance/traces/analysis.ts';
import { alignedHistogram, binOf, correlationMap, histogram } from '../../src/conductance/traces/histogram.ts';
import { readTraces } from '../../src/conductance/traces/read-traces.ts';
import { fanoFactor, lastDownwardCrossing, plateauLength, type Trace } from '../../src/conductance/traces/trace.ts';
import { SHOWN_UNITS } from '../../src/conductance/traces/units.ts';

const READ = { strict: true, onDiagnostic: () => {} };

function trace(name: string, conductance: readonly number[], step = 1): Trace {
  return {
    name,
    displacement: Float64Array.from(conductance, (_, k) => k * step),
    conductance: Float64Array.from(conductance),
  };
}

const SETTINGS: AnalysisSettings = {
  unit: SHOWN_UNITS.G0,
  linear: { low: 0, high: 10, count: 200 },
  zero: 0.5012,
  plateau: { high: 1.5, low: 0.5012 },
  skip: 0,
  seriesResistance: 0,
  seed: 1,
};

describe('crossings', () => {
  test('are interpolated in log10 G', () => {
    expect(lastDownwardCrossing(trace('a', [10, 0.1]), 1)).toBeCloseTo(0.5, 12);
    expect(lastDownwardCrossing(trace('a', [10, 1e-3], 2), 1)).toBeCloseTo(0.5, 12);
  });

  test('are the last ones downward', () => {
    expect(lastDownwardCrossing(trace('a', [10, 0.1, 10, 0.1, 0.01]), 1)).toBeCloseTo(2.5, 12);
    expect(lastDownwardCrossing(trace('a', [10, 0.1, 10]), 1)).toBeCloseTo(0.5, 12);
  });

  test('of a trace that never falls, or only rises, there is none', () => {
    expect(lastDownwardCrossing(trace('a', [5, 4, 3]), 1)).toBeUndefined();
    expect(lastDownwardCrossing(trace('a', [0.1, 10]), 1)).toBeUndefined();
    expect(plateauLength(trace('a', [5, 1, 1]), 1.5, 0.5)).toBeUndefined();
  });

  test('to exactly zero count as to 1e-10 G0', () => {
    expect(lastDownwardCrossing(trace('a', [1, 0]), 1e-5)).toBeCloseTo(0.5, 12);
  });

  test('a plateau is the distance between two of them', () => {
    expect(plateauLength(trace('a', [10, 1, 1, 1, 0.1]), Math.sqrt(10), Math.sqrt(0.1))).toBeCloseTo(3, 12);
  });
});

describe('histograms', () => {
  test('a value on a border belongs to the bin above it, also where the border is not exact in binary', () => {
    const bins = { low: 0, high: 10, count: 200 };
    for (let k = 0; k <= 200; k++) expect(binOf(bins, k * 0.05)).toBe(k);
    expect(binOf(bins, -0.01)).toBe(-1);
    expect(binOf(bins, 1e300)).toBe(200);
  });

  test('count what is below and above their range', () => {
    const h = histogram([trace('a', [0.5, 2.5, 11, 12])], { low: 1, high: 10, count: 9 }, (t) => t.conductance);
    expect([h.underflow, h.overflow, h.counts.reduce((a, b) => a + b, 0)]).toEqual([1, 2, 1]);
    expect(h.counts[1]).toBe(1);
  });

  test('errors come from drawing traces, not points: equal traces have none, and a bin of one trace in n has about √(1 − 1/n)', () => {
    const bins = { low: 0, high: 2, count: 2 };
    const equal = Array.from({ length: 20 }, (_, k) => trace(`${k}`, [0.5, 0.5, 1.5]));
    expect([...histogram(equal, bins, (t) => t.conductance).errors]).toEqual([0, 0]);
    const one = Array.from({ length: 20 }, (_, k) => trace(`${k}`, [k === 0 ? 1.5 : 0.5]));
    const { errors } = histogram(one, bins, (t) => t.conductance, { resamples: 4000, seed: 3 });
    expect(errors[1]).toBeGreaterThan(0.9);
    expect(errors[1]).toBeLessThan(1.05);
  });

  test('a logarithm of zero conductance goes to the underflow', () => {
    const { log, aligned } = analyse([trace('a', [1, 0.1, 0])], SETTINGS);
    expect([log.underflow, log.counts.reduce((a, b) => a + b, 0)]).toEqual([1, 2]);
    expect(aligned.outside).toBe(1);
  });

  test('aligned traces have their crossing at zero; those without one are counted', () => {
    const bins = { x: { low: -10, high: 10, count: 20 }, y: { low: -2, high: 2, count: 4 } };
    const h = alignedHistogram([trace('a', [10, 1, 0.1]), trace('b', [5, 5])], bins, (t) => lastDownwardCrossing(t, 1));
    expect([h.traces, h.excluded, h.outside]).toEqual([1, 1, 0]);
    // 10 G0 at −1 Å, 1 G0 at 0, 0.1 G0 at 1 Å
    expect([h.counts[9 * 4 + 3], h.counts[10 * 4 + 2], h.counts[11 * 4 + 1]]).toEqual([1, 1, 1]);
  });

  test('counts that rise together are correlated by 1, those that exclude each other by −1, constant ones not at all', () => {
    const bins = { low: 0, high: 4, count: 4 };
    const traces = [trace('a', [0.5, 1.5, 3.5]), trace('b', [0.5, 2.5, 0.5, 3.5]), trace('c', [1.5, 3.5, 0.5])];
    const map = correlationMap(traces, bins);
    expect(map[0]).toBeCloseTo(1, 12);
    expect(map[1]).toBeCloseTo(-1, 12);
    expect(map[2]).toBeCloseTo(1, 12);
    expect(map[4 * 1 + 2]).toBeCloseTo(-1, 12);
    expect(map[3]).toBeNaN();
  });

  test('traces that do not break can be left out, starts cut, and a resistance put in series', () => {
    const all = [trace('a', [3, 2, 0.01]), trace('b', [3, 2, 1])];
    const filtered = analyse(all, { ...SETTINGS, mustFallBelow: 0.05, skip: 1 });
    expect([filtered.traces.map((t) => t.name), filtered.unbroken]).toEqual([['a'], ['b']]);
    expect([...filtered.traces[0].conductance]).toEqual([2, 0.01]);
    // 12.906 kΩ is 1/G0: 1 G0 becomes one half.
    const behind = analyse([trace('a', [1])], { ...SETTINGS, seriesResistance: 12.90640372 });
    expect(behind.traces[0].conductance[0]).toBeCloseTo(0.5, 8);
    expect(() => analyse([trace('a', [3])], { ...SETTINGS, mustFallBelow: 0.05 })).toThrow(/no trace is left/);
  });

  test('units: 1 G0 is 77.480917 µS and 12.9064 kΩ, and an open circuit has no resistance', () => {
    expect(SHOWN_UNITS.uS.of(1)).toBeCloseTo(77.480917, 6);
    expect(SHOWN_UNITS.kOhm.of(1)).toBeCloseTo(12.9064, 4);
    expect(SHOWN_UNITS.kOhm.of(0)).toBeUndefined();
  });

  test('the Fano factor is 0 for open channels and 1 − T for one', () => {
    expect(fanoFactor([1, 1, 0])).toBe(0);
    expect(fanoFactor([0.25])).toBeCloseTo(0.75, 12);
    expect(fanoFactor([0])).toBeUndefined();
  });
});

describe('conductance histogram', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'traces-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const table = async (text: string) => {
    const path = join(folder, 't.csv');
    await writeFile(path, text);
    return path;
  };

  test('reads tables with their trajectories, channels and units', async () => {
    const path = await table(
      'trajectory,elongation_A,G_jellium,J1,J2\na,0,1.5,1,0.5\n"b,1",0,2,1,1\na,0.2,0.5,0.5,0\n',
    );
    const [a, b] = await readTraces({ inputs: [path], read: READ });
    expect([a.name, [...a.displacement], [...a.conductance], a.channels]).toEqual([
      'a',
      [0, 0.2],
      [1.5, 0.5],
      [
        [1, 0.5],
        [0.5, 0],
      ],
    ]);
    expect(b.name).toBe('b,1');
    const inMicrosiemens = await table('# unit: uS\ndisplacement_A,G\n0,77.480917\n');
    const [c] = await readTraces({ inputs: [inMicrosiemens], read: READ });
    expect(c.conductance[0]).toBeCloseTo(1, 8);
  });

  test.each([
    ['elongation_A,G\n0,-1\n', /t\.csv:2: .*negative/],
    ['elongation_A,G\n0,nan\n', /t\.csv:2: expected a number in column G, found "nan"/],
    ['elongation_A,G\n0\n', /t\.csv:2: expected 2 columns, found 1/],
    ['elongation_A,X\n0,1\n', /expected columns elongation_A and G/],
    ['', /found none/],
    ['elongation_A,G\n', /no trace/],
  ])('refuses the table %j with its place', async (text, message) => {
    await expect(readTraces({ inputs: [await table(text)], read: READ })).rejects.toThrow(message);
  });

  test('writes one page without scripts or requests, and every histogram as a table', async () => {
    const rows = [10, 3, 1, 1, 0.3, 1e-4].map((g, k) => `w,${k},${g},${Math.min(1, g)}`);
    const path = await table(`trajectory,elongation_A,G,T1\n${rows.join('\n')}\n`);
    const output = join(folder, 'h.html');
    const tables = join(folder, 'tables');
    await analyseFiles({ inputs: [path], output, tables, settings: SETTINGS, read: READ });
    const html = await readFile(output, 'utf8');
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(html.match(/<svg/g)?.length).toBe(7);
    expect((await readdir(tables)).sort()).toEqual([
      'aligned-traces.txt',
      'channels.csv',
      'conductance-displacement.csv',
      'correlation.csv',
      'linear.csv',
      'log-histogram.txt',
      'log.csv',
      'peaks.csv',
      'plateau-lengths.csv',
      'plateau-lengths.txt',
      'plateaus.csv',
    ]);
    const linear = (await readFile(join(tables, 'linear.csv'), 'utf8')).trim().split('\n').slice(2);
    const counts = linear.map((line) => Number(line.split(',')[1]));
    expect([counts.length, counts[20], counts[60], counts[0], counts.reduce((a, b) => a + b, 0)]).toEqual([
      200, 2, 1, 1, 5,
    ]);
  });
});
