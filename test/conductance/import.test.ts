import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conductanceAtFermi, readTransmissions, TBTRANS } from '../../src/conductance/import/column-table.ts';
import { type ImportRequest, importFiles } from '../../src/conductance/import/import-files.ts';
import { openFrames } from '../../src/convert/open.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { BOLTZMANN } from '../../src/core/units.ts';

let folder: string;
let said: Diagnostic[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** Three frames of trajectory a. */
const frames = (extra: (k: number) => string = () => '') =>
  file(
    'frames.extxyz',
    [0, 1, 2]
      .map((k) => `1\ntrajectory=a frame=${k} step=${100 * k} ${extra(k)} Properties=species:S:1:pos:R:3\nK 0 0 ${k}\n`)
      .join(''),
  );

async function imported(source: ImportRequest['source'], input?: string) {
  const output = join(folder, 'out.extxyz');
  const read = { strict: false, onDiagnostic: (d: Diagnostic) => said.push(d) };
  const summary = await importFiles({ inputs: [input ?? (await frames())], output, source, read });
  const { frames: found } = await openFrames(undefined, { ...read, path: output });
  const infos: Record<string, unknown>[] = [];
  for await (const { info } of found) infos.push({ ...info });
  return { summary, infos };
}

describe('tables of conductances', () => {
  test('are joined by trajectory and frame; what does not match is counted', async () => {
    const path = await file('g.csv', 'trajectory,frame,G\na,2,0.5\na,0,3\nb,1,9\n');
    const { summary, infos } = await imported({ kind: 'csv', path });
    expect(summary).toEqual({ labelled: 2, unlabelled: 1, unusedRows: 1 });
    expect(infos.map((info) => info['conductance'])).toEqual([3, 0.5]);
    expect(said.map((d) => d.code)).toContain('unlabelled');
  });

  test('are joined by step where there is no frame, in the unit that they state', async () => {
    const path = await file('g.csv', 'step,G_uS\n200,77.480917\n');
    expect((await imported({ kind: 'csv', path })).infos[0]['conductance']).toBeCloseTo(1, 8);
    const other = await file('g.csv', '# unit: S\nstep,G\n100,7.7480917e-5\n');
    expect((await imported({ kind: 'csv', path: other })).infos[0]['conductance']).toBeCloseTo(1, 7);
  });

  test.each([
    ['frame,G\n0,-1\n', /g\.csv:2: .*negative/],
    ['frame,G\n0,abc\n', /g\.csv:2: .*"abc"/],
    ['frame,G\n0,inf\n', /g\.csv:2/],
    ['frame,G\n0,1\n0,2\n', /lines 2 and 3 are of the same frame/],
    ['frame,X\n0,1\n', /expected columns frame or step, and G/],
    ['frame,G\n', /no row/],
    ['frame,G\n17,1\n', /none of 3 frames/],
    ['# unit: ohm\nframe,G\n0,1\n', /unit "ohm" is not known/],
  ])('that are not fit are refused: %j', async (text, message) => {
    await expect(imported({ kind: 'csv', path: await file('g.csv', text) })).rejects.toThrow(message);
  });
});

describe('keys of frames', () => {
  test.each([
    ['conductance_uS=154.9618345972', 2],
    ['transmission=1.25', 1.25],
    ['G=0.5', 0.5],
    ['conductance_jellium=3.5 G=1', 3.5],
  ])('%s is taken over in G0', async (text, expected) => {
    const { infos } = await imported({ kind: 'key' }, await frames(() => text));
    expect(infos[2]['conductance']).toBeCloseTo(expected, 8);
  });

  test('a negative value is refused with its place', async () => {
    await expect(imported({ kind: 'key' }, await frames((k) => `G=${k - 1}`))).rejects.toThrow(
      /frames\.extxyz:.*G: conductance -1 is negative/,
    );
  });
});

describe('tables of T(E)', () => {
  const HEAD = '#   E [eV]  Trans [G0] TotDOS PDOS\n';

  test('of TBtrans give T at the Fermi energy by linear interpolation, once for each frame', async () => {
    const paths = await Promise.all(
      [1, 2, 3].map((k) => file(`w${k}.AVTRANS`, `${HEAD} -0.3 ${k} 9 9\n -0.1 ${k} 9 9\n\n 0.1 ${k + 1} 9 9\n`)),
    );
    const { summary, infos } = await imported({ kind: 'columns', paths, layout: TBTRANS, temperature: 0 });
    expect(summary).toEqual({ labelled: 3, unlabelled: 0, unusedRows: 0 });
    expect(infos.map((info) => info['conductance'])).toEqual([1.5, 2.5, 3.5]);
    expect(said.filter((d) => d.code === 'parsed-row').map((d) => d.message)[0]).toBe('E − E_F = -0.3 eV, T = 1');
  });

  test('eigenvalues become channels, descending, and their sum the conductance', async () => {
    const path = await file('w.TBT.AVTEIG_Left-Right', '# E T1 T2 T3\n 0.0 0.9 0.5 0.1\n');
    const source = { kind: 'columns', paths: [path], layout: { ...TBTRANS, from: 2 }, temperature: 0 } as const;
    const { infos } = await imported(source);
    expect(infos[0]['conductance']).toBeCloseTo(1.5, 12);
    expect(infos[0]['channels']).toEqual([0.9, 0.5, 0.1]);
  });

  test('of single spins are halved, energies shifted to the Fermi energy, more than one quantum a channel reported', async () => {
    const path = await file('w.dat', '! other program\n-5.1 7 1.0 0.6\n-4.9 7 1.2 0.8\n');
    const layout = { comment: '!', energy: 1, transmissions: [3, 4], fermi: -5, factor: 0.5 };
    const { infos } = await imported({ kind: 'columns', paths: [path], layout, temperature: 0 });
    expect(infos[0]['conductance']).toBeCloseTo(0.9, 9);
    const eigen = await file('w.AVTEIG', '0.0 2.5\n');
    await imported({ kind: 'columns', paths: [eigen], layout: { ...TBTRANS, from: 2 }, temperature: 0 });
    expect(said.map((d) => d.code)).toContain('too-conductive');
  });

  test('at a temperature, a line stays its value at E_F and a step becomes smooth', async () => {
    const line = Array.from({ length: 81 }, (_, k) => `${(k - 40) / 40} ${2 + (k - 40) / 40}`).join('\n');
    const table = await readTransmissions(await file('line.dat', line), TBTRANS);
    expect(conductanceAtFermi(table, 300, 'line')).toBeCloseTo(2, 9);
    const kT = BOLTZMANN * 300;
    const step = await readTransmissions(await file('step.dat', `-1 0\n${kT} 0\n${kT + 1e-9} 1\n1 1\n`), TBTRANS);
    expect(conductanceAtFermi(step, 300, 'step')).toBeCloseTo(1 / (1 + Math.E), 6);
  });

  test.each([
    ['0.1 1\n0.2 1\n', /do not reach/],
    ['-0.1 1\n0.1\n', /w\.dat:2: expected a number in column 2, found 1 columns/],
    ['-0.1 1\n0.1 x\n', /w\.dat:2: .*"x"/],
    ['-0.1 1\n0.1 -2\n', /w\.dat:2: .*negative/],
    ['# nothing\n', /found none/],
  ])('that are not fit are refused: %j', async (text, message) => {
    const paths = [await file('w.dat', text)];
    await expect(imported({ kind: 'columns', paths, layout: TBTRANS, temperature: 0 })).rejects.toThrow(message);
  });
});
