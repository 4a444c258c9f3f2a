import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPotential } from '../../potentials/load.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { evaluateFiles } from '../../src/evaluate/evaluate-files.ts';
import { evaluateStructure } from '../../src/evaluate/evaluate-structure.ts';
import { folderOf, temporaryFolder, WATER } from '../potentials/trained/n2p2/files.ts';

const frame = (rows: string[], comment = 'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3') =>
  `${rows.length}\n${comment}\n${rows.join('\n')}\n`;
const MOLECULE = ['O 0 0 0', 'H 0.96 0 0', 'H -0.24 0.93 0'];

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'frames.extxyz');
  await writeFile(path, text);
  return path;
}

async function run(text: string, more: Partial<Parameters<typeof evaluateFiles>[0]> = {}) {
  const printed: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const structure = await fileOf(text);
  await evaluateFiles({
    potential: await folderOf(WATER),
    structure,
    json: true,
    atoms: false,
    load: { backend: 'typescript' },
    read: { strict: true, onDiagnostic: (d) => diagnostics.push(d) },
    print: async (piece) => void printed.push(piece),
    ...more,
  });
  return { text: printed.join(''), diagnostics, structure };
}

describe('evaluate', () => {
  test('prints one JSON object per frame with everything the contract names', async () => {
    const { text } = await run(frame(MOLECULE) + frame([...MOLECULE.slice(0, 2), 'H -0.3 0.9 0.1']));
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ frame: index }) => index)).toEqual([0, 1]);
    const { numbers, positions } = {
      numbers: Uint8Array.of(8, 1, 1),
      positions: Float64Array.of(0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0),
    };
    const potential = await loadPotential(await folderOf(WATER), { backend: 'typescript' });
    const cell = Float64Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9);
    const wanted = evaluateStructure(potential, { numbers, positions, cell, pbc: [true, true, true] });
    expect(lines[0]).toEqual({
      frame: 0,
      natoms: 3,
      energy: wanted.energy,
      forces: [0, 3, 6].map((k) => [...wanted.forces.subarray(k, k + 3)]),
      virial: [0, 3, 6].map((k) => [...wanted.virial.subarray(k, k + 3)]),
      atomicEnergies: [...wanted.atomicEnergies],
      extrapolations: wanted.extrapolationCount,
      units: { energy: 'eV', length: 'angstrom' },
    });
    expect(lines[1].energy).not.toBe(lines[0].energy);
  });

  test('prints a table with units, and rows of atoms where asked', async () => {
    const { text } = await run(frame(MOLECULE), { json: false, atoms: true });
    expect(text).toMatch(/energy \(eV\).*max\|F\| \(eV\/A\).*pressure \(GPa\)/);
    expect(text.split('\n').filter((line) => /^\s+\d+\s+[OH]\s/.test(line)).length).toBe(3);
  });

  test('takes the frames that are asked for, and says when there are none', async () => {
    const three = frame(MOLECULE).repeat(3);
    const { text } = await run(three, { frames: '1:' });
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).frame),
    ).toEqual([1, 2]);
    await expect(run(three, { frames: '7' })).rejects.toThrow(/no frame to evaluate in 7/);
  });

  test('summarizes extrapolations in one warning that names the farthest', async () => {
    const { diagnostics } = await run(frame(['O 0 0 0', 'H 0.3 0 0', 'H -0.2 0.2 0']).repeat(2));
    expect(diagnostics.length).toBe(1);
    expect(diagnostics[0].code).toBe('extrapolation');
    expect(diagnostics[0].message).toMatch(/2 of 2 frames.*frame 0, atom \d \([OH]\): function \d is/);
  });

  test.each([
    ['an unknown element', frame(['O 0 0 0', 'Xe 1 0 0']), /frames\.extxyz:1.*atom 2 is Xe.*knows H O/],
    [
      'coincident atoms',
      frame(MOLECULE) + frame(['O 0 0 0', 'H 1 0 0', 'H 10 0 0']),
      /frames\.extxyz:6.*frame 1.*atoms 2 and 3 coincide/,
    ],
    ['a coordinate that is not a number', frame(['O 0 0 0', 'H nan 0 0']), /frames\.extxyz/],
    [
      'a flat cell',
      frame(MOLECULE, 'Lattice="9 0 0 9 0 0 0 0 9" Properties=species:S:1:pos:R:3'),
      /frames\.extxyz:1.*do not span/,
    ],
  ])('names file, frame and atom for %s', async (_name, text, message) => {
    await expect(run(text)).rejects.toThrow(message);
  });
});

describe('evaluate ends', () => {
  test('with exit code 1 and a sentence for a potential without units, which options give', async () => {
    const potential = await folderOf({ ...WATER, 'potential.json': undefined });
    const failure = await run(frame(MOLECULE), { potential }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 1 });
    expect(String(failure)).toMatch(/not stated.*never guessed; state --length-unit/);
    const load = { backend: 'typescript', lengthUnit: 'bohr', energyUnit: 'hartree' } as const;
    const { text } = await run(frame(MOLECULE), { potential, load });
    expect(JSON.parse(text).forces.length).toBe(3);
  });

  test('with exit code 3 for a potential of a format that is not supported', async () => {
    const potential = await folderOf({ 'potential.json': '{"schema": "nnp-potential/1", "format": "snap"}' });
    await expect(run(frame(MOLECULE), { potential })).rejects.toMatchObject({ exitCode: 3 });
  });
});
