import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LabelError, MissingDataError, PotentialError, ProgramError } from '../../src/core/errors.ts';
import type { Labelled } from '../../src/label/labeller.ts';
import type { Verdict } from '../../src/watch/selection/verdict.ts';
import type { WatchedFrame } from '../../src/watch/watched-frame.ts';
import { collect } from '../store/frames.ts';
import { goodLabel, labellerOf, piped, watched } from './pipeline-fixture.ts';

const frames = (count: number, path = 'a.dump', first = 1) =>
  Array.from({ length: count }, (_, k) => watched(path, k, first + k));

const lastOf = (commits: readonly { cursor: WatchedFrame['cursor'] }[], path: string) =>
  commits.filter(({ cursor }) => cursor.path === path).at(-1)?.cursor.frames;

describe('the pipeline', () => {
  test('labels every frame once, stores it with its origin, and passes it with the cursor', async () => {
    const { store, commits, error } = await piped([...frames(3), ...frames(2, 'b.dump', 50)], {});
    expect(error).toBeUndefined();
    const stored = await collect(store.frames());
    expect(stored.map(({ info }) => [info['source'], info['source_frame'], info['source_step']])).toEqual([
      ['a.dump', 0, 0],
      ['a.dump', 1, 10],
      ['a.dump', 2, 20],
      ['b.dump', 0, 0],
      ['b.dump', 1, 10],
    ]);
    expect(stored.every(({ labels, info }) => labels?.energy === -4 && info['labeller'] === 'test')).toBe(true);
    expect([lastOf(commits, 'a.dump'), lastOf(commits, 'b.dump')]).toEqual([3, 2]);
  });

  test('labels as many frames at a time as the labeller can, and no more', async () => {
    let running = 0;
    let most = 0;
    const labeller = labellerOf(async (frame) => {
      most = Math.max(most, ++running);
      await sleep(5);
      running--;
      return goodLabel(frame);
    }, 3);
    const { store } = await piped(frames(20), { labeller });
    expect(most).toBe(3);
    expect(store.size).toBe(20);
  });

  test('takes frames no faster than they are labelled', async () => {
    let taken = 0;
    const source = (async function* () {
      for (const one of frames(200)) {
        taken++;
        yield one;
      }
    })();
    let done = 0;
    let ahead = 0;
    const labeller = labellerOf(async (frame) => {
      await sleep(1);
      ahead = Math.max(ahead, taken - done++);
      return goodLabel(frame);
    });
    await piped(source, { labeller });
    expect(done).toBe(200);
    expect(ahead).toBeLessThanOrEqual(20);
  });

  test('a cursor does not pass a frame that is still in work, other files go on', async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const all = [...frames(4), ...frames(2, 'b.dump', 50)];
    let labelled = 0;
    const labeller = labellerOf(async (frame) => {
      if (frame === all[1].frame) await slow;
      labelled++;
      return goodLabel(frame);
    }, 2);
    const events: string[] = [];
    const seen: number[] = [];
    const running = piped(all, {
      labeller,
      onEvent: ({ cursor }) => void events.push(`${cursor.path} ${cursor.frames}`),
      commit: ({ path, frames }) => {
        if (path === 'a.dump') seen.push(frames);
      },
    });
    while (labelled < 5 || seen.length === 0 || !events.includes('b.dump 2')) await sleep(2);
    await sleep(20);
    expect(seen).toEqual([1]);
    release();
    await running;
    expect(seen).toEqual([1, 4]);
  });

  test('a frame whose label fails is tried again, then failed with its reason; the run goes on', async () => {
    const all = frames(5);
    let tries = 0;
    const labeller = labellerOf(async (frame) => {
      if (frame !== all[1].frame) return goodLabel(frame);
      tries++;
      throw new LabelError('SCF did not converge in 50 steps', 'last lines');
    });
    const { store, events, commits, error } = await piped(all, { labeller, attempts: 3 });
    expect(error).toBeUndefined();
    expect(tries).toBe(3);
    expect(store.size).toBe(4);
    expect(lastOf(commits, 'a.dump')).toBe(5);
    const failed = events.filter(({ outcome }) => outcome === 'failed');
    expect(failed).toHaveLength(1);
    expect(failed[0].reason).toBe('SCF did not converge in 50 steps');
    const reasons = commits.flatMap(({ outcomes }) => Object.entries(outcomes.reasons));
    expect(reasons).toEqual([['failed: SCF did not converge in # steps', 1]]);
  });

  const good = goodLabel(watched('a.dump', 0).frame).labels;
  const LIES: [string, Labelled, RegExp][] = [
    [
      'forces of another number of atoms',
      { labels: { ...good, forces: new Float64Array(9) } },
      /forces of 3 atoms for 4/,
    ],
    ['an energy that is no number', { labels: { ...good, energy: Number.NaN } }, /the energy NaN/],
    [
      'a force that is no number',
      { labels: { ...good, forces: new Float64Array(12).fill(Number.NaN, 5, 6) } },
      /not finite/,
    ],
    ['a result that is not converged', { labels: { ...good, converged: false } }, /not converged/],
    ['nothing', { labels: {} }, /no energy/],
    ['an energy without forces', { labels: { energy: 1 } }, /no forces/],
    ['a virial that is not finite', { labels: { ...good, virial: new Float64Array(9).fill(Infinity) } }, /virial/],
    [
      'a short column',
      { labels: good, arrays: { d: { columns: 1, data: new Float64Array(3) } } },
      /3 values of d for 4/,
    ],
  ];
  for (const [what, lie, reason] of LIES)
    test(`a labeller that gives ${what} is not believed`, async () => {
      const all = frames(3);
      const labeller = labellerOf(async (frame) => (frame === all[1].frame ? lie : goodLabel(frame)));
      const { store, events, error } = await piped(all, { labeller });
      expect(error).toBeUndefined();
      expect(store.size).toBe(2);
      expect(events.find(({ outcome }) => outcome === 'failed')?.reason).toMatch(reason);
    });

  test('a labeller that hangs is told to stop and its frame is failed; the run goes on', async () => {
    const all = frames(3);
    let told = 0;
    const labeller = labellerOf((frame, signal) => {
      if (frame !== all[0].frame) return Promise.resolve(goodLabel(frame));
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          told++;
          reject(new LabelError('killed', 'iteration 17'));
        });
      });
    });
    const { store, events } = await piped(all, { labeller, attempts: 1, timeout: 0.05 });
    expect(told).toBe(1);
    expect(store.size).toBe(2);
    const failed = events.find(({ outcome }) => outcome === 'failed');
    expect(failed?.reason).toBe('no label after 0.05 s');
    expect(failed?.error).toMatchObject({ tail: 'iteration 17' });
  });

  test('a labeller that fails every frame stops the run, and no cursor has passed a failed frame', async () => {
    const all = frames(20);
    const labeller = labellerOf(async (frame) => {
      if (all.slice(0, 4).some((one) => one.frame === frame)) return goodLabel(frame);
      throw new LabelError('cp2k.psmp: command not found');
    });
    const { store, commits, events, error } = await piped(all, { labeller, failuresInRow: 5 });
    expect(error).toBeInstanceOf(ProgramError);
    expect(error?.message).toMatch(/5 frames one after the other .*command not found.*Nothing is lost/s);
    expect(store.size).toBe(4);
    expect(lastOf(commits, 'a.dump')).toBe(4);
    expect(events.some(({ outcome }) => outcome === 'failed')).toBe(false);
  });

  test('what concerns all frames stops the run at once', async () => {
    const labeller = labellerOf(async () => {
      throw new PotentialError('the potential does not know K');
    });
    const { error, commits } = await piped(frames(20), { labeller });
    expect(error?.message).toBe('the potential does not know K');
    expect(commits).toEqual([]);
  });

  test('a frame for which the labeller lacks something is failed, the others go on', async () => {
    const all = frames(4);
    const labeller = labellerOf(async (frame) => {
      if (frame === all[2].frame) throw new MissingDataError('K is none of the atom types', 'name them with --types');
      return goodLabel(frame);
    });
    const { error, store, events } = await piped(all, { labeller });
    expect([error, store.size]).toEqual([undefined, 3]);
    expect(events.find(({ outcome }) => outcome === 'failed')?.reason).toMatch(/none of the atom types/);
  });

  test('an error of the source is thrown after the frames in work are done', async () => {
    const source = (async function* () {
      yield* frames(3);
      throw new Error('disk on fire');
    })();
    const { error, store } = await piped(source, {
      labeller: labellerOf(async (frame) => {
        await sleep(10);
        return goodLabel(frame);
      }, 2),
    });
    expect(error?.message).toBe('disk on fire');
    expect(store.size).toBe(3);
  });

  test('stopped, it finishes the labels in work, begins no other and passes none of these', async () => {
    const stop = new AbortController();
    let begun = 0;
    const labeller = labellerOf(async (frame) => {
      if (++begun === 3) stop.abort();
      await sleep(5);
      return goodLabel(frame);
    });
    const { store, commits, error } = await piped(frames(20), { labeller, stop: stop.signal });
    expect(error).toBeUndefined();
    expect(begun).toBe(3);
    expect(store.size).toBe(3);
    expect(lastOf(commits, 'a.dump')).toBe(3);
  });

  test('killed, it does not wait for the labels in work', async () => {
    const [stop, kill] = [new AbortController(), new AbortController()];
    const labeller = labellerOf(
      (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    setTimeout(() => {
      stop.abort();
      kill.abort();
    }, 20);
    const { store, commits, events } = await piped(frames(3), { labeller, stop: stop.signal, kill: kill.signal });
    expect([store.size, commits.length, events.length]).toEqual([0, 0, 0]);
  });

  test('a structure that comes twice is labelled once', async () => {
    let labels = 0;
    const labeller = labellerOf(async (frame) => {
      labels++;
      await sleep(3);
      return goodLabel(frame);
    }, 4);
    const { events, store } = await piped([...frames(3), ...frames(3, 'b.dump')], { labeller });
    expect([labels, store.size]).toEqual([3, 3]);
    expect(events.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(3);
  });

  test('labels only candidates, counts the others by outcome, and keeps the disagreement', async () => {
    const deviation = (maxForce: number) => ({
      ...{ maxForce, minForce: 0, avgForce: 0, maxVirial: 0, minVirial: 0, avgVirial: 0 },
    });
    const verdicts: Verdict[] = [
      { decision: 'accurate', reason: 'force 0.01 eV/A below 0.05', deviation: deviation(0.01) },
      { decision: 'candidate', reason: 'force 0.12 eV/A between 0.05 and 0.20', deviation: deviation(0.12) },
      { decision: 'failed', reason: 'not a number', deviation: deviation(Number.NaN) },
      { decision: 'skipped', reason: 'every 10th frame only' },
    ];
    const selector = { judge: async () => verdicts.shift() as Verdict };
    const { store, commits } = await piped(frames(4), { selector });
    const [stored] = await collect(store.frames());
    expect(stored.info['disagreement']).toBe(0.12);
    expect(store.size).toBe(1);
    const sum = (name: 'labelled' | 'accurate' | 'untrusted' | 'skipped') =>
      commits.reduce((total, { outcomes }) => total + outcomes.counts[name], 0);
    expect([sum('labelled'), sum('accurate'), sum('untrusted'), sum('skipped')]).toEqual([1, 1, 1, 1]);
    expect(commits.flatMap(({ outcomes }) => Object.keys(outcomes.disagreement)).sort()).toEqual([
      '-0.9',
      '-1.9',
      'nan',
    ]);
  });

  test('a frame without finite coordinates is failed without asking the labeller', async () => {
    const all = frames(2);
    const broken = { ...all[0], frame: { ...all[0].frame, positions: new Float64Array(12).fill(Number.NaN) } };
    const { events, store } = await piped([broken, all[1]], {});
    expect(store.size).toBe(1);
    expect(events.find(({ outcome }) => outcome === 'failed')?.reason).toMatch(/not a finite number/);
  });
});
