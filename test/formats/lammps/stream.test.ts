import { describe, expect, test } from 'vitest';
import type { Format } from '../../../formats/format.ts';
import { atomeyeCfg } from '../../../formats/lammps/atomeye-cfg.ts';
import { lammpsData } from '../../../formats/lammps/data.ts';
import { lammpsDumpBinary } from '../../../formats/lammps/dump-binary.ts';
import { lammpsDumpLocal } from '../../../formats/lammps/dump-local.ts';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { lammpsDumpYaml } from '../../../formats/lammps/dump-yaml.ts';
import { ProjectError, TruncatedError } from '../../../src/core/errors.ts';
import { readAll, writeAll } from './reading.ts';

const step = (n: number, rows: string[]) =>
  `ITEM: TIMESTEP\n${n}\nITEM: NUMBER OF ATOMS\n${rows.length}\nITEM: BOX BOUNDS xy xz yz pp pp ff\n0 5.5 0.5\n0 5 0\n-1 6 0\nITEM: ATOMS id type element x y z fx fy fz c_pe\n${rows.map((row) => `${row}\n`).join('')}`;
const DUMP =
  `ITEM: UNITS\nmetal\nITEM: TIME\n0.5\n` +
  step(0, ['2 1 Si 0.25 1e-3 3.123456789 1 2 3 -nan', '10 2 O 1 2 -0.5 -1 -2.5e+2 0 4']) +
  step(100, ['1 1 Si 0.123456789012345678 1 1 0 0 0 1']) +
  step(200, []);
const YAML =
  '---\ncreator: LAMMPS\ntimestep: 0\nunits: metal\nnatoms: 2\nboundary: [ p, p, p, p, f, f, ]\nthermo:\n  - keywords: [ Step, PotEng, ]\n  - data: [ 0, -12.25, ]\nbox:\n  - [ 0, 4.5 ]\n  - [ -1, 5 ]\n  - [ 0, 6 ]\nkeywords: [ id, type, element, x, y, z, ]\ndata:\n  - [ 2 , 1 , Na , 0.5 , 0.25 , 1 , ]\n  - [ 1 , 2 , Cl , 1.5 , 2.25 , 3e0 , ]\n...\n';
const CFG =
  'Number of particles = 2\nA = 1 Angstrom\nH0(1,1) = 4 A\nH0(1,2) = 0 A\nH0(1,3) = 0 A\nH0(2,1) = 1 A\nH0(2,2) = 5 A\nH0(2,3) = 0 A\nH0(3,1) = 0 A\nH0(3,2) = 0 A\nH0(3,3) = 6 A\n.NO_VELOCITY.\nentry_count = 4\nauxiliary[0] = fx\n28.085 \nSi \n0.5 0.5 0.25 1.5\n0.25 0 0 -1\n';
const DATA =
  'title\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n0 5 ylo yhi\n0 6 zlo zhi\n1 0 0 xy xz yz\n\nMasses\n\n1 28.085 # Si\n2 15.999\n\nBonds\n\n1 1 1 2\n\nAtoms # charge\n\n7 2 0.5 1 2 3 0 0 1\n3 1 -0.5 0 0 0.125 0 0 0\n\nVelocities\n\n3 1 1 1\n7 -2 0 0.5\n';
const LOCAL =
  'ITEM: TIMESTEP\n0\nITEM: NUMBER OF ENTRIES\n2\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ENTRIES index c_1[1]\n1 0.5\n2 -3e2\n';

async function binary(): Promise<Buffer> {
  const { frames } = await readAll(lammpsDump, DUMP);
  return (await writeAll(lammpsDumpBinary, frames)).bytes;
}

const cases: [string, Format, () => Promise<Buffer>][] = [
  ['text dump', lammpsDump, async () => Buffer.from(DUMP)],
  ['binary dump', lammpsDumpBinary, binary],
  ['yaml dump', lammpsDumpYaml, async () => Buffer.from(YAML + YAML)],
  ['dump local', lammpsDumpLocal, async () => Buffer.from(LOCAL + LOCAL)],
  ['cfg', atomeyeCfg, async () => Buffer.from(CFG)],
  ['data', lammpsData, async () => Buffer.from(DATA)],
];

/** A fixed sequence of numbers in [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(cases)('%s as a stream', (name, format, make) => {
  test('frames do not depend on how the bytes are cut into chunks', async () => {
    const bytes = await make();
    const whole = await readAll(format, bytes);
    expect(whole.error).toBeUndefined();
    expect(whole.frames.length).toBeGreaterThan(0);
    for (const sizes of [[1], [2, 3, 5], [7, 1, 64], [37], [1000, 1]])
      expect(await readAll(format, bytes, {}, sizes)).toEqual(whole);
  });

  test('cut anywhere, it gives the first frames and then an error, or says that the last number may be cut', async () => {
    const bytes = await make();
    const whole = (await readAll(format, bytes)).frames;
    for (let end = 1; end < bytes.length; end++) {
      const { frames, error, diagnostics } = await readAll(format, bytes.subarray(0, end));
      const warned = diagnostics.some((d) => d.code === 'no-final-newline');
      if (error) expect(error, `cut at ${end}`).toBeInstanceOf(ProjectError);
      const sure = warned ? frames.slice(0, -1) : frames;
      if (name !== 'data') expect(sure, `cut at ${end}`).toEqual(whole.slice(0, sure.length));
      if (error || warned || name === 'data') continue;
      expect(frames.length, `cut at ${end}`).toBeLessThanOrEqual(whole.length);
    }
  });

  test('an empty input is cut off, not a file of no frames', async () => {
    expect((await readAll(format, '')).error).toBeInstanceOf(TruncatedError);
    const lenient = await readAll(format, '', { strict: false });
    expect([lenient.error, lenient.diagnostics.map((d) => d.code)]).toEqual([undefined, ['truncated']]);
  });

  test('a strict reader throws a truncated tail, a lenient one reports it', async () => {
    const bytes = await make();
    const cut = bytes.subarray(0, bytes.length - (name === 'binary dump' ? 3 : name === 'data' ? 20 : 60));
    expect((await readAll(format, cut)).error?.name).toMatch(/FormatError/);
    const lenient = await readAll(format, cut, { strict: false });
    expect(lenient.error).toBeUndefined();
    expect(lenient.diagnostics.map((d) => d.code)).toContain('truncated');
  });

  test('damaged bytes give frames or an error of ours, never a crash', async () => {
    const bytes = await make();
    const random = randomOf(name.length);
    for (let trial = 0; trial < 300; trial++) {
      const damaged = Buffer.from(bytes);
      for (let k = 0; k < 3; k++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      const { error } = await readAll(format, damaged);
      if (error) expect(error).toBeInstanceOf(ProjectError);
    }
  });
});
