import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openLabeller } from '../../../src/label/open-labeller.ts';
import { describeLane } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeTemplate, threeAtoms } from '../fake-program.ts';
import { startSlurm } from './one-node.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const never = new AbortController().signal;
const more = 'slurm: {gather: 0.2, poll: 0.5}';

describeLane('slurm', 'labels through SLURM on one node', () => {
  let slurm: Awaited<ReturnType<typeof startSlurm>>;
  beforeAll(async () => {
    slurm = await startSlurm();
    process.env['SLURM_CONF'] = slurm.configuration;
  });
  afterAll(() => {
    delete process.env['SLURM_CONF'];
    slurm?.stop();
  });

  test('an array of jobs labels every frame, and a later process collects what an earlier one submitted', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'runs');
    const template = fakeTemplate(folder, { more, log, seconds: 1 });
    const room = { scratch: join(folder, 'scratch'), cores: 1 };
    const first = await openLabeller({ kind: 'template', folder: template }, room);
    const labels = await Promise.all([0, 1, 2].map((k) => first.label(threeAtoms(k), never)));
    expect(new Set(labels.map(({ labels: { energy } }) => energy)).size).toBe(3);
    // The first is not closed, as after kill -9.
    const second = await openLabeller({ kind: 'template', folder: template }, room);
    expect((await second.label(threeAtoms(1), never)).labels.energy).toBe(labels[1].labels.energy);
    expect(readFileSync(log, 'utf8').trim().split('\n').length).toBe(3);
    await second.close();
  });

  test('jobs that are given up leave the queue', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'runs');
    const template = fakeTemplate(folder, { mode: 'hang', more, log });
    const labeller = await openLabeller(
      { kind: 'template', folder: template },
      { scratch: join(folder, 's'), cores: 1 },
    );
    const stop = new AbortController();
    const label = labeller.label(threeAtoms(), stop.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(existsSync(`${log}.pids`)).toBe(true), 120_000);
    stop.abort(new Error('enough'));
    expect(((await label) as Error).message).toBe('enough');
    await labeller.close();
    const queue = () => spawnSync('squeue', ['--noheader'], { encoding: 'utf8' }).stdout.trim();
    await vi.waitFor(() => expect(queue()).toBe(''), 120_000);
  });
});
