import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Format, WriteOptions } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import type { Frame } from '../../src/core/frame.ts';
import { readAll } from './read.ts';

const WORDS = {
  typeMap: ['H', 'O', 'Si'],
  lammpsUnits: 'metal',
  lengthUnit: 'angstrom',
  energyUnit: 'eV',
  atomStyle: 'charge',
};

const real = (size: number) => fc.double({ min: -size, max: size, noNaN: true }).map((x) => Number(x.toFixed(7)) + 0);
const rows = (n: number, size: number) =>
  fc.array(real(size), { minLength: 3 * n, maxLength: 3 * n }).map((a) => Float64Array.from(a));

/** Frames that every format can hold but for what it says that it cannot: atoms in order of species, cell rows lower triangular. */
const frame: fc.Arbitrary<Frame> = fc.integer({ min: 1, max: 6 }).chain((n) =>
  fc
    .record({
      numbers: fc.array(fc.constantFrom(1, 8, 14), { minLength: n, maxLength: n }).map((z) => z.sort((a, b) => a - b)),
      tilts: fc.array(real(1.5), { minLength: 3, maxLength: 3 }),
      positions: rows(n, 3),
      velocities: rows(n, 20),
      charges: fc.array(real(2), { minLength: n, maxLength: n }),
      forces: rows(n, 5),
      energy: real(1000),
      stress: fc.array(real(9), { minLength: 6, maxLength: 6 }),
    })
    .map(({ numbers, tilts, positions, velocities, charges, forces, energy, stress: [xx, yy, zz, yz, xz, xy] }) => ({
      natoms: n,
      cell: Float64Array.of(7, 0, 0, tilts[0], 8, 0, tilts[1], tilts[2], 9),
      pbc: [true, true, true],
      numbers: Uint8Array.from(numbers),
      positions,
      velocities,
      charges: Float64Array.from(charges),
      labels: { energy, forces, virial: Float64Array.of(xx, xy, xz, xy, yy, yz, xz, yz, zz) },
      arrays: {},
      info: {},
    })),
);

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

async function written(format: Format, frames: readonly Frame[]): Promise<Uint8Array> {
  const options: WriteOptions = { ...WORDS, onDiagnostic: () => {} };
  const pieces: Uint8Array[] = [];
  for await (const piece of format.write?.(each(frames), options) ?? [])
    pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  return Buffer.concat(pieces);
}

function expectNear(
  found: Float64Array | undefined,
  wanted: Float64Array | undefined,
  tolerance: number,
  what: string,
): void {
  expect(found?.length, what).toBe(wanted?.length);
  wanted?.forEach((x, k) => {
    expect(Math.abs((found?.[k] ?? Number.NaN) - x), `${what} ${k}: ${found?.[k]}, wanted ${x}`).toBeLessThan(
      tolerance,
    );
  });
}

const both = FORMATS.filter((format) => format.read && format.write);

describe('what a format writes and says it carries, it reads back', () => {
  test.each(both.map((format) => [format.name, format] as const))('%s', async (_, format) => {
    const { carries } = format;
    const most = carries.frames === 'one' || carries.composition === 'fixed' ? 1 : 3;
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: most }), async (frames) => {
        const bytes = await written(format, frames);
        const back = await readAll(format, each([bytes]), WORDS);
        expect(back.error).toBeUndefined();
        expect(back.frames.length).toBe(frames.length);
        back.frames.forEach((found, k) => {
          const wanted = frames[k];
          expect([...found.numbers]).toEqual([...wanted.numbers]);
          if (carries.cell !== 'none') expectNear(found.cell ?? undefined, wanted.cell ?? undefined, 1e-6, 'cell');
          expectNear(found.positions, wanted.positions, 1e-5, 'positions');
          if (carries.velocities) expectNear(found.velocities, wanted.velocities, 1e-5, 'velocities');
          if (carries.charges) expectNear(found.charges, wanted.charges, 1e-6, 'charges');
          if (carries.forces) expectNear(found.labels?.forces, wanted.labels?.forces, 1e-6, 'forces');
          if (carries.virial) expectNear(found.labels?.virial, wanted.labels?.virial, 1e-3, 'virial');
          if (carries.energy) {
            const energy = found.labels?.energy ?? found.labels?.energySigma0 ?? Number.NaN;
            expect(Math.abs(energy - (wanted.labels?.energy ?? 0))).toBeLessThan(1e-6);
          }
        });
      }),
      { numRuns: 60 },
    );
  });
});
