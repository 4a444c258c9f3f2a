import { expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import { UnknownFormatError } from '../../src/core/errors.ts';
import { folderOf, WATER } from './trained/n2p2/files.ts';

test('loadPotential tells the species, the cutoff in Å and the name of the folder', async () => {
  const folder = await folderOf(WATER);
  const potential = await loadPotential(folder);
  expect(potential.species).toEqual([1, 8]);
  expect(potential.cutoff).toBeCloseTo(8 * 0.529177210903, 12);
  expect(folder.endsWith(potential.name)).toBe(true);
});

test('loadPotential refuses folders of other formats and folders without a potential by name', async () => {
  const snap = await folderOf({ 'potential.json': '{"schema": "nnp-potential/1", "format": "snap"}' });
  await expect(loadPotential(snap)).rejects.toThrow(/"snap" are not supported/);
  await expect(loadPotential(snap)).rejects.toBeInstanceOf(UnknownFormatError);
  await expect(loadPotential(await folderOf({}))).rejects.toThrow(/found neither/);
});
