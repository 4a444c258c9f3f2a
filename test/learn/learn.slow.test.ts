import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabelError } from '../../src/core/errors.ts';
import type { Labeller } from '../../src/label/labeller.ts';
import { readFrames } from '../../src/learn/frame-files.ts';
import { type LearnEvent, type LearnOptions, type LearnOutcome, learn } from '../../src/learn/learn.ts';
import { parseLearnConfig } from '../../src/learn/learn-config.ts';
import { writeReport } from '../../src/learn/report/write-report.ts';
import { openStore } from '../../src/store/open-store.ts';
import { frameId } from '../../src/store/shard-file.ts';
import { SMALL_LOOP, SMALL_TRAINING, teacher } from './small-loop.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const execArgv = [...process.execArgv];
const PATIENCE = 600_000;

interface Told {
  readonly outcome: LearnOutcome;
  readonly events: readonly LearnEvent[];
}

/** Runs the small loop in a folder with a labeller. */
async function run(
  name: string,
  labeller: () => Promise<Labeller>,
  more: Partial<LearnOptions> & { text?: string } = {},
) {
  const { text = SMALL_LOOP, ...options } = more;
  const config = parseLearnConfig(text, at('learn.yaml'));
  const events: LearnEvent[] = [];
  const outcome = await learn({
    config,
    folder: at(name),
    openLabeller: labeller,
    signal: new AbortController().signal,
    onDiagnostic: () => {},
    onEvent: (event) => events.push(event),
    onRound: (rounds, store) =>
      writeReport({ folder: at(name), title: 'Silicon', config, rounds, store, onDiagnostic: () => {} }),
    ...options,
  });
  return { outcome, events } satisfies Told;
}

async function stored(name: string): Promise<string[]> {
  const store = await openStore(at(name, 'store'), { onDiagnostic: () => {} });
  const ids: string[] = [];
  for await (const frame of store.frames()) ids.push(frameId(frame));
  await store.close();
  return ids;
}

beforeAll(async () => {
  // The member processes run TypeScript sources here.
  process.execArgv.push('--import', 'tsx');
  folder = await mkdtemp(join(tmpdir(), 'learn-'));
  await writeFile(at('train.yaml'), SMALL_TRAINING);
});
afterAll(async () => {
  process.execArgv = execArgv;
  await rm(folder, { recursive: true });
});

test(
  'two rounds with the built-in engine: candidates are labelled once, rounds grow the data, the report shows them all',
  async () => {
    let labels = 0;
    const count = (n: number) => {
      labels = n;
    };
    const { outcome } = await run('whole', () => teacher(count));
    const { end, rounds, labelled, committee } = outcome;
    expect(end).toBe('all rounds done');
    expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2]);
    expect(labels).toBe(labelled);
    expect(await stored('whole')).toHaveLength(labelled);
    expect(rounds[0].label.ids).toHaveLength(8);
    for (const { round, runs, select, label, train } of rounds.slice(1)) {
      expect(select.frames).toBe(runs.reduce((sum, { steps }) => sum + steps.length, 0));
      expect(select.accurate + select.candidate + select.failed).toBe(select.frames);
      expect(select.selected).toBeGreaterThan(0);
      expect(label.ids).toHaveLength(select.selected);
      expect(train.training + train.test).toBe(rounds.slice(0, round + 1).reduce((n, r) => n + r.label.ids.length, 0));
      for (const frame of await readFrames(at('whole', `round-${round}`, 'selected.extxyz'), () => {})) {
        expect(frame.info['disagreement']).toBeGreaterThanOrEqual(0.02);
        expect(frame.info['disagreement']).toBeLessThan(0.6);
        expect(frame.info['source']).toMatch(new RegExp(`^round-${round}/crystal-(300|900)K-1$`));
      }
    }
    expect(existsSync(join(committee ?? '', 'potential.json'))).toBe(true);
    const page = await readFile(at('whole', 'report.html'), 'utf8');
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(9);
    for (const title of [
      'Forces over the rounds',
      'Largest disagreement of a frame',
      'Frames of exploration by level',
      'Cost of a label',
      'Disagreement against error',
    ])
      expect(page).toContain(title);
    const csv = (await readFile(at('whole', 'rounds.csv'), 'utf8')).trim().split('\n');
    expect(csv).toHaveLength(4);
    expect(JSON.parse(await readFile(at('whole', 'rounds.json'), 'utf8'))[2]).toMatchObject({
      round: 2,
      frames: rounds[2].select.frames,
      labelled: rounds[2].label.ids.length,
    });
  },
  PATIENCE,
);

test(
  'a finished loop that is run again does nothing anew',
  async () => {
    const before = await readFile(at('whole', 'round-2', 'committee', '1', 'weights.014.data'), 'utf8');
    const { outcome } = await run('whole', () => Promise.reject(new Error('nothing is left to label')));
    expect(outcome.end).toBe('all rounds done');
    expect(await readFile(at('whole', 'round-2', 'committee', '1', 'weights.014.data'), 'utf8')).toBe(before);
  },
  PATIENCE,
);

test(
  'stopped while labelling and while training, the loop goes on to the same end',
  async () => {
    const stop = new AbortController();
    const first = await run('stopped', () => teacher((n) => n === 5 && stop.abort()), { signal: stop.signal });
    expect(first.outcome).toMatchObject({ end: 'interrupted', rounds: [] });
    const known = await stored('stopped');
    expect(known.length).toBeGreaterThanOrEqual(4);
    expect(known.length).toBeLessThan(8);
    const training = new AbortController();
    let labels = 0;
    const count = (n: number) => {
      labels = n;
    };
    const second = await run('stopped', () => teacher(count), {
      signal: training.signal,
      onEvent: (event) => event.kind === 'progress' && event.what === 'updates' && training.abort(),
    });
    expect(second.outcome).toMatchObject({ end: 'interrupted', rounds: [] });
    expect(labels).toBe(8 - known.length);
    const third = await run('stopped', () => teacher());
    expect(third.outcome.end).toBe('all rounds done');
    expect((await stored('stopped')).sort()).toEqual((await stored('whole')).sort());
  },
  PATIENCE,
);

test(
  'frames that cannot be labelled are left out, told with their reason and not tried again',
  async () => {
    let tried = 0;
    const failing = () =>
      teacher((n) => {
        tried = n;
        if (n === 2) throw new LabelError('SCF did not converge');
      });
    const text = SMALL_LOOP.replace('rounds: 2', 'rounds: 0');
    const { outcome, events } = await run('failing', failing, { text });
    expect(outcome.rounds[0].label.ids).toHaveLength(7);
    expect(outcome.rounds[0].label.failures).toMatchObject([{ reason: 'SCF did not converge' }]);
    expect(events).toContainEqual(expect.objectContaining({ what: 'SCF did not converge' }));
    expect(await readFile(at('failing', 'report.html'), 'utf8')).toContain('SCF did not converge');
    expect(tried).toBe(8);
    await rm(at('failing', 'round-0', 'label.json')); // as if it had been cut off right before the record
    await run('failing', () => Promise.reject(new Error('nothing is left to label')), { text });
  },
  PATIENCE,
);

test(
  'a labeller that can label nothing ends the loop with its reason',
  async () => {
    const never = () =>
      teacher(() => {
        throw new LabelError('no license');
      });
    await expect(run('never', never)).rejects.toThrow(/none of 8 frames could be labelled; the first: no license/);
  },
  PATIENCE,
);

test(
  'a budget of labels ends the loop',
  async () => {
    const { outcome } = await run('budget', () => teacher(), { text: `max_labels: 10\n${SMALL_LOOP}` });
    expect(outcome).toMatchObject({ end: 'label budget used up', labelled: 10 });
  },
  PATIENCE,
);

test(
  'a loop converges when hardly a frame is unknown',
  async () => {
    const text = SMALL_LOOP.replace('converged: 0', 'converged: 0.5').replace('lo: 0.02, hi: 0.6', 'lo: 90, hi: 99');
    const { outcome } = await run('converged', () => teacher(), { text });
    expect(outcome).toMatchObject({ end: 'converged', labelled: 8 });
  },
  PATIENCE,
);

test(
  'other structures in the same folder, or another process in it, are refused',
  async () => {
    const text = SMALL_LOOP.replace('strain: 0.03', 'strain: 0.05');
    await expect(run('whole', () => teacher(), { text })).rejects.toThrow(/whole was begun with other structures/);
    await mkdir(at('busy'));
    await writeFile(at('busy', 'lock.json'), JSON.stringify({ pid: 1, host: 'elsewhere', began: '1', since: 'today' }));
    await expect(run('busy', () => teacher())).rejects.toThrow(/in use by process 1 on host elsewhere/);
  },
  PATIENCE,
);
