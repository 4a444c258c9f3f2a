import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openFrames } from '../../convert/open.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import type { Frame } from '../../core/frame.ts';
import { DISAGREEMENT_COLUMN, FRAMES_FILE } from './explore-script.ts';

export interface RunFrame {
  /** Elements, cell and positions only. */
  readonly frame: Frame;
  readonly step: number;
  /** eV/Å, largest over the atoms of the deviation of the force; NaN where it is not a number. */
  readonly disagreement: number;
}

/** The complete frames of an exploration run, oldest first; a step that was written twice (a last frame) is given once. */
export async function* runFrames(folder: string, sink: DiagnosticSink): AsyncGenerator<RunFrame, void> {
  const path = join(folder, FRAMES_FILE);
  const missing = await access(path).then(
    () => false,
    () => true,
  );
  if (missing) return;
  // A run that was ended may have a cut-off last frame, which is nothing to report.
  const onDiagnostic: DiagnosticSink = (d) => d.code !== 'truncated' && sink(d);
  const { frames } = await openFrames('lammps-dump', { path, onDiagnostic, strict: false, lammpsUnits: 'metal' });
  let before = -1;
  for await (const { natoms, cell, pbc, numbers, positions, info, arrays } of frames) {
    const step = Number(info['timestep'] ?? before + 1);
    if (step === before) continue;
    before = step;
    const values = arrays[DISAGREEMENT_COLUMN]?.data as Float64Array | undefined;
    yield {
      frame: { natoms, cell, pbc, numbers, positions, arrays: {}, info: {} },
      step,
      disagreement: largest(values),
    };
  }
}

function largest(values: Float64Array | undefined): number {
  if (!values || values.length === 0) return Number.NaN;
  let most = 0;
  for (const x of values) {
    if (Number.isNaN(x)) return x;
    if (x > most) most = x;
  }
  return most;
}
