import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { ID_KEY } from '../../src/store/shard-file.ts';
import { ROOT } from '../lanes.ts';
import { SMALL_LOOP, SMALL_TRAINING } from './small-loop.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'learn-kill-'));
  await writeFile(at('train.yaml'), SMALL_TRAINING);
  await writeFile(at('learn.yaml'), SMALL_LOOP);
});
afterAll(() => rm(folder, { recursive: true, maxRetries: 3 }));

function start(name: string): ChildProcess {
  const script = join(ROOT, 'test/learn/loop-process.mts');
  return spawn(process.execPath, ['--import', 'tsx', script, at(name)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Kills the loop (SIGKILL) when it has said something for the n-th time; false when it ended before. */
async function killedAt(name: string, said: RegExp, times = 1): Promise<boolean> {
  const child = start(name);
  let count = 0;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    count += text.split('\n').filter((line) => said.test(line)).length;
    if (count >= times) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'exit');
  return signal === 'SIGKILL';
}

async function finished(name: string): Promise<void> {
  const child = start(name);
  let said = '';
  child.stdout?.on('data', (text) => {
    said += text;
  });
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(said).toContain('all rounds done');
}

/** Ids and energies of the store. */
async function stored(name: string): Promise<Map<string, number>> {
  const store = await openStore(at(name, 'store'), { onDiagnostic: () => {} });
  const found = new Map<string, number>();
  for await (const frame of store.frames()) {
    const id = String(frame.info[ID_KEY]);
    expect(found.has(id)).toBe(false);
    found.set(id, frame.labels?.energy ?? Number.NaN);
  }
  await store.close();
  return found;
}

test('killed (SIGKILL) in every stage and between them, a resumed loop has labelled the same frames, and stored each once', async () => {
  await finished('whole');
  const deaths = [
    await killedAt('killed', /^labelled in/, 3),
    await killedAt('killed', /training/),
    await killedAt('killed', /^updates/),
    await killedAt('killed', /^run /),
    await killedAt('killed', /^1 labelling/),
    await killedAt('killed', /^2 exploring/),
  ];
  expect(deaths).toEqual(deaths.map(() => true));
  await finished('killed');
  const [whole, killed] = [await stored('whole'), await stored('killed')];
  expect(whole.size).toBeGreaterThan(8);
  expect([...killed].sort()).toEqual([...whole].sort());
  // Only frames that were being labelled when it died (two at a time) were asked for again.
  const asked = (await readFile(`${at('killed')}.asked`, 'utf8')).trim().split('\n');
  expect(new Set(asked).size).toBe(killed.size);
  expect(asked.length - killed.size).toBeLessThanOrEqual(2 * deaths.length);
  for (const round of [0, 1, 2]) {
    const weights = (name: string) => readFile(at(name, `round-${round}/committee/1/weights.014.data`), 'utf8');
    expect(await weights('killed')).toBe(await weights('whole'));
  }
}, 900_000);
