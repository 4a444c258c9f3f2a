import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { readModel } from '../../potentials/load.ts';
import { formatManifest } from '../../potentials/trained/manifest.ts';
import { MissingDataError, PotentialError } from '../../src/core/errors.ts';
import { writePotentialFile } from '../../src/lammps/potential-file.ts';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { oxidePotentials } from './oxide.ts';

const SILICON = join(ROOT, 'test/data/lammps-run/tiny-si');

describe('writePotentialFile', () => {
  test('writes head, text and the description of the kernel, with a checksum', async () => {
    const path = join(temporaryFolder(), 'si.nnp');
    const told = await writePotentialFile([{ directory: SILICON }], path);
    const bytes = readFileSync(path);
    expect(told).toEqual({ path, elements: ['Si'], cutoff: 4.5, members: 1, bytes: bytes.length });
    expect(bytes.subarray(0, 8).toString()).toBe('NNPBLOB\n');
    expect(bytes.readUInt32LE(8)).toBe(1);
    expect(bytes.readUInt32LE(12)).toBe(crc32(bytes.subarray(16)));
    const textBytes = Number(bytes.readBigUInt64LE(16));
    expect(textBytes % 8).toBe(0);
    const { modelId } = await loadEvaluator({ directory: SILICON });
    expect(bytes.subarray(32, 32 + textBytes).toString()).toMatch(
      new RegExp(`^name tiny-si\nid ${modelId}\nunits eV angstrom\nelements Si\ncutoff 4.5\nmembers 1\n *$`),
    );
    const blob = planBlob([await readModel(SILICON)]);
    expect(Number(bytes.readBigUInt64LE(24))).toBe(blob.length);
    expect(Array.from(blob, (_, k) => bytes.readDoubleLE(32 + textBytes + 8 * k))).toEqual(Array.from(blob));
  });

  test('puts a committee into one file', async () => {
    const sources = (await oxidePotentials(3)).map((directory) => ({ directory }));
    const path = join(temporaryFolder(), 'oxide.nnp');
    expect(await writePotentialFile(sources, path)).toMatchObject({ elements: ['O', 'Si'], members: 3 });
    expect(readFileSync(path).toString('latin1')).toContain('name oxide-1+oxide-2+oxide-3\n');
    const committee = join(sources[0].directory, '..');
    const members = ['oxide-1', 'oxide-2', 'oxide-3'];
    writeFileSync(join(committee, 'potential.json'), formatManifest({ format: 'committee', members }));
    const again = join(temporaryFolder(), 'again.nnp');
    expect((await writePotentialFile([{ directory: committee }], again)).members).toBe(3);
    const description = (file: string) => {
      const bytes = readFileSync(file);
      return bytes.subarray(32 + Number(bytes.readBigUInt64LE(16)));
    };
    expect(description(again).equals(description(path))).toBe(true);
  });

  test('refuses potentials that do not fit together, and units that are not stated', async () => {
    const [directory] = await oxidePotentials(1);
    const path = join(temporaryFolder(), 'x.nnp');
    await expect(writePotentialFile([{ directory }, { directory: SILICON }], path)).rejects.toThrow(PotentialError);
    const wrong = { directory: SILICON, lengthUnit: 'bohr' };
    await expect(writePotentialFile([wrong], path)).rejects.toThrow(MissingDataError);
  });
});
