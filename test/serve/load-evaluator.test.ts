import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadEvaluator } from '../../src/serve/load-evaluator.ts';
import { ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A copy of a small potential with changes in one file. */
function copyWith(file: string, change: (text: string) => string): string {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'test/data/lammps-run/tiny-si'), folder, { recursive: true });
  writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
  return folder;
}

describe('loadEvaluator', () => {
  test('gives the same model id for the same numbers, another for others', async () => {
    const id = async (folder: string) => (await loadEvaluator({ directory: folder })).modelId;
    const original = await id(copyWith('input.nn', (text) => text));
    expect(Number.isSafeInteger(original) && original > 0).toBe(true);
    expect(await id(copyWith('input.nn', (text) => `# a comment\n${text}`))).toBe(original);
    expect(await id(copyWith('weights.014.data', (text) => text.replace('0.8', '0.8000000001')))).not.toBe(original);
    expect(await id(copyWith('potential.json', (text) => text.replace('angstrom', 'bohr')))).not.toBe(original);
  });

  test('knows a model in reduced units from its sidecar', async () => {
    const reduced = copyWith('potential.json', (text) => text.replace('angstrom', 'reduced').replace('eV', 'reduced'));
    expect((await loadEvaluator({ directory: reduced })).reduced).toBe(true);
    expect((await loadEvaluator({ directory: copyWith('input.nn', (text) => text) })).reduced).toBe(false);
  });
});
