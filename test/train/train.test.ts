import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { openFrames } from '../../src/convert/open.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { readCheckpoint } from '../../src/train/checkpoint.ts';
import { compareOnDataset } from '../../src/train/compare-files.ts';
import { evaluateDataset } from '../../src/train/evaluate-dataset.ts';
import { labelledFrames } from '../../src/train/labelled-frames.ts';
import { train } from '../../src/train/train.ts';
import type { TrainOptions } from '../../src/train/training-run.ts';
import { CONFIG, labelledExtxyz, randomFrames } from './known-network.ts';

let folder: string;
const diagnostics: Diagnostic[] = [];
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
  diagnostics.length = 0;
  await writeFile(at('data.extxyz'), labelledExtxyz(randomFrames(24, 5)));
  await writeFile(at('train.yaml'), CONFIG);
});
afterEach(() => rm(folder, { recursive: true }));

const run = (output: string, { config = at('train.yaml'), ...more }: Partial<TrainOptions> = {}) =>
  train({ ...settings(output), config, ...more });

const settings = (output: string) => ({
  data: at('data.extxyz'),
  output: at(output),
  seed: 3,
  read: {},
  onDiagnostic: (d: Diagnostic) => void diagnostics.push(d),
});

const weightsOf = (output: string) => readFile(join(at(output), 'weights.014.data'), 'utf8');

describe('train', () => {
  test('writes a potential that reads back, its learning curve, its record and nothing else', async () => {
    const result = await run('a', { test: at('data.extxyz') });
    expect(result).toMatchObject({ stop: 'finished', epochs: 4, written: true });
    expect((await readdir(at('a'))).sort()).toEqual([
      'input.nn',
      'learning-curve.csv',
      'potential.json',
      'report.html',
      'run.json',
      'scaling.data',
      'structures.csv',
      'train.yaml',
      'weights.008.data',
      'weights.014.data',
    ]);
    expect((await readdir(folder)).sort()).toEqual(['a', 'a.checkpoint', 'data.extxyz', 'train.yaml']);
    const curve = (await readFile(join(at('a'), 'learning-curve.csv'), 'utf8')).trim().split('\n');
    expect(curve).toHaveLength(5);
    expect(curve[0]).toMatch(/^epoch,cpu_s,score,train_energy_mae_meV_per_atom,/);
    const record = JSON.parse(await readFile(join(at('a'), 'run.json'), 'utf8'));
    expect(record).toMatchObject({
      command: 'train',
      seed: 3,
      dataset: { training: 19, validation: 5 },
      bestEpoch: result.bestEpoch,
    });
    expect(record.inputs.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(await readFile(join(at('a'), 'potential.json'), 'utf8')).source).toBe('a known network');
    expect(await loadPotential(at('a'))).toMatchObject({ species: [8, 14], cutoff: 3.6 });
    // Training and validation structures together are the test file here: sums of squares agree.
    const squares = (part: 'training' | 'validation' | 'test') => {
      const { forces } = result.errors[part]?.total() ?? { forces: { count: 0, rmse: 0 } };
      return forces.count * forces.rmse ** 2;
    };
    expect(squares('test')).toBeCloseTo(squares('training') + squares('validation'), 10);
  });

  test('gives the same weights bit for bit for the same seed, others for another', async () => {
    await run('a');
    await run('b');
    await run('c', { seed: 4 });
    expect(await weightsOf('b')).toBe(await weightsOf('a'));
    expect(await weightsOf('c')).not.toBe(await weightsOf('a'));
  });

  for (const [where, updates] of [
    ['in the middle of an epoch', 30],
    ['after the last update of an epoch', 38],
  ] as const) {
    test(`stopped ${where} and resumed equals an uninterrupted run`, async () => {
      await run('a');
      const abort = new AbortController();
      const stopped = await run('b', {
        signal: abort.signal,
        onProgress: (phase, done) => {
          if (phase === 'training' && done === updates) abort.abort();
        },
      });
      expect(stopped).toMatchObject({ stop: 'interrupted', epochs: 1 });
      const resumed = await run('b', { resume: true });
      expect(resumed.epochs).toBe(4);
      expect(await weightsOf('b')).toBe(await weightsOf('a'));
      const [a, b] = await Promise.all(['a', 'b'].map((name) => readCheckpoint(at(`${name}.checkpoint`))));
      expect(b.arrays).toEqual(a.arrays);
    });
  }

  for (const optimiser of [
    'name: adam, batch: 4',
    'name: lbfgs',
    'name: lm, force_fraction: 0.5',
    'name: ekf, force_rows: 5, force_choice: error, streams: 3',
  ])
    test(`resumes exactly with the optimiser ${optimiser}, too, and goes on beyond the configured epochs`, async () => {
      await writeFile(at('train.yaml'), CONFIG.replace('name: ekf, force_rows: 11', optimiser));
      await run('a', { epochs: 6 });
      await run('b', { epochs: 2 });
      await run('b', { epochs: 6, resume: true });
      expect(await weightsOf('b')).toBe(await weightsOf('a'));
    }, 60_000);

  test('does the same on every backend up to rounding, and says which it was', async () => {
    const said: string[] = [];
    const results = [];
    for (const backend of ['auto', 'wasm', 'typescript'] as const) {
      const onBackend = (description: string) => void said.push(description);
      const { errors } = await run(backend, { backend: { backend, threads: 2 }, onBackend });
      results.push(errors.training.total().forces.mae);
      const record = JSON.parse(await readFile(join(at(backend), 'run.json'), 'utf8'));
      expect(record.backend).toBe(said.at(-1));
    }
    expect(said[0]).toMatch(/^(native \(\w+, 2 threads\)|wasm; not native: .*)$/);
    expect(said.slice(1)).toEqual(['wasm', 'typescript']);
    expect(results[1]).toBeCloseTo(results[0], 6);
    expect(results[2]).toBeCloseTo(results[0], 6);
  }, 60_000);

  test('trains by TensorFlow.js with optimisers of first order, and refuses the others', async () => {
    const tfjs = { backend: { backend: 'tfjs-cpu' } } as const;
    await expect(run('a', tfjs)).rejects.toThrow(/tfjs-cpu computes in single precision.* ekf.* adam or lbfgs/);
    await writeFile(at('train.yaml'), CONFIG.replace('name: ekf, force_rows: 11', 'name: adam, batch: 4'));
    const said: string[] = [];
    await run('a', { ...tfjs, epochs: 20, onBackend: (description) => void said.push(description) });
    expect(said).toEqual([expect.stringMatching(/^tfjs-cpu \(TensorFlow.js 4\..*\) for gradients, .* for errors$/)]);
    const curve = (await readFile(join(at('a'), 'learning-curve.csv'), 'utf8')).trim().split('\n');
    const score = (line: string) => Number(line.split(',')[2]);
    expect(score(curve[20])).toBeLessThan(0.7 * score(curve[1]));
    await train({ ...settings('made'), ...tfjs, epochs: 1 });
    expect(await readFile(join(at('made'), 'train.yaml'), 'utf8')).toMatch(/name: adam/);
  }, 240_000);

  test('ends when the validation error has not fallen for a while, and resuming does not change that', async () => {
    await writeFile(at('train.yaml'), `${CONFIG.replace('epochs: 4', 'epochs: 400')}patience: 3\naveraging: 1\n`);
    const result = await run('a');
    expect(result.stop).toBe('no improvement');
    expect(result.epochs).toBe(result.bestEpoch + 3);
    const weights = await weightsOf('a');
    expect(await run('a', { resume: true })).toMatchObject({ stop: 'no improvement', epochs: result.epochs });
    expect(await weightsOf('a')).toBe(weights);
  }, 60_000);

  test('keeps the last weights whose validation error is the lowest one up to its uncertainty', async () => {
    await writeFile(at('train.yaml'), CONFIG.replace('epochs: 4', 'epochs: 30'));
    const result = await run('a');
    const lines = (await readFile(join(at('a'), 'learning-curve.csv'), 'utf8')).trim().split('\n').slice(1);
    const scores = lines.map((line) => Number(line.split(',')[2]));
    // Five structures are set aside.
    const lowest = scores.map((_, k) => Math.min(...scores.slice(0, k + 1)));
    const good = scores.map((score, k) => score <= lowest[k] * (1 + 1 / Math.sqrt(5)));
    expect(result.keptEpoch).toBe(good.lastIndexOf(true) + 1);
    expect(scores[result.bestEpoch - 1]).toBe(lowest[29]);
    expect(result.keptEpoch).toBeGreaterThanOrEqual(result.bestEpoch);
  }, 60_000);

  test('averaged weights are resumed exactly, too', async () => {
    await writeFile(at('train.yaml'), `${CONFIG}averaging: 2\n`);
    await run('a');
    await run('b', { epochs: 2 });
    await run('b', { resume: true });
    expect(await weightsOf('b')).toBe(await weightsOf('a'));
  });

  test('without a configuration makes one from the data and keeps it', async () => {
    const first = await train({
      data: at('data.extxyz'),
      output: at('a'),
      seed: 3,
      epochs: 2,
      read: {},
      onDiagnostic: () => {},
    });
    expect(first.written).toBe(true);
    await rename(join(at('a'), 'train.yaml'), at('made.yaml'));
    await run('b', { config: at('made.yaml'), epochs: 2 });
    expect(await weightsOf('b')).toBe(await weightsOf('a'));
  }, 60_000);

  test('a part set aside for testing is measured and not learned from', async () => {
    await writeFile(at('train.yaml'), `${CONFIG}test: 0.25\n`);
    const { errors } = await run('a');
    expect(errors.test?.total().structures).toBe(6);
    expect(errors.training.total().structures).toBe(13);
  });

  test('stopped before the first epoch ends it writes a checkpoint only', async () => {
    const result = await run('a', { timeLimit: 1e-9 });
    expect(result).toMatchObject({ stop: 'time limit', epochs: 0, written: false });
    expect((await readdir(folder)).sort()).toEqual(['a.checkpoint', 'data.extxyz', 'train.yaml']);
    expect(await run('a', { resume: true })).toMatchObject({ stop: 'finished', written: true });
  });

  test('looks for the test file before it trains, and takes a directory name with a slash', async () => {
    await expect(run('a', { test: at('none.extxyz') })).rejects.toThrow(/ENOENT.*none\.extxyz/);
    expect((await run('a/', { epochs: 1 })).checkpoint).toBe(at('a.checkpoint'));
    expect((await readdir(folder)).sort()).toEqual(['a', 'a.checkpoint', 'data.extxyz', 'train.yaml']);
  });

  test('refuses to replace a potential, or to resume with other settings, unless told so', async () => {
    await run('a', { epochs: 1 });
    await expect(run('a')).rejects.toThrow(/exists; continue it with --resume or replace it with --overwrite/);
    await expect(run('a', { resume: true, seed: 9 })).rejects.toThrow(/made with another seed/);
    await expect(run('b', { resume: true })).rejects.toThrow(/there is no .*b\.checkpoint/);
    await writeFile(at('train.yaml'), `${CONFIG}# changed\n`);
    await expect(run('a', { resume: true })).rejects.toThrow(/made with another configuration/);
    await expect(run('.', { overwrite: true })).rejects.toThrow(/holds no potential/);
    expect(await run('a', { overwrite: true })).toMatchObject({ epochs: 4 });
  });

  test('its errors are those of the written files', async () => {
    const result = await run('a');
    const potential = await loadPotential(at('a'));
    const path = at('data.extxyz');
    const { frames } = await openFrames(undefined, { path, onDiagnostic: () => {}, strict: true });
    const all = (
      await evaluateDataset(
        potential,
        labelledFrames(frames, path, () => {}),
      )
    ).total();
    const { training, validation } = result.errors;
    const printed: string[] = [];
    await compareOnDataset({
      potentials: [at('a')],
      dataset: path,
      json: true,
      load: {},
      read: { onDiagnostic: () => {}, strict: true },
      print: async (text) => void printed.push(text),
    });
    expect(JSON.parse(printed.join(''))).toMatchObject({ structures: 24, forces: { max_eV_per_A: all.forces.max } });
    const largest = Math.max(training.total().forces.max, validation?.total().forces.max ?? 0);
    expect(Math.abs(all.forces.max - largest)).toBeLessThan(1e-12);
  });
});

describe('bad training data', () => {
  const broken = async (change: (text: string) => string) => {
    const text = await readFile(at('data.extxyz'), 'utf8');
    await writeFile(at('data.extxyz'), change(text));
    return run('a', { epochs: 1 });
  };

  test('NaN labels are not learned from, and the frame that holds them is named', async () => {
    const result = await broken((text) => text.replace(/energy=\S+/, 'energy=nan').replace(/ \S+\n$/, ' nan\n'));
    const frames = diagnostics.filter(({ code }) => code === 'no-energy' || code === 'no-forces');
    expect(frames).toMatchObject([
      { code: 'no-energy', at: { frame: 0 } },
      { code: 'no-forces', at: { frame: 23 } },
    ]);
    const { training, validation } = result.errors;
    const count = (of: 'energy' | 'forces') => training.total()[of].count + (validation?.total()[of].count ?? 0);
    expect(count('energy')).toBe(23);
    expect(count('forces')).toBe(3 * 84 - 1);
    expect(Number.isFinite(training.total().forces.rmse)).toBe(true);
  });

  test('frames without any label are refused', async () => {
    const unlabelled = (text: string) => text.replace(/energy=\S+/, '').replace(':forces:R:3', ':unknown:R:3');
    await expect(broken(unlabelled)).rejects.toThrow(/data\.extxyz.*neither energy nor forces/);
  });

  test('frames without forces teach energies only, and this is said', async () => {
    await broken((text) => text.replaceAll(':forces:R:3', ':unknown:R:3'));
    expect(diagnostics).toMatchObject([{ code: 'no-forces' }]);
  });

  test('frames without energies teach forces only, and this is said', async () => {
    const result = await broken((text) => text.replaceAll(/energy=\S+/g, ''));
    expect(diagnostics).toMatchObject([{ code: 'no-energy' }]);
    expect(result.errors.training.total().energy.count).toBe(0);
  });

  test('an element without symmetry functions is named', async () => {
    await writeFile(at('train.yaml'), CONFIG.replaceAll('- {type', '- {center: Si, type'));
    await expect(run('a')).rejects.toThrow(/no symmetry functions for O/);
  });

  test('a function that is constant over the data is left out, and this is said', async () => {
    await writeFile(
      at('train.yaml'),
      CONFIG.replace('symmetry_functions:', 'symmetry_functions:\n  - symfunction_short Si 2 O 4.0 0.0 0.3'),
    );
    await run('a', { epochs: 1 });
    expect(diagnostics).toMatchObject([{ code: 'constant-function' }]);
    expect(diagnostics[0].message).toContain('symfunction_short Si 2 O 4 0 0.3');
  });

  test('descriptors beyond the allowed memory are refused before they are made', async () => {
    await writeFile(at('train.yaml'), `memory_gb: 0.001\n${CONFIG}`);
    await writeFile(at('data.extxyz'), labelledExtxyz(randomFrames(600, 6)));
    await expect(run('a')).rejects.toThrow(/would take 0\.00\d+ GB, more than memory_gb/);
  });

  test('a network too large for the Kalman filter is refused before its covariance is made', async () => {
    await writeFile(at('train.yaml'), CONFIG.replace('[6]', '[200, 200]'));
    await expect(run('a')).rejects.toThrow(/Kalman filter of \d+ weights would take .* GB, more than memory_gb: 2/);
  });

  test('an empty file is refused', async () => {
    await writeFile(at('data.extxyz'), '');
    await expect(run('a')).rejects.toThrow();
  });
});
