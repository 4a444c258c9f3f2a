import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lammpsData } from '../../../formats/lammps/data.ts';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { readThermo } from '../../../formats/lammps/log.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { describeLane, ROOT } from '../../lanes.ts';
import { inPieces, readAll, writeAll } from './reading.ts';
import { expectTiltedRun } from './tilted.ts';

const LAMMPS = 'lmp';
const TILTED = join(ROOT, 'test', 'data', 'lammps-dump', 'tilted');

/** Rotation by 0.7 about (1, 2, 3)/√14. */
function turn(rows: Float64Array): Float64Array {
  const axis = [1, 2, 3].map((v) => v / Math.sqrt(14));
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  const out = new Float64Array(rows.length);
  for (let k = 0; k < rows.length; k += 3) {
    const r = [rows[k], rows[k + 1], rows[k + 2]];
    const along = axis[0] * r[0] + axis[1] * r[1] + axis[2] * r[2];
    for (let i = 0; i < 3; i++) {
      const [j, l] = [(i + 1) % 3, (i + 2) % 3];
      out[k + i] = r[i] * c + (axis[j] * r[l] - axis[l] * r[j]) * s + axis[i] * along * (1 - c);
    }
  }
  return out;
}

describeLane('lammps', 'LAMMPS and we read the same', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lammps-formats-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (name: string, input?: string): string => {
    if (input !== undefined) writeFileSync(join(folder, name), input);
    const done = spawnSync(LAMMPS, ['-in', name, '-log', `${name}.log`], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(done.stdout.slice(-600) + done.stderr).not.toMatch(/ERROR/);
    return readFileSync(join(folder, `${name}.log`), 'utf8');
  };

  /** Potential energy of two configurations: what the data file holds, then what the commands make of it. */
  const energies = async (name: string, data: string, commands = '') => {
    const log = run(
      name,
      [
        'units metal\natom_style charge\nboundary p p p\nbox tilt large\npair_style lj/cut 7.0',
        `read_data ${data}\npair_coeff * * 0.02 3.1`,
        'thermo_style custom step pe ke\nthermo_modify format float %.15g\nrun 0',
        `${commands}\n`,
      ].join('\n'),
    );
    const tables: number[][] = [];
    for await (const table of readThermo(inPieces(Buffer.from(log), [4096]), { path: name, onDiagnostic: () => {} }))
      tables.push(['PotEng', 'KinEng'].map((column) => table.values[column][0]));
    return tables;
  };

  const original = async (): Promise<Frame> => {
    const { frames } = await readAll(lammpsData, readFileSync(join(TILTED, 'written.data')), { lammpsUnits: 'metal' });
    return frames[0];
  };

  test('every kind of dump of a fresh run agrees with what LAMMPS prints', async () => {
    copyFileSync(join(TILTED, 'make.in'), join(folder, 'make.in'));
    run('make.in');
    await expectTiltedRun(folder);
  });

  test('a data file that we write gives LAMMPS the energies of the original, also from rotated and left-handed cells', async () => {
    const frame = await original();
    copyFileSync(join(TILTED, 'written.data'), join(folder, 'written.data'));
    const [wanted] = await energies('original.in', 'written.data');
    const cell = frame.cell as Float64Array;
    const rotated: Frame = {
      ...frame,
      cell: turn(cell),
      positions: turn(frame.positions),
      velocities: turn(frame.velocities as Float64Array),
      info: { ...frame.info, origin: Array.from(turn(Float64Array.from(frame.info['origin'] as number[]))) },
    };
    const flip = (c: Float64Array, k: number) => c.map((v, i) => (Math.floor(i / 3) === k ? -v : v));
    const leftHanded = { ...rotated, cell: flip(rotated.cell as Float64Array, 1) };
    for (const [name, made] of [
      ['same', frame],
      ['rotated', rotated],
      ['left', leftHanded],
    ] as const) {
      const { bytes, diagnostics } = await writeAll(lammpsData, [made]);
      expect(diagnostics.some((d) => d.code === 'rotated')).toBe(name !== 'same');
      writeFileSync(join(folder, `${name}.data`), bytes);
      const [found] = await energies(`${name}.in`, `${name}.data`);
      expect(Math.abs(found[0] / wanted[0] - 1), name).toBeLessThan(1e-11);
      expect(Math.abs(found[1] / wanted[1] - 1), name).toBeLessThan(1e-11);
    }
  });

  test('read_dump takes our dump: box, positions and velocities', async () => {
    const frame = await original();
    const moved: Frame = {
      ...frame,
      cell: (frame.cell as Float64Array).map((v) => v * 1.03),
      positions: frame.positions.map((v) => v * 1.03),
      velocities: frame.velocities?.map((v) => v * -0.5) as Float64Array,
      info: {
        timestep: 5,
        origin: (frame.info['origin'] as number[]).map((v) => v * 1.03),
        boundary: ['pp', 'pp', 'pp'],
      },
    };
    writeFileSync(join(folder, 'moved.dump'), (await writeAll(lammpsDump, [moved])).bytes);
    writeFileSync(join(folder, 'moved.data'), (await writeAll(lammpsData, [moved])).bytes);
    copyFileSync(join(TILTED, 'written.data'), join(folder, 'written.data'));
    const command = 'read_dump moved.dump 5 x y z vx vy vz box yes replace yes\nrun 0\n';
    const [, found] = await energies('read-dump.in', 'written.data', command);
    const [wanted] = await energies('moved.in', 'moved.data');
    expect(Math.abs(found[0] / wanted[0] - 1)).toBeLessThan(1e-11);
    expect(Math.abs(found[1] / wanted[1] - 1)).toBeLessThan(1e-11);
  });
});
