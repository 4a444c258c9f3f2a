import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minimumCrossSection } from '../../../src/conductance/features/cross-section.ts';
import type { Wire } from '../../../src/conductance/geometry/wire.ts';
import { loadPredictor } from '../../../src/conductance/predictor/predictor.ts';
import { readSnapshots } from '../../../src/conductance/predictor/snapshots.ts';
import { splitSnapshots } from '../../../src/conductance/predictor/split.ts';
import { type TrainRequest, trainPredictor } from '../../../src/conductance/predictor/train-predictor.ts';
import { potassiumWire, thinned } from '../wires.ts';

let folder: string;
let data: string;
let wires: Wire[];
const READ = { strict: true, onDiagnostic: () => {} };
const WIRE = { grips: { kind: 'type', bottom: 2, top: 3 }, axis: 'z' } as const;

/** A neck of the given radius in a thin wire. */
function necked(radius: number, shift: number): Wire {
  const wire = potassiumWire('100', 10);
  const middle = wire.length / 2 + shift;
  return thinned(wire, (x, y, z) => Math.hypot(x, y) <= radius + 0.5 * Math.max(0, Math.abs(z - middle) - 2));
}

const labelOf = (wire: Wire) => 1.3 * minimumCrossSection(wire.positions) + 0.2;

function text(wire: Wire, trajectory: string): string {
  const rows = Array.from({ length: wire.natoms }, (_, i) => {
    const type = i < wire.bottom ? 2 : i >= wire.natoms - wire.top ? 3 : 1;
    return `K ${Array.from(wire.positions.subarray(3 * i, 3 * i + 3)).join(' ')} ${type}`;
  });
  const head = `Properties=species:S:1:pos:R:3:type:I:1 pbc="F F F" trajectory=${trajectory} conductance=${labelOf(wire)}`;
  return `${wire.natoms}\n${head}\n${rows.join('\n')}\n`;
}

const request = (name: string, words: Partial<TrainRequest> = {}): TrainRequest => ({
  training: [data],
  tests: [],
  output: join(folder, name),
  split: { kind: 'trajectories', validation: ['t3'] },
  splitSeed: 1,
  models: ['neck'],
  changes: { epochs: 8, headLayers: [8], atomLayers: [8], sliceLayers: [6], batch: 8 },
  soap: { cutoff: 6, sigma: 1, nmax: 4, lmax: 2 },
  seeds: 2,
  seed: 1,
  wire: WIRE,
  read: READ,
  resume: false,
  overwrite: false,
  ...words,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'predictor-'));
  data = join(folder, 'wires.extxyz');
  wires = Array.from({ length: 24 }, (_, k) => necked(0.5 + 0.2 * k, (k % 5) - 2));
  await writeFile(data, wires.map((wire, k) => text(wire, `t${k % 4}`)).join(''));
});
afterAll(() => rm(folder, { recursive: true }));

describe('trained predictors', () => {
  test('every model is written, read back, and predicts without TensorFlow.js what was trained', async () => {
    const models = ['neck', 'neck-kernel', 'slice', 'gmp', 'gap', 'averaged-soap', 'coulomb'] as const;
    const summary = await trainPredictor(request('all', { models, tests: [data] }));
    expect(summary.interrupted).toBe(false);
    const rows = (await readFile(join(folder, 'all/predictions.csv'), 'utf8')).trim().split('\n');
    const head = rows[0].split(',');
    const tested = rows.slice(1).filter((row) => row.startsWith(data));
    expect(tested.length).toBe(24);
    for (const model of models) {
      const predictor = await loadPredictor(join(folder, model === 'neck' ? 'all' : `all/models/${model}`));
      expect(predictor.data.model).toBe(model);
      tested.forEach((row, k) => {
        const { conductance, spread } = predictor.predict(wires[k]);
        const [g, s] = [`${model}_G0`, `${model}_spread_G0`].map((name) => Number(row.split(',')[head.indexOf(name)]));
        expect(Math.abs(conductance - g)).toBeLessThan(1e-5 * (1 + g));
        // Each member is within 1e-5 of its own size, and that is at most about g + 2 s.
        expect(Math.abs(spread - s)).toBeLessThan(1e-5 * (1 + g + 2 * s));
      });
    }
    const run = JSON.parse(await readFile(join(folder, 'all/run.json'), 'utf8'));
    expect(run.foldDifference).toBeLessThan(1e-5);
    expect(run.engine).toMatch(/^tfjs-/);
    expect(run.scores.filter((s: { model: string }) => s.model === 'cross-section').length).toBe(3);
    expect(await readFile(join(folder, 'all/report.html'), 'utf8')).toContain('<svg');
    await expect(trainPredictor(request('all'))).rejects.toThrow(/--overwrite/);
  }, 120_000);

  test('the same seed gives the same network, another seed another one', async () => {
    const weights = async (name: string, seed: number) => {
      await trainPredictor(request(name, { seed, seeds: 1 }));
      return (await readFile(join(folder, name, 'weights.bin'))).toString('base64');
    };
    const first = await weights('a', 1);
    expect(await weights('b', 1)).toBe(first);
    expect(await weights('c', 2)).not.toBe(first);
  }, 120_000);

  test('a training that is stopped goes on to the same result', async () => {
    await trainPredictor(request('whole'));
    const stop = new AbortController();
    const onProgress = (phase: string, done: number) => phase === 'training' && done === 11 && stop.abort();
    const cut = await trainPredictor(request('cut', { signal: stop.signal, onProgress }));
    expect(cut.interrupted).toBe(true);
    await expect(loadPredictor(join(folder, 'cut'))).rejects.toThrow(/predictor.json/);
    const other = request('cut', { resume: true, changes: { epochs: 9 } });
    await expect(trainPredictor(other)).rejects.toThrow(/other data or settings/);
    let epochs = 0;
    const rest = await trainPredictor(
      request('cut', { resume: true, onProgress: (p) => void (p === 'training' && epochs++) }),
    );
    expect([rest.interrupted, epochs]).toEqual([false, 5]);
    const bytes = (name: string) => readFile(join(folder, name, 'weights.bin'));
    expect((await bytes('cut')).equals(await bytes('whole'))).toBe(true);
  }, 120_000);

  test('wires unlike those of the training are told from the others, and damage is refused', async () => {
    await trainPredictor(request('range', { seeds: 1 }));
    const predictor = await loadPredictor(join(folder, 'range'));
    expect(predictor.predict(wires[9]).outside).toBeUndefined();
    const wide = potassiumWire('100', 20);
    expect(predictor.predict(wide).outside).toMatch(/outside of what training had/);
    const sodium = { ...wires[9], numbers: new Uint8Array(wires[9].natoms).fill(11) };
    expect(() => predictor.predict(sodium)).toThrow(/Na/);
    const path = join(folder, 'range/weights.bin');
    const bytes = await readFile(path);
    bytes[100] ^= 1;
    await writeFile(path, bytes);
    await expect(loadPredictor(join(folder, 'range'))).rejects.toThrow(/weights.bin is not the file/);
    await writeFile(join(folder, 'range/predictor.json'), '{"schema":"x"}');
    await expect(loadPredictor(join(folder, 'range'))).rejects.toThrow(/schema/);
  }, 120_000);
});

describe('splits', () => {
  test('by trajectory no trajectory is in two parts; at random the parts have their sizes; the seed decides', async () => {
    const all = await readSnapshots({ files: [data], wire: WIRE, read: READ });
    const parts = { validation: 0.25, test: 0.25 };
    const byName = splitSnapshots(all, { kind: 'by-trajectory', ...parts }, 1);
    const names = [byName.training, byName.validation, byName.test].map((set) => new Set(set.map((s) => s.trajectory)));
    expect(names.map((n) => n.size)).toEqual([2, 1, 1]);
    expect(new Set(names.flatMap((n) => [...n])).size).toBe(4);
    const random = (seed: number) => splitSnapshots(all, { kind: 'random', ...parts }, seed);
    expect([random(1).training.length, random(1).validation.length, random(1).test.length]).toEqual([12, 6, 6]);
    expect(random(1).test).toEqual(random(1).test);
    expect(random(1).test).not.toEqual(random(2).test);
    const unknown = { kind: 'trajectories', validation: ['t9'] } as const;
    expect(() => splitSnapshots(all, unknown, 1)).toThrow(/no frame of trajectory t9; there are t0, t1, t2, t3/);
  });
});
