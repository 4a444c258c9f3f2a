import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { storedFrames } from '../../src/store/stored-frames.ts';
import { ROOT } from '../lanes.ts';
import { collect } from '../store/frames.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const FILES = 3;
const FRAMES = 400;
const KILLS = 4;

/** Silicon at random places of a lattice, every frame another. */
function textOf(file: number, frame: number): string {
  const random = seededRandom(1 + file + 10 * frame);
  const rows = Array.from({ length: 8 }, (_, i) => {
    const place = [i & 1, (i >> 1) & 1, i >> 2].map((x) => (2.7 * x + 0.4 * random()).toFixed(8));
    return `Si ${place.join(' ')}`;
  });
  return `8\nLattice="5.4 0 0 0 5.4 0 0 0 5.4" Properties=species:S:1:pos:R:3 step=${frame}\n${rows.join('\n')}\n`;
}

/** Writes in pieces of 4096 bytes, as the C library does, which cuts frames and numbers. */
async function writeFiles(folder: string): Promise<void> {
  const waiting = ['', '', ''];
  for (let frame = 0; frame < FRAMES; frame++) {
    for (let file = 0; file < FILES; file++) {
      waiting[file] += textOf(file, frame);
      while (waiting[file].length >= 4096 || (frame === FRAMES - 1 && waiting[file] !== '')) {
        appendFileSync(join(folder, `run${file}.extxyz`), waiting[file].slice(0, 4096));
        waiting[file] = waiting[file].slice(4096);
      }
    }
    await sleep(5);
  }
}

test('killed (SIGKILL) at random moments and started again, the watcher loses no frame and stores none twice', {
  timeout: 600_000,
}, async () => {
  const [runs, store] = [temporaryFolder(), join(temporaryFolder(), 'store')];
  const shard = join(store, 'shard-000001.extxyz');
  const sizeNow = () => (existsSync(shard) ? statSync(shard).size : 0);
  let said = '';
  const start = (): ChildProcess => {
    const words = [
      'watch',
      runs,
      '-o',
      store,
      '--idle-exit',
      '2',
      '--label-by',
      join(ROOT, 'examples/silicon/potential'),
    ];
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...words], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.on('data', (text: Buffer) => {
      said += text;
    });
    return child;
  };
  const random = seededRandom(5);
  const writing = writeFiles(runs);
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start();
    const before = sizeNow();
    const limit = Date.now() + 90_000;
    while (sizeNow() === before && child.exitCode === null && Date.now() < limit) await sleep(5);
    await sleep(150 * random());
    const gone = once(child, 'exit');
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
  }
  await writing;
  const last = start();
  const [code] = await once(last, 'exit');
  expect([code, said]).toEqual([0, expect.stringContaining(`${FILES * FRAMES} in the store`)]);
  const frames = await collect(storedFrames(store, undefined, () => {}));
  const keys = frames.map(({ info }) => `${info['source']} ${info['source_frame']} ${info['step']}`).sort();
  const expected = Array.from({ length: FILES * FRAMES }, (_, k) => {
    const frame = Math.floor(k / FILES);
    return `run${k % FILES}.extxyz ${frame} ${frame}`;
  });
  expect(keys).toEqual(expected.sort());
  expect(frames.every(({ labels }) => labels?.energy !== undefined && labels.forces)).toBe(true);
  expect(readFileSync(shard, 'utf8').match(/frame_id=/g)).toHaveLength(FILES * FRAMES);
});
