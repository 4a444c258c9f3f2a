import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Format } from '../../../formats/format.ts';
import { lammpsData } from '../../../formats/lammps/data.ts';
import { lammpsDumpBinary } from '../../../formats/lammps/dump-binary.ts';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { readSet } from '../../../formats/lammps/file-set.ts';
import type { Frame } from '../../../src/core/frame.ts';

/** The last step of a run of test/data/lammps-dump/tilted/make.in as LAMMPS' print command gives it: no dump is involved. */
interface Printed {
  readonly cell: number[];
  readonly origin: number[];
  /** By id − 1: x y z vx vy vz fx fy fz q mass. */
  readonly atoms: number[][];
}

function printed(folder: string): Printed {
  const lines = readFileSync(join(folder, 'expected.txt'), 'utf8').trim().split('\n');
  const [box, ...atoms] = lines.map((line) => line.split(' ').slice(1).map(Number));
  const [xlo, ylo, zlo, lx, ly, lz, xy, xz, yz] = box;
  return {
    cell: [lx, 0, 0, xy, ly, 0, xz, yz, lz],
    origin: [xlo, ylo, zlo],
    atoms: atoms.sort((a, b) => a[0] - b[0]).map((atom) => atom.slice(1)),
  };
}

async function lastFrame(format: Format, path: string): Promise<Frame> {
  let last: Frame | undefined;
  const options = { path, strict: true, onDiagnostic: () => {} };
  const read = format.read as NonNullable<Format['read']>;
  for await (const frame of readSet(path, options, (source, o) => read(source, o))) last = frame;
  if (!last) throw new Error(`${path} has no frames`);
  return last;
}

/** Largest difference of a (n,3) array to printed columns, modulo nothing. */
function difference(frame: Frame, rows: Float64Array | undefined, wanted: Printed, from: number): number {
  if (!rows) throw new Error('the frame does not have the values');
  const ids = frame.arrays['id'].data as Int32Array;
  let largest = 0;
  ids.forEach((id, row) => {
    for (let k = 0; k < 3; k++)
      largest = Math.max(largest, Math.abs(rows[3 * row + k] - wanted.atoms[id - 1][from + k]));
  });
  return largest;
}

/** Compares every file of a run of make.in with what LAMMPS printed; `parts` where two processes ran. */
export async function expectTiltedRun(folder: string): Promise<void> {
  const wanted = printed(folder);
  const six = 1e-4; // %g has six digits
  const expectFile = async (format: Format, name: string, [position, velocity, force]: (number | undefined)[]) => {
    const frame = await lastFrame(format, join(folder, name));
    expect(frame.natoms, name).toBe(wanted.atoms.length);
    expect(frame.info['timestep'], name).toBe(10);
    frame.cell?.forEach((v, k) => {
      expect(v, name).toBeCloseTo(wanted.cell[k], 12);
    });
    (frame.info['origin'] as number[]).forEach((v, k) => {
      expect(v, name).toBeCloseTo(wanted.origin[k], 12);
    });
    if (position !== undefined) expect(difference(frame, frame.positions, wanted, 0), name).toBeLessThan(position);
    if (velocity !== undefined) expect(difference(frame, frame.velocities, wanted, 3), name).toBeLessThan(velocity);
    if (force !== undefined) expect(difference(frame, frame.labels?.forces, wanted, 6), name).toBeLessThan(force);
    return frame;
  };
  const all = await expectFile(lammpsDump, 'all-columns.dump', [six, six, six]);
  expect(Object.keys(all.arrays)).toEqual(['id', 'type', 'ix', 'iy', 'iz', 'c_pe']);
  (all.arrays['id'].data as Int32Array).forEach((id, row) => {
    expect(all.charges?.[row]).toBe(wanted.atoms[id - 1][9]);
    expect(all.masses?.[row]).toBeCloseTo(wanted.atoms[id - 1][10], 4);
    expect(all.numbers[row]).toBe((all.arrays['type'].data as Int32Array)[row] === 1 ? 14 : 32);
  });
  await expectFile(lammpsDump, 'digits.dump', [1e-13, undefined, undefined]);
  await expectFile(lammpsDump, 'unwrapped.dump', [six, undefined, undefined]);
  await expectFile(lammpsDump, 'atom.dump', [six, undefined, undefined]);
  await expectFile(lammpsDumpBinary, 'named.bin', [1e-15, 1e-15, undefined]);
  await expectFile(lammpsDumpBinary, 'part.%.bin', [1e-15, undefined, undefined]);
  await expectFile(lammpsDump, 'part.%.step.*.dump', [six, six, undefined]);
  const data = await expectFile(lammpsData, 'written.data', [1e-13, 1e-13, undefined]);
  expect([...data.numbers].filter((z) => z === 14).length).toBe(3);
}
