import { join } from 'node:path';
import { expect, test } from 'vitest';
import { extxyz } from '../../../formats/extxyz/extxyz.ts';
import type { Format } from '../../../formats/format.ts';
import { runner } from '../../../formats/n2p2/input-data.ts';
import { readBytes } from '../../../src/scan/byte-source.ts';
import { readAll } from '../../contracts/read.ts';
import { describeLane, SHARED } from '../../lanes.ts';

const read = (format: Format, path: string, options = {}) => readAll(format, readBytes(path), { path, ...options });

describeLane('corpus', 'published n2p2 sets', () => {
  test.each([
    ['h2o_rpbe-d3', 'bohr', 'hartree'],
    ['cu2s_pbe', 'angstrom', 'eV'],
    ['dmabn', 'bohr', 'hartree'],
    ['lj', 'reduced', 'reduced'],
  ])(
    '%s is the same in input.data and in extxyz, which was converted independently',
    async (name, lengthUnit, energyUnit) => {
      const folder = join(SHARED, 'datasets', 'n2p2');
      const ours = await read(runner, join(folder, `${name}.input.data`), { lengthUnit, energyUnit });
      const wanted = await read(extxyz, join(folder, `${name}.extxyz`));
      expect([ours.error, wanted.error]).toEqual([undefined, undefined]);
      expect(ours.frames.length).toBe(wanted.frames.length);
      ours.frames.forEach((frame, k) => {
        const other = wanted.frames[k];
        expect(frame.numbers).toEqual(other.numbers);
        expect(frame.pbc).toEqual(other.pbc);
        const near = (a: ArrayLike<number> | null | undefined, b: ArrayLike<number> | null | undefined) => {
          expect(a?.length).toBe(b?.length);
          for (let i = 0; i < (a?.length ?? 0); i++)
            expect(Math.abs((a?.[i] ?? 0) - (b?.[i] ?? 0))).toBeLessThanOrEqual(
              1e-8 * Math.max(1, Math.abs(b?.[i] ?? 0)),
            );
        };
        near(frame.positions, other.positions);
        near(frame.cell, other.cell);
        near(frame.labels?.forces, other.labels?.forces);
        near([frame.labels?.energy ?? Number.NaN], [other.labels?.energy ?? Number.NaN]);
      });
    },
  );
});
