import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outcar } from '../../formats/vasp/outcar.ts';
import { loadPotential } from '../../potentials/load.ts';
import type { Frame } from '../../src/core/frame.ts';
import { seededRandom } from '../../src/core/random.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const EXAMPLE = join(ROOT, 'examples/silicon');

/** The shell blocks of the README that a reader may paste, in order. */
function pastedBlocks(): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return [...readme.matchAll(/<!-- run -->\n```sh\n([\s\S]*?)```/g)].map(([, text]) => text);
}

/** Runs that a DFT program would have left: shaken silicon, labelled by the potential of the example, as OUTCAR. */
async function writeRuns(folder: string): Promise<void> {
  const potential = await loadPotential(join(EXAMPLE, 'potential'));
  const random = seededRandom(11);
  const a = 5.47;
  const basis = [0, 0, 0, 0, 2, 2, 2, 0, 2, 2, 2, 0, 1, 1, 1, 1, 3, 3, 3, 1, 3, 3, 3, 1].map((x) => (x * a) / 4);
  for (const run of ['run1', 'run2']) {
    async function* frames(): AsyncGenerator<Frame> {
      for (let k = 0; k < 15; k++) {
        const frame: Frame = {
          natoms: 8,
          cell: Float64Array.of(a, 0, 0, 0, a, 0, 0, 0, a).map((x) => x * (0.97 + 0.06 * random())),
          pbc: [true, true, true],
          numbers: new Uint8Array(8).fill(14),
          positions: Float64Array.from(basis, (x) => x + 0.3 * (random() - 0.5)),
          arrays: {},
          info: {},
        };
        const { energy, forces, virial } = evaluateFrame(potential, frame);
        yield { ...frame, labels: { energy, forces, virial } };
      }
    }
    let text = '';
    for await (const piece of outcar.write(frames(), { onDiagnostic: () => {} })) text += piece;
    mkdirSync(join(folder, run));
    writeFileSync(join(folder, run, 'OUTCAR'), text);
  }
}

describeLane('lammps', 'the README', () => {
  test('its command blocks work by copy and paste', { timeout: 300_000 }, async () => {
    const main = join(ROOT, 'dist/src/cli/main.js');
    expect(existsSync(main), 'npm run build comes before this test').toBe(true);
    const folder = temporaryFolder();
    await writeRuns(folder);
    const input = readFileSync(join(EXAMPLE, 'in.silicon'), 'utf8');
    writeFileSync(join(folder, 'in.silicon'), input.replace(/run {13}2000/g, 'run             100'));
    const shell = (script: string) =>
      spawnSync(
        'bash',
        ['-euo', 'pipefail', '-c', `nnp-bridge() { "${process.execPath}" "${main}" "$@"; }\n${script}`],
        {
          cwd: folder,
          encoding: 'utf8',
          timeout: 280_000,
        },
      );
    copyFileSync(join(EXAMPLE, 'make-structure.mjs'), join(folder, 'make-structure.mjs'));
    const prepared = shell(
      `"${process.execPath}" make-structure.mjs si.xyz 2\nnnp-bridge convert si.xyz -o silicon.data -f lammps-data --type-map Si`,
    );
    expect(prepared.status, prepared.stderr).toBe(0);
    const blocks = pastedBlocks();
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    for (const block of blocks) {
      const done = shell(block);
      expect(done.status, `${block}\n${done.stdout}\n${done.stderr}`).toBe(0);
    }
    for (const file of [
      'data.extxyz',
      'report.html',
      'si/input.nn',
      'si.nnp',
      'nnp.lmp',
      'set.extxyz',
      'junction/report.html',
    ])
      expect(existsSync(join(folder, file)), file).toBe(true);
  });
});
