import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Hdnnp } from '../../../../potentials/hdnnp.ts';
import type { SymmetryFunction } from '../../../../potentials/hdnnp-model.ts';
import { loadPotential } from '../../../../potentials/load.ts';
import { readN2p2 } from '../../../../potentials/trained/n2p2/read.ts';
import { writeN2p2 } from '../../../../potentials/trained/n2p2/write.ts';
import { evaluate } from '../../../contracts/potential.ts';
import { functionsOfType, randomModel } from '../../random-model.ts';
import { randomStructure } from '../../structures.ts';
import { folderOf, temporaryFolder, WATER } from './files.ts';

const SPECIES = [1, 8];
const STRUCTURE = randomStructure({
  seed: 2,
  natoms: 4,
  cell: [3.2, 0, 0.3, 0.3, 3.4, 0, 0.5, -0.2, 3.6],
  species: SPECIES,
});
const ALL = ([2, 3, 9, 12, 13, 20, 21, 22, 23, 24, 25] as SymmetryFunction['type'][]).flatMap((type) =>
  functionsOfType(type, SPECIES, 3.1),
);

describe('writeN2p2', () => {
  test.each(['none', 'scale', 'center', 'scale-center', 'sigma'] as const)(
    'writes what is read back exactly (scaling %s)',
    async (scaling) => {
      const model = randomModel({
        seed: 1,
        species: SPECIES,
        trainedOn: STRUCTURE,
        functions: ALL,
        scaling,
        energyOffset: -7.3,
        energyFactor: 0.37,
        cutoffType: 6,
        cutoffAlpha: 0.2,
      });
      const folder = join(await temporaryFolder(), 'deeper', 'model');
      await writeN2p2(model, folder);
      const back = await readN2p2(folder);
      expect({ ...back, energyFactor: 0 }).toEqual({ ...model, energyFactor: 0 });
      const wanted = evaluate(new Hdnnp(model), STRUCTURE);
      const found = evaluate(await loadPotential(folder), STRUCTURE);
      expect(Math.abs(found.energy - wanted.energy)).toBeLessThan(1e-12 * Math.abs(wanted.energy));
      found.forces.forEach((f, k) => {
        expect(Math.abs(f - wanted.forces[k])).toBeLessThan(1e-12);
      });
    },
  );

  test('holds networks that differ between elements', async () => {
    const common = {
      species: SPECIES,
      trainedOn: STRUCTURE,
      functions: functionsOfType(2, SPECIES, 3),
      normalizeNodes: true,
    };
    const a = randomModel({ seed: 1, ...common });
    const b = randomModel({ seed: 2, ...common, activations: ['p', 'l'] });
    const c = randomModel({ seed: 3, ...common, activations: ['l'] });
    for (const other of [b, c]) {
      for (const elements of [
        [a.elements[0], other.elements[1]],
        [other.elements[0], a.elements[1]],
      ]) {
        const folder = join(await temporaryFolder(), 'model');
        await writeN2p2({ ...a, elements }, folder);
        expect((await readN2p2(folder)).elements).toEqual(elements);
      }
    }
  });

  test('writes units, comments and further files beside the model, and nothing else', async () => {
    const model = await readN2p2(await folderOf(WATER));
    const folder = join(await temporaryFolder(), 'water');
    await writeN2p2(model, folder, {
      comments: ['made by a test'],
      manifest: { source: 'here' },
      files: new Map([['run.json', '{}\n']]),
    });
    const names = ['input.nn', 'potential.json', 'run.json', 'scaling.data', 'weights.001.data', 'weights.008.data'];
    expect((await readdir(folder)).sort()).toEqual(names);
    expect(JSON.parse(await readFile(join(folder, 'potential.json'), 'utf8'))).toMatchObject({
      schema: 'nnp-potential/1',
      format: 'n2p2',
      lengthUnit: 'angstrom',
      energyUnit: 'eV',
      source: 'here',
    });
    expect(await readFile(join(folder, 'input.nn'), 'utf8')).toMatch(/^# made by a test\n/);
    expect((await readdir(join(folder, '..'))).length).toBe(1);
  });

  test('replaces a potential, but no other folder', async () => {
    const model = await readN2p2(await folderOf(WATER));
    const parent = await temporaryFolder();
    await writeN2p2(model, join(parent, 'a'));
    await writeFile(join(parent, 'a', 'old.txt'), 'of the one before');
    await writeN2p2(model, join(parent, 'a'));
    expect(await readdir(join(parent, 'a'))).not.toContain('old.txt');
    await mkdir(join(parent, 'b'));
    await writeFile(join(parent, 'b', 'thesis.tex'), 'precious');
    await expect(writeN2p2(model, join(parent, 'b'))).rejects.toThrow(/holds no potential/);
    expect(await readFile(join(parent, 'b', 'thesis.tex'), 'utf8')).toBe('precious');
    expect((await readdir(parent)).sort()).toEqual(['a', 'b']);
  });
});
