import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { type ConvertWords, runConvert } from '../../src/convert/run.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { LossError, MissingDataError, UnknownFormatError, UsageError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';

let folder: string;
let report: string;
let diagnostics: Diagnostic[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nnp-convert-'));
  report = '';
  diagnostics = [];
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

/** Frame k of two atoms: energy −k eV, largest force k eV/Å. */
const block = (k: number, extra = '') =>
  `2\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:forces:R:3 energy=-${k} ${extra}pbc="T T T"\n` +
  `Si 0 0 ${k / 10} ${k} 0 0\nO 1 1 1 0 0.5 0\n`;

const file = async (name: string, blocks: string[]) => {
  await writeFile(at(name), blocks.join(''));
  return at(name);
};

const convert = (words: Partial<ConvertWords> & Pick<ConvertWords, 'inputs' | 'output'>) =>
  runConvert({
    strict: false,
    read: {},
    write: {},
    dropUnconverged: false,
    dedupe: false,
    onDiagnostic: (d) => diagnostics.push(d),
    print: (text) => {
      report += text;
    },
    ...words,
  });

async function framesOf(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  const opened = await openFrames(undefined, { path, strict: true, onDiagnostic: () => {} });
  for await (const frame of opened.frames) frames.push(frame);
  return frames;
}

const energies = async (path: string) =>
  (await framesOf(path)).map((f) => -(f.labels?.energy ?? f.labels?.energySigma0 ?? Number.NaN));

describe('frames', () => {
  test('of many inputs come out in order, the slice is taken of each', async () => {
    const a = await file('a.extxyz', [block(1), block(2), block(3)]);
    const b = await file('b.extxyz', [block(4), block(5)]);
    await convert({ inputs: [a, b], output: at('all.extxyz') });
    expect(await energies(at('all.extxyz'))).toEqual([1, 2, 3, 4, 5]);
    await convert({ inputs: [a, b], output: at('last.extxyz'), slice: '-1' });
    expect(await energies(at('last.extxyz'))).toEqual([3, 5]);
  });

  test('above a force, or seen before, are dropped and counted', async () => {
    const a = await file('a.extxyz', [block(1), block(2), block(1), block(9), block(2, 'x=1 ')]);
    await convert({ inputs: [a], output: at('b.extxyz'), maxForce: 5, dedupe: true, report: at('r.json') });
    expect(await energies(at('b.extxyz'))).toEqual([1, 2]);
    const written = JSON.parse(await readFile(at('r.json'), 'utf8'));
    expect(written).toMatchObject({ found: 5, kept: 2, dropped: { duplicate: 2, 'max-force': 1 } });
    expect(report).toContain('dropped 1: a force above the limit');
  });

  test('with the structure of an earlier one and another energy are kept and counted', async () => {
    const a = await file('a.extxyz', [block(1), block(1).replace('energy=-1', 'energy=-7')]);
    await convert({ inputs: [a], output: at('b.extxyz'), dedupe: true, report: at('r.json') });
    expect(await energies(at('b.extxyz'))).toEqual([1, 7]);
    expect(JSON.parse(await readFile(at('r.json'), 'utf8'))).toMatchObject({ conflictingLabels: 1 });
  });

  test('are regrouped by species with all their columns', async () => {
    const a = await file('a.extxyz', [block(3)]);
    await convert({ inputs: [a], output: at('b.extxyz'), speciesOrder: 'O Si' });
    const [frame] = await framesOf(at('b.extxyz'));
    expect([...frame.numbers]).toEqual([8, 14]);
    expect([...frame.positions]).toEqual([1, 1, 1, 0, 0, 0.3]);
    expect([...(frame.labels?.forces ?? [])]).toEqual([0, 0.5, 0, 3, 0, 0]);
    await expect(convert({ inputs: [a], output: at('c.extxyz'), speciesOrder: 'O' })).rejects.toThrow(MissingDataError);
  });
});

describe('the output', () => {
  test('is compressed by its name', async () => {
    const a = await file('a.extxyz', [block(1)]);
    await convert({ inputs: [a], output: at('b.extxyz.gz') });
    expect(gunzipSync(await readFile(at('b.extxyz.gz'))).toString()).toContain('energy=-1');
  });

  test('may replace the input', async () => {
    const a = await file('a.extxyz', [block(1), block(2)]);
    await convert({ inputs: [a], output: a, slice: '1' });
    expect(await energies(a)).toEqual([2]);
  });

  test('does not appear when an input is faulty, when nothing is left, or when --strict would lose something', async () => {
    const bad = await file('bad.extxyz', [block(1), block(2).replace('Si 0', 'Si zero')]);
    const good = await file('good.extxyz', [block(1)]);
    await expect(convert({ inputs: [bad], output: at('out.extxyz') })).rejects.toThrow(/bad\.extxyz:7: .*zero/);
    await expect(convert({ inputs: [good], output: at('out.extxyz'), slice: '5' })).rejects.toThrow(MissingDataError);
    await expect(convert({ inputs: [good], output: at('POSCAR'), strict: true })).rejects.toThrow(LossError);
    expect((await readdir(folder)).sort()).toEqual(['bad.extxyz', 'good.extxyz']);
  });

  test('of a format for one frame refuses two', async () => {
    const a = await file('a.extxyz', [block(1), block(2)]);
    await expect(convert({ inputs: [a], output: at('POSCAR') })).rejects.toThrow(UsageError);
    await convert({ inputs: [a], output: at('POSCAR'), slice: '-1' });
    expect(report).toMatch(/vasp-poscar cannot hold, lost in 1 frames: .*forces/);
  });

  test('of a name that no format has is refused', async () => {
    const a = await file('a.extxyz', [block(1)]);
    await expect(convert({ inputs: [a], output: at('b.unknown') })).rejects.toThrow(UnknownFormatError);
    await expect(convert({ inputs: [a], output: at('b'), outputFormat: 'nonsense' })).rejects.toThrow(/extxyz/);
  });
});

test('a cut-off input is a warning, or an error with --strict', async () => {
  const cut = await file('a.extxyz', [block(1), block(2).slice(0, -20)]);
  await convert({ inputs: [cut], output: at('b.extxyz') });
  expect(await energies(at('b.extxyz'))).toEqual([1]);
  expect(diagnostics.map((d) => d.severity)).toContain('warning');
  await expect(convert({ inputs: [cut], output: at('c.extxyz'), strict: true })).rejects.toThrow(/a\.extxyz:[78]:/);
});

test('words without sense are usage errors', async () => {
  const a = await file('a.extxyz', [block(1)]);
  await expect(convert({ inputs: [a], output: at('b.extxyz'), maxForce: -1 })).rejects.toThrow(UsageError);
  await expect(convert({ inputs: [a], output: at('b.extxyz'), speciesOrder: 'Si Qq' })).rejects.toThrow(UsageError);
  await expect(convert({ inputs: [a], output: at('b.extxyz'), slice: '1:x' })).rejects.toThrow(UsageError);
});
