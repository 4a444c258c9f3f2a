import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { UsageError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { exportStore, importFrames, splitStore } from '../../src/store/dataset-files.ts';
import { parseFilter } from '../../src/store/filter.ts';
import { openIndex } from '../../src/store/frame-index.ts';
import { dedupeStore } from '../../src/store/similar-frames.ts';
import { summarizeStore, summaryText } from '../../src/store/store-summary.ts';
import { rowsWhere } from '../../src/store/stored-frames.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { collect, labelledFrame, storeIn } from './frames.ts';

const quiet = { onDiagnostic: () => {} };

/** Frames of 1 … count atoms, the k-th with the largest force k (eV/Å); closed. */
async function sized(count: number) {
  const folder = temporaryFolder();
  const { store } = await storeIn(folder, { shardBytes: 1500 });
  for (let k = 1; k <= count; k++) {
    const frame = labelledFrame(k, k);
    const labels = { energy: -2 * k, forces: new Float64Array(3 * k).fill(k, 0, 1) };
    const info = { config_type: k % 2 ? 'odd' : 'even' };
    await store.append({ ...frame, labels, info }, { source: 'run.dump', ...(k > 3 && { disagreement: k / 100 }) });
  }
  await store.close();
  return folder;
}

const sizesWhere = async (folder: string, where: string) =>
  (await rowsWhere(folder, where)).map(({ natoms }) => natoms);

describe('the index of a store', () => {
  test('finds frames by every kind of condition', async () => {
    const folder = await sized(8);
    const find = (where: string) => sizesWhere(folder, where);
    expect(await find('max_force < 3')).toEqual([1, 2]);
    expect(await find("formula = 'K5' or natoms in (1, 8)")).toEqual([1, 5, 8]);
    expect(await find("not (config_type = 'odd') and max_force >= 4e0")).toEqual([4, 6, 8]);
    expect(await find('disagreement is null')).toEqual([1, 2, 3]);
    expect(await find('disagreement is not null and disagreement != 0.05')).toEqual([4, 6, 7, 8]);
    expect(await find("formula like 'K_' and NATOMS > 6")).toEqual([7, 8]);
    expect(await find('formula = "K"')).toEqual([1]);
    expect(await find('energy_per_atom = -2')).toHaveLength(8);
    expect(await find("shard = 'shard-000001.extxyz' and offset = 0")).toEqual([1]);
  });

  test('follows a store that grows, and is made again when it is missing, damaged or of another store', async () => {
    const folder = await sized(3);
    const index = join(folder, 'index.sqlite');
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3]);
    const { store } = await storeIn(folder);
    await store.append(labelledFrame(9, 9), {});
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3, 9]);
    await store.close();
    writeFileSync(index, 'no database');
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3, 9]);
    writeFileSync(index, readFileSync(join(await sized(2), 'manifest.json')));
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3, 9]);
    const other = await sized(5);
    await rowsWhere(other, undefined);
    writeFileSync(index, readFileSync(join(other, 'index.sqlite')));
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3, 9]);
    rmSync(index);
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3, 9]);
  });

  test('may be read by several at a time, and one that was killed while it read is in nobody’s way', async () => {
    const folder = await sized(4);
    const first = await openIndex(folder);
    const rows = first.rows();
    rows.next();
    expect(await sizesWhere(folder, 'natoms > 0')).toHaveLength(4);
    expect([...rows]).toHaveLength(3);
    first.close();
    mkdirSync(join(folder, 'index.sqlite.lock'));
    mkdirSync(join(folder, 'index.sqlite.1.abc.tmp.lock'));
    expect(await sizesWhere(folder, 'natoms > 0')).toHaveLength(4);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('leaves out a frame that is not complete yet', async () => {
    const folder = await sized(3);
    const last = readdirSync(folder)
      .filter((name) => name.endsWith('.extxyz'))
      .sort()
      .at(-1);
    writeFileSync(join(folder, String(last)), '2\nProperties=species:S:1:pos:R:3\nK 0 0', { flag: 'a' });
    expect(await sizesWhere(folder, 'natoms > 0')).toEqual([1, 2, 3]);
  });
});

describe('a filter', () => {
  test('is turned into SQL without any word of the user in it', () => {
    const text = "formula = 'x''; DROP TABLE frames; --' and natoms > 5";
    expect(parseFilter(text)).toEqual({
      sql: '("formula" = ? AND "natoms" > ?)',
      values: ["x'; DROP TABLE frames; --", 5],
    });
  });

  const BAD = [
    ['', 'a column'],
    ['natoms', 'a comparison'],
    ['natoms >', 'a number'],
    ['natoms > 5 natoms', '"and", "or" or the end'],
    ['natoms > 5; delete from frames', 'a column, a comparison or a value'],
    ['mass > 5', 'a column (id, shard'],
    ['natoms = (select 1)', 'a number'],
    ['natoms > natoms', 'a number'],
    ['(natoms > 5', '")"'],
    ["formula = 'K", 'a column, a comparison or a value'],
    ['natoms in ()', 'a number'],
    [`${'('.repeat(2000)}natoms > 1`, 'fewer parentheses'],
  ];
  for (const [text, expected] of BAD)
    test(`"${text.slice(0, 40)}" is an error that says what was expected`, () => {
      expect(() => parseFilter(text)).toThrow(UsageError);
      expect(() => parseFilter(text)).toThrow(expected);
    });
});

describe('a store as data set', () => {
  test('is read like any other format, whole shards and what is complete of the last', async () => {
    const folder = await sized(6);
    const { format, frames } = await openFrames(undefined, { path: folder, strict: true, ...quiet });
    expect(format.name).toBe('store');
    expect((await collect(frames)).map(({ natoms }) => natoms)).toEqual([1, 2, 3, 4, 5, 6]);
    const shards = readdirSync(folder).filter((name) => name.endsWith('.extxyz'));
    writeFileSync(join(folder, shards.sort()[shards.length - 1]), '2\nProperties=species:S:1:pos:R:3\nK 0 0', {
      flag: 'a',
    });
    const said: string[] = [];
    const growing = await openFrames(undefined, { path: folder, strict: true, onDiagnostic: (d) => said.push(d.code) });
    expect(await collect(growing.frames)).toHaveLength(6);
    expect(said).toEqual(['growing']);
    writeFileSync(join(folder, 'shard-000001.extxyz'), '');
    const broken = await openFrames(undefined, { path: folder, strict: true, ...quiet });
    await expect(collect(broken.frames)).rejects.toThrow(/shard-000001.extxyz: expected \d+ bytes, found 0/);
  });

  test('is exported as a file of another format, all or those of a filter', async () => {
    const folder = await sized(6);
    const output = join(temporaryFolder(), 'out.extxyz');
    const request = { store: folder, output, format: 'extxyz', write: quiet };
    expect(await exportStore(request)).toBe(6);
    expect(await exportStore({ ...request, where: 'natoms in (2, 5)' })).toBe(2);
    const { frames } = await openFrames(undefined, { path: output, strict: true, ...quiet });
    expect((await collect(frames)).map(({ natoms, labels }) => [natoms, labels?.energy])).toEqual([
      [2, -4],
      [5, -10],
    ]);
    await expect(exportStore({ ...request, where: 'natoms > 99' })).rejects.toThrow(/no frame is left/);
  });

  test('takes frames of files that are not there yet', async () => {
    const [from, to] = [await sized(4), join(temporaryFolder(), 'new')];
    const request = { inputs: [from], store: to, read: {}, ...quiet };
    expect(await importFrames(request)).toEqual({ frames: 4, added: 4 });
    expect(await importFrames(request)).toEqual({ frames: 4, added: 0 });
    expect((await rowsWhere(to, undefined)).map(({ source }) => source)).toEqual(Array(4).fill('run.dump'));
  });

  test('is split by a seed: each frame in one part, whole groups where asked', async () => {
    const folder = await sized(20);
    const request = { store: folder, validation: 0.2, test: 0.1, seed: 3, write: quiet } as const;
    const partsOf = async (rule: 'random' | 'group', seed = 3) => {
      const output = temporaryFolder();
      const counts = await splitStore({ ...request, rule, seed, output });
      const parts: number[][] = [];
      for (const name of readdirSync(output).sort()) {
        const { frames } = await openFrames(undefined, { path: join(output, name), strict: true, ...quiet });
        parts.push((await collect(frames)).map(({ natoms }) => natoms));
      }
      return { counts, parts };
    };
    const { counts, parts } = await partsOf('random');
    expect(counts).toEqual({ train: 14, validation: 4, test: 2 });
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, k) => k + 1));
    expect((await partsOf('random')).parts).toEqual(parts);
    expect((await partsOf('random', 4)).parts).not.toEqual(parts);
    const groups = (await partsOf('group')).parts.map((part) => new Set(part.map((natoms) => natoms % 2)));
    expect(groups.every((group) => group.size === 1)).toBe(true);
  });

  test('is freed of structures that differ by translation, rotation and order of the atoms only', async () => {
    const folder = temporaryFolder();
    const { store } = await storeIn(folder);
    const frame: Frame = { ...labelledFrame(1, 5), cell: null, pbc: [false, false, false] };
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const map = (turn: (x: number, y: number, z: number, i: number) => number[]) =>
      Float64Array.from({ length: 15 }, (_, k) => {
        const i = 4 - Math.floor(k / 3);
        const [x, y, z] = frame.positions.subarray(3 * i, 3 * i + 3);
        return turn(x, y, z, i)[k % 3];
      });
    const { labels: _, ...bare } = frame;
    await store.append(bare, {});
    await store.append({ ...bare, positions: map((x, y, z) => [c * x - s * y + 1, s * x + c * y, z + 2]) }, {});
    await store.append({ ...bare, positions: map((x, y, z, i) => [x + (i === 2 ? 0.05 : 0), y, z]) }, {});
    await store.append({ ...bare, numbers: Uint8Array.of(19, 19, 19, 19, 11) }, {});
    await store.close();
    const pairs: string[] = [];
    const output = join(temporaryFolder(), 'lean');
    const request = { store: folder, output, tolerance: 1e-6, ...quiet };
    const found = await dedupeStore({ ...request, onSimilar: ({ id }) => pairs.push(id) });
    expect(found).toEqual({ frames: 4, kept: 3 });
    expect(pairs).toHaveLength(1);
    expect(await rowsWhere(output, undefined)).toHaveLength(3);
    const loose = { store: folder, tolerance: 0.1, ...quiet, onSimilar: () => {} };
    expect(await dedupeStore(loose)).toEqual({ frames: 4, kept: 2 });
  });

  test('is summed up: counts, ranges, groups', async () => {
    const summary = await summarizeStore(await sized(5));
    expect(summary).toMatchObject({ frames: 5, natoms: { min: 1, max: 5 }, maxForce: { min: 1, max: 5 } });
    expect(summary.configTypes).toEqual([
      { value: 'odd', frames: 3 },
      { value: 'even', frames: 2 },
    ]);
    expect(summaryText(summary)).toMatch(/5 frames in \d shards.*energy \/ eV\/atom +-2.000000/s);
    await expect(summarizeStore(temporaryFolder())).rejects.toThrow(/expected a store/);
  });
});
