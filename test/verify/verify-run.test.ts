import { describe, expect, test } from 'vitest';
import type { Frame } from '../../src/core/frame.ts';
import { BAR } from '../../src/core/units.ts';
import { type FrameCheck, verifyRun } from '../../src/verify/verify-run.ts';

const forces = Float64Array.of(1, 0, 0, -1, 0, 0);
const frame: Frame = {
  natoms: 2,
  cell: Float64Array.of(10, 0, 0, 0, 10, 0, 0, 0, 10),
  pbc: [true, true, true],
  numbers: Uint8Array.of(14, 14),
  positions: new Float64Array(6),
  velocities: new Float64Array(6),
  labels: { forces },
  arrays: {},
  info: { timestep: 10 },
};
const reference = { energy: -2, forces, virial: Float64Array.of(1000 * BAR, 0, 0, 0, 0, 0, 0, 0, 0) };
const row = { PotEng: -2, Pxx: 1, Pyy: 0, Pzz: 0, Pxy: 0, Pxz: 0, Pyz: 0 };

async function check(f: Frame, thermo: Record<string, number>): Promise<FrameCheck> {
  for await (const found of verifyRun(
    (async function* () {
      yield f;
    })(),
    new Map([[10, thermo]]),
    async () => reference,
  ))
    return found;
  throw new Error('no frame');
}

describe('a run against its potential', () => {
  test('equal energies, forces and pressure differ by nothing', async () => {
    const found = await check(frame, row);
    expect(found.energyRelative).toBe(0);
    expect(found.forceRelative).toBe(0);
    expect(found.pressureRelative).toBeLessThan(1e-12);
  });

  test('a stale force, a shifted energy and a pressure of the wrong sign are seen', async () => {
    const stale = { ...frame, labels: { forces: Float64Array.of(0.9, 0, 0, -1, 0, 0) } };
    expect((await check(stale, row)).forceRelative).toBeCloseTo(0.1, 12);
    expect((await check(frame, { ...row, PotEng: -2.2 })).energyRelative).toBeCloseTo(0.1, 12);
    expect((await check(frame, { ...row, Pxx: -1 })).pressureRelative).toBeCloseTo(2, 12);
  });

  test('what the run did not print is not compared', async () => {
    const found = await check(frame, { Temp: 1 });
    expect(found.energyRelative).toBeUndefined();
    expect(found.pressureRelative).toBeUndefined();
  });

  test('a frame without a timestep is refused', async () => {
    await expect(check({ ...frame, info: {} }, row)).rejects.toThrow('no timestep');
  });
});
