import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { ReusableNeighborList } from '../../potentials/neighbors/reusable-neighbor-list.ts';
import { newEvaluation } from '../../potentials/potential.ts';
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

const DIMER = {
  numbers: Uint8Array.of(14, 14),
  positions: Float64Array.of(0, 0, 0, 2.3, 0.1, 0.2),
  cell: null,
  pbc: [false, false, false] as const,
};

/** Diamond, n³ cells of 8 atoms. */
function silicon(n: number) {
  const a = 5.43;
  const basis = [0, 0, 0, 0, 2, 2, 2, 0, 2, 2, 2, 0, 1, 1, 1, 1, 3, 3, 3, 1, 3, 3, 3, 1];
  const positions: number[] = [];
  for (let cell = 0; cell < n ** 3; cell++) {
    const at = [cell % n, Math.floor(cell / n) % n, Math.floor(cell / n ** 2)];
    basis.forEach((x, k) => void positions.push((at[k % 3] + x / 4) * a));
  }
  return {
    numbers: new Uint8Array(8 * n ** 3).fill(14),
    positions: Float64Array.from(positions),
    cell: Float64Array.of(n * a, 0, 0, 0, n * a, 0, 0, 0, n * a),
    pbc: [true, true, true] as const,
  };
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

  test('makes a committee of several directories, with an id of its own and the mean of its members', async () => {
    const one = copyWith('input.nn', (text) => text);
    const other = copyWith('weights.014.data', (text) => text.replace('0.8', '0.9'));
    const [a, b, both] = await Promise.all([
      loadEvaluator({ directory: one }),
      loadEvaluator({ directory: other }),
      loadEvaluator({ directory: one, further: [other] }),
    ]);
    expect(new Set([a, b, both].map(({ modelId }) => modelId)).size).toBe(3);
    expect([a.committee, both.committee?.members]).toEqual([undefined, 2]);
    const [ea, eb, mean] = await Promise.all([a, b, both].map((e) => e.evaluateStructure(DIMER)));
    expect(ea.energy).not.toBe(eb.energy);
    expect(mean.energy).toBeCloseTo((ea.energy + eb.energy) / 2, 12);
    expect(mean.forces[0]).toBeCloseTo((ea.forces[0] + eb.forces[0]) / 2, 12);
  });

  test('refuses a committee of reduced and other units', async () => {
    const reduced = copyWith('potential.json', (text) => text.replace('angstrom', 'reduced').replace('eV', 'reduced'));
    const plain = copyWith('input.nn', (text) => text);
    await expect(loadEvaluator({ directory: plain, further: [reduced] })).rejects.toThrow(/some are not/);
  });

  test('gives the forces of members while it works for another session on a thread', async () => {
    const directory = copyWith('input.nn', (text) => text);
    const evaluator = await loadEvaluator({ directory, further: [directory] });
    const large = buildNeighborList(silicon(8), evaluator.cutoff);
    const small = buildNeighborList(DIMER, evaluator.cutoff);
    const [outs, more] = [newEvaluation(large.natoms, large.ncenters), newEvaluation(small.natoms, small.ncenters)];
    const [, forces] = await Promise.all([
      evaluator.evaluateNeighborhood(large, outs),
      evaluator.committee?.evaluateMembers(small, more),
    ]);
    expect(large.neighbors.length).toBeGreaterThan(60_000); // enough for a thread
    expect(forces).toEqual(Float64Array.from([...more.forces, ...more.forces]));
    expect(more.forces[0]).not.toBe(0);
  });

  test('a trajectory gives what single structures give, also beside another one and while the cell shears', async () => {
    const evaluator = await loadEvaluator({ directory: copyWith('input.nn', (text) => text) });
    const trajectories = [evaluator.trajectory(), evaluator.trajectory()];
    const start = silicon(2);
    for (let step = 0; step < 30; step++) {
      await Promise.all(
        trajectories.map(async (trajectory, t) => {
          const positions = start.positions.map((x, k) => x + 0.02 * step * Math.sin(k * (t + 2)));
          const cell = start.cell.map((x, k) => x + (k === 3 ? 0.01 * step * t : 0));
          const structure = { ...start, positions, cell };
          const [kept, fresh] = [
            await trajectory.evaluateStructure(structure),
            await evaluator.evaluateStructure(structure),
          ];
          expect(kept.energy).toBeCloseTo(fresh.energy, 9);
          kept.forces.forEach((f, k) => void expect(Math.abs(f - fresh.forces[k])).toBeLessThan(1e-11));
        }),
      );
    }
    const built = vi.spyOn(ReusableNeighborList.prototype, 'update');
    const trajectory = evaluator.trajectory();
    for (let step = 0; step < 5; step++) await trajectory.evaluateStructure(start);
    expect((built.mock.contexts.at(-1) as ReusableNeighborList).builds).toBe(1);
    built.mockRestore();
  });

  test('knows a model in reduced units from its sidecar', async () => {
    const reduced = copyWith('potential.json', (text) => text.replace('angstrom', 'reduced').replace('eV', 'reduced'));
    expect((await loadEvaluator({ directory: reduced })).reduced).toBe(true);
    expect((await loadEvaluator({ directory: copyWith('input.nn', (text) => text) })).reduced).toBe(false);
  });
});
