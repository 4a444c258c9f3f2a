import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  path = join(folder, 'a.checkpoint');
});
afterEach(() => rm(folder, { recursive: true }));

const content = {
  record: { epoch: 3, text: 'µ\n' },
  arrays: {
    w: Float64Array.of(0.1, -0, Number.NaN, 1e-300),
    empty: new Float64Array(0),
    p: new Float64Array(5).fill(2),
  },
};

describe('checkpoint', () => {
  test('reads back bit for bit and leaves no temporary file', async () => {
    await writeCheckpoint(path, content);
    await writeCheckpoint(path, content);
    const read = await readCheckpoint(path);
    expect(read.record).toEqual(content.record);
    for (const [name, values] of Object.entries(content.arrays))
      expect(Buffer.from(read.arrays[name].buffer)).toEqual(Buffer.from(values.buffer));
    expect(await readdir(folder)).toEqual(['a.checkpoint']);
  });

  test('cut off anywhere or damaged it is refused', async () => {
    await writeCheckpoint(path, content);
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 3) {
      await writeFile(path, whole.subarray(0, length));
      await expect(readCheckpoint(path)).rejects.toThrow(/a\.checkpoint.*\[train checkpoint\]/);
    }
    const damaged = Buffer.from(whole);
    damaged[whole.length - 3] ^= 1;
    await writeFile(path, damaged);
    await expect(readCheckpoint(path)).rejects.toThrow(/checksum/);
  });

  test('another file is refused', async () => {
    await writeFile(path, 'epoch 1\n');
    await expect(readCheckpoint(path)).rejects.toThrow(/expected the first line "nnp-bridge checkpoint 1"/);
  });
});
