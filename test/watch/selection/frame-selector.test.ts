import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Frame } from '../../../src/core/frame.ts';
import { readBytes } from '../../../src/scan/byte-source.ts';
import { DeviationLog } from '../../../src/watch/selection/deviation-log.ts';
import { FrameSelector } from '../../../src/watch/selection/frame-selector.ts';
import { readModelDevi } from '../../../src/watch/selection/model-devi-file.ts';
import { NoveltyArchive } from '../../../src/watch/selection/novelty.ts';
import { symmetryPoints } from '../../../src/watch/selection/symmetry-points.ts';
import type { Decision } from '../../../src/watch/selection/verdict.ts';
import { randomModel } from '../../potentials/random-model.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { frameOf, pair } from './frames.ts';

const at = (path: string, frame: number, distance = 1.3) => pair(distance, { origin: { path, frame } });

async function decisions(selector: FrameSelector, frames: readonly Frame[]): Promise<Decision[]> {
  const all: Decision[] = [];
  for (const frame of frames) all.push((await selector.judge(frame)).decision);
  return all;
}

/** One point per frame: the distance of its two atoms. */
const describeByDistance = ({ positions }: Frame) => new Map([[18, [Float64Array.of(positions[3] - positions[0])]]]);

test('without criteria every frame is a candidate', async () => {
  expect(await decisions(new FrameSelector({}), [at('a', 0), at('a', 1)])).toEqual(['candidate', 'candidate']);
});

test('every n-th frame is by the place in the file, so a run that goes on takes the same', async () => {
  const selector = new FrameSelector({ every: 3 });
  const found = await decisions(selector, [at('a', 3), at('a', 4), at('a', 5), at('a', 6), at('b', 0), at('b', 1)]);
  expect(found.map((decision) => decision === 'candidate')).toEqual([true, false, false, true, true, false]);
});

test('cap of a file and budget of a run end what is taken, and frames are not evaluated any more', async () => {
  let judged = 0;
  const committee = {
    judge: () => {
      judged++;
      return { decision: 'candidate', reason: '' } as const;
    },
  };
  const selector = new FrameSelector({ perFile: 2, budget: 3, committee });
  selector.remember(at('a', 0), 'a');
  const frames = [at('a', 1), at('a', 2), at('b', 0), at('b', 1), at('b', 2), at('c', 0)];
  expect((await decisions(selector, frames)).map((decision) => decision === 'candidate')).toEqual([
    true,
    false,
    true,
    true,
    false,
    false,
  ]);
  expect(judged).toBe(3);
});

test('frames that the committee fails or trusts do not count, and are not added to the archive', async () => {
  const verdicts: Decision[] = ['failed', 'accurate', 'candidate'];
  const committee = { judge: () => ({ decision: verdicts.shift() as Decision, reason: '' }) };
  const novelty = new NoveltyArchive({ describe: describeByDistance, distance: 0.1 });
  const selector = new FrameSelector({ budget: 1, committee, novelty });
  const frames = [at('a', 0), at('a', 1), at('a', 2)];
  expect(await decisions(selector, frames)).toEqual(['failed', 'accurate', 'candidate']);
});

test('what the committee said is logged in the dialect of LAMMPS, one file for each file', async () => {
  const folder = temporaryFolder();
  const deviation = { maxForce: 0.1, minForce: 0, avgForce: 0, maxVirial: 0, minVirial: 0, avgVirial: 0 };
  const committee = { judge: () => ({ decision: 'accurate', reason: '', deviation }) as const };
  const selector = new FrameSelector({ committee, log: new DeviationLog(folder, 'runs') });
  for (const timestep of [0, 50]) await selector.judge({ ...at('runs/1/md.dump', timestep / 50), info: { timestep } });
  await selector.judge(at('runs/traj.xyz', 7));
  const stepsOf = async (name: string) => {
    const steps: number[] = [];
    const path = join(folder, `${name}.model_devi.out`);
    for await (const { step } of readModelDevi(readBytes(path), path)) steps.push(step);
    return steps;
  };
  expect(await stepsOf('1/md.dump')).toEqual([0, 50]);
  expect(await stepsOf('traj.xyz')).toEqual([7]);
});

test('numbers that make no sense are refused', () => {
  for (const options of [{ every: 0 }, { perFile: -1 }, { budget: 1.5 }])
    expect(() => new FrameSelector(options)).toThrow('expected');
});

describe('novelty', () => {
  const archive = () => new NoveltyArchive({ describe: describeByDistance, distance: 0.1, capacity: 3 });

  test('takes what is farther than the distance from all that was taken or remembered', async () => {
    const selector = new FrameSelector({ novelty: archive() });
    selector.remember(pair(1.0));
    const frames = [1.05, 1.2, 1.25, 1.31, 1.0].map((d, k) => at('a', k, d));
    expect(await decisions(selector, frames)).toEqual(['skipped', 'candidate', 'skipped', 'candidate', 'skipped']);
  });

  test('of an empty archive everything is novel', () => {
    expect(archive().distanceOf(pair(1))).toBe(Number.POSITIVE_INFINITY);
  });

  test('a full archive gives up the point closest to another one and keeps its extent', () => {
    const full = archive();
    for (const d of [1, 3, 1.2]) full.add(pair(d));
    full.add(pair(5)); // 1.2 came within 0.2 of 1: it goes
    expect(full.distanceOf(pair(1))).toBeCloseTo(0, 12);
    expect(full.distanceOf(pair(3))).toBeCloseTo(0, 12);
    expect(full.distanceOf(pair(5))).toBeCloseTo(0, 12);
    expect(full.distanceOf(pair(1.2))).toBeCloseTo(0.2, 12);
  });

  test('a broken structure has failed', async () => {
    const model = modelOn(pair(1.3));
    const novelty = new NoveltyArchive({ describe: symmetryPoints(model, 'atoms'), distance: 0.1 });
    expect((await new FrameSelector({ novelty }).judge(pair(0))).decision).toBe('failed');
  });
});

const FUNCTIONS = [0.5, 2, 6].map((eta) => ({ type: 2, e1: 18, eta, rs: 1, rc: 4 }) as const);
const modelOn = (trainedOn: Frame) => randomModel({ seed: 1, species: [18], trainedOn, functions: FUNCTIONS });

describe('points of symmetry functions', () => {
  const square = frameOf([0, 0, 0, 1.5, 0, 0, 0, 1.5, 0, 1.5, 1.5, 0]);
  const turned = frameOf([3, 3, 3, 3, 4.5, 3, 3, 3, 4.5, 3, 4.5, 4.5]);
  const model = modelOn(pair(1.3));

  test('are the same for turned and shifted structures, in any order of atoms', () => {
    const [a] = symmetryPoints(model, 'structure')(square).get(18) ?? [];
    const [b] = symmetryPoints(model, 'structure')(turned).get(18) ?? [];
    expect(a.length).toBe(3);
    for (const [k, value] of a.entries()) expect(b[k]).toBeCloseTo(value, 12);
  });

  test('of a structure are the mean of those of its atoms', () => {
    const frame = frameOf([0, 0, 0, 1.5, 0, 0, 0, 1.2, 0]);
    const atoms = symmetryPoints(model, 'atoms')(frame).get(18) ?? [];
    const [mean] = symmetryPoints(model, 'structure')(frame).get(18) ?? [];
    expect(atoms.length).toBe(3);
    for (const [s, value] of mean.entries())
      expect(value).toBeCloseTo(atoms.reduce((sum, point) => sum + point[s], 0) / 3, 12);
  });

  test('are the sums of the manual, scaled as the inputs of the network', () => {
    const r = 1.4;
    const [point] = symmetryPoints(model, 'structure')(pair(r)).get(18) ?? [];
    const [{ scaleFactor, scaleOffset }] = model.elements;
    for (const [s, { eta, rs, rc }] of FUNCTIONS.toSorted((a, b) => a.eta - b.eta).entries()) {
      const g = Math.exp(-eta * (r - rs) ** 2) * Math.tanh(1 - r / rc) ** 3;
      expect(point[s]).toBeCloseTo(scaleFactor[s] * g + scaleOffset[s], 10);
    }
  });
});
