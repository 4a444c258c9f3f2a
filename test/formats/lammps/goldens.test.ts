import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atomeyeCfg } from '../../../formats/lammps/atomeye-cfg.ts';
import { lammpsDumpLocal } from '../../../formats/lammps/dump-local.ts';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { lammpsDumpYaml } from '../../../formats/lammps/dump-yaml.ts';
import { ROOT } from '../../lanes.ts';
import { readAll } from './reading.ts';
import { expectTiltedRun } from './tilted.ts';

const DATA = join(ROOT, 'test', 'data');
const TILTED = join(DATA, 'lammps-dump', 'tilted');

describe('files of a LAMMPS run', () => {
  test('text, binary, per-process and per-step dumps and write_data agree with what LAMMPS printed', async () => {
    await expectTiltedRun(TILTED);
  });

  test('steps of a file set come in order of their number, not of their name', async () => {
    const steps: unknown[] = [];
    const path = join(TILTED, 'part.%.step.*.dump');
    const options = { path, strict: true, onDiagnostic: () => {} };
    for await (const frame of lammpsDump.readPath(path, options)) steps.push(frame.info['timestep']);
    expect(steps).toEqual([0, 2, 4, 6, 8, 10]);
  });

  test('parts of different steps are not put together', async () => {
    const path = join(TILTED, 'part.0.step.%.dump');
    const read = async () => {
      for await (const _ of lammpsDump.readPath(path, { path, strict: true, onDiagnostic: () => {} }));
    };
    await expect(read()).rejects.toThrow(/expected a part of step 0 in a box/);
  });

  test('a part that ends early is an error when strict, and a diagnostic when lenient', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lammps-parts-'));
    try {
      const whole = readFileSync(join(TILTED, 'digits.dump'), 'utf8');
      const steps = whole.split(/(?=ITEM: TIME\n)/);
      writeFileSync(join(folder, 'a.0.dump'), whole);
      writeFileSync(join(folder, 'a.1.dump'), steps.slice(0, 2).join(''));
      const path = join(folder, 'a.%.dump');
      const read = async (strict: boolean) => {
        const codes: string[] = [];
        let frames = 0;
        const options = { path, strict, onDiagnostic: (d: { code: string }) => codes.push(d.code) };
        for await (const frame of lammpsDump.readPath(path, options)) frames += frame.natoms === 14 ? 1 : Number.NaN;
        return { frames, codes };
      };
      await expect(read(true)).rejects.toThrow(/a\.1\.dump.*expected the atoms of time step 2/);
      expect(await read(false)).toEqual({ frames: 1, codes: ['truncated'] });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a folder is an error that says how to name a file set', async () => {
    await expect(
      lammpsDump.readPath(TILTED, { path: TILTED, strict: true, onDiagnostic: () => {} }).next(),
    ).rejects.toThrow(/is a folder; name its files/);
  });

  test('a pattern that no file fits is an error', async () => {
    const path = join(TILTED, 'nothing.*.dump');
    const read = async () => {
      for await (const _ of lammpsDump.readPath(path, { path, strict: true, onDiagnostic: () => {} }));
    };
    await expect(read()).rejects.toThrow(/no file fits/);
  });

  test('dump local keeps its rows in info and has no atoms', async () => {
    const { frames } = await readAll(lammpsDumpLocal, readFileSync(join(TILTED, 'pairs.dump')));
    expect(frames.length).toBe(6);
    const rows = frames[0].info['rows'] as { label: string; count: number; columns: Record<string, number[]> };
    expect(frames[0].natoms).toBe(0);
    expect(rows.label).toBe('ENTRIES');
    expect(rows.columns['c_d[1]'].length).toBe(rows.count);
    expect(rows.columns['c_d[1]'].every((r) => r > 0 && r < 7)).toBe(true);
  });

  test('a cfg file gives the same atoms as the scaled dump of its step, without the corner of the box', async () => {
    const { frames } = await readAll(atomeyeCfg, readFileSync(join(TILTED, 'last.8.cfg')));
    const dumped = (await readAll(lammpsDump, readFileSync(join(TILTED, 'all-columns.dump')))).frames.at(-2);
    expect(dumped?.info['timestep']).toBe(8);
    expect([...frames[0].numbers].sort()).toEqual([...(dumped?.numbers ?? [])].sort());
    const corner = dumped?.info['origin'] as number[];
    const sums = (positions: Float64Array, shift: number[]) =>
      [0, 1, 2].map((k) => positions.filter((_, i) => i % 3 === k).reduce((sum, v) => sum + v - shift[k], 0));
    sums(frames[0].positions, [0, 0, 0]).forEach((v, k) => {
      expect(v).toBeCloseTo(sums(dumped?.positions ?? new Float64Array(0), corner)[k], 3);
    });
  });

  test('yaml documents give units, thermo, tilted and scaled steps', async () => {
    const text = readFileSync(join(DATA, 'lammps-dump-yaml/two-steps/steps.yaml'));
    const { frames, error } = await readAll(lammpsDumpYaml, text, { asRead: true });
    expect(error).toBeUndefined();
    expect([...(frames[0].cell ?? [])]).toEqual([3.75, 0, 0, 0.5, 5.5, 0, 0.25, -0.75, 6]);
    expect(frames[0].info).toMatchObject({
      timestep: 0,
      units: 'real',
      boundary: ['pp', 'pp', 'ff'],
      origin: [0, -0.25, 0],
    });
    expect(frames[0].info['thermo']).toEqual({ Step: 0, Temp: 300.5, PotEng: -12.25 });
    expect([...frames[0].positions]).toEqual([0.5, 0.25, 1, 1.5, 2.25, 3]);
    expect([...frames[0].numbers]).toEqual([11, 17]);
    expect([...frames[1].positions]).toEqual([2.25, -1, 1.5]);
  });
});
