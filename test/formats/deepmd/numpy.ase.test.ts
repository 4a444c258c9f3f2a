import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deepmdNpy } from '../../../formats/deepmd/deepmd.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { describeLane } from '../../lanes.ts';

/** What NumPy finds in a set; it refuses pickles. */
const READ = `
import sys, json, glob, os
import numpy as np
print(json.dumps({os.path.basename(p)[:-4]: dict(shape=a.shape, dtype=a.dtype.str, values=a.ravel().tolist())
    for p in glob.glob(sys.argv[1] + '/set.000/*.npy') for a in [np.load(p, allow_pickle=False)]}))
`;

describeLane('ase', 'DeePMD systems that are written', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nnp-numpy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are loaded by NumPy with the same numbers and the shapes that DeePMD-kit asks for', async () => {
    const frames = [1, 2, 3].map(
      (k): Frame => ({
        natoms: 2,
        cell: Float64Array.of(4, 0, 0, 0.5, 5, 0, 0.25, 0.75, 6 + k),
        pbc: [true, true, true],
        numbers: Uint8Array.of(11, 17),
        positions: Float64Array.from({ length: 6 }, (_, i) => (k + i) / 3),
        labels: {
          energy: -k / 7,
          forces: Float64Array.from({ length: 6 }, (_, i) => k * Math.sin(i)),
          virial: Float64Array.from({ length: 9 }, (_, i) => k + i),
        },
        arrays: {},
        info: { fparam: [k, 300.5] },
      }),
    );
    async function* source() {
      yield* frames;
    }
    const path = join(folder, 'system');
    await deepmdNpy.writePath(source(), path, { onDiagnostic: () => {} });
    const run = spawnSync('/usr/bin/python3', ['-c', READ, path], { encoding: 'utf8', timeout: 60_000 });
    expect(run.stderr).toBe('');
    const all = (pick: (frame: Frame) => ArrayLike<number> | null | undefined) =>
      frames.flatMap((frame) => Array.from(pick(frame) ?? []));
    const array = (width: number | undefined, values: number[]) => ({
      shape: width === undefined ? [3] : [3, width],
      dtype: '<f8',
      values,
    });
    expect(JSON.parse(run.stdout)).toEqual({
      coord: array(6, all((f) => f.positions)), // biome-ignore format: a table
      box: array(
        9,
        all((f) => f.cell),
      ),
      energy: array(
        undefined,
        all((f) => [f.labels?.energy ?? Number.NaN]),
      ),
      force: array(
        6,
        all((f) => f.labels?.forces),
      ),
      virial: array(
        9,
        all((f) => f.labels?.virial),
      ),
      fparam: array(
        2,
        all((f) => f.info['fparam'] as number[]),
      ),
    });
  });
});
