import { join } from 'node:path';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { type Committee, evaluateCommittee } from '../../../potentials/committee.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import type { DiagnosticSink } from '../../core/diagnostic.ts';
import { PotentialError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { PotentialForceField } from '../../md/force-field.ts';
import { runMd } from '../../md/run-md.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import type { Engine, ExploreRun, RunEnd } from './explore-run.ts';
import { DISAGREEMENT_COLUMN, FRAMES_FILE } from './explore-script.ts';

/** Damping time of the Langevin thermostat in steps. */
const DAMPING_STEPS = 100;

/** Molecular dynamics with the engine of this package, for where LAMMPS is not installed. `hi` in eV/Å. */
export function builtinEngine(committee: Committee, hi: number, onDiagnostic: DiagnosticSink): Engine {
  return async (run, folder, signal) => {
    let end: RunEnd = { ended: 'finished' };
    async function* frames(): AsyncGenerator<Frame, void> {
      try {
        for (const frame of samples(run, committee)) {
          yield frame;
          if (!(largest(frame) <= hi)) {
            end = { ended: 'disagreement' };
            return;
          }
          await new Promise(setImmediate); // signals get their turn
          if (signal.aborted) return;
        }
      } catch (error) {
        if (!(error instanceof PotentialError)) throw error;
        end = { ended: 'failed', message: error.message };
      }
    }
    const columns = ['id', 'type', 'element', 'x', 'y', 'z', DISAGREEMENT_COLUMN];
    await writeBytes(
      join(folder, FRAMES_FILE),
      lammpsDump.write(frames(), { onDiagnostic, lammpsUnits: 'metal', columns }),
    );
    return end;
  };
}

function* samples({ start, plan, temperature, seed }: ExploreRun, committee: Committee): Generator<Frame, void> {
  const md = runMd(start, new PotentialForceField(committee, start), {
    steps: plan.steps,
    timestep: plan.timestep,
    temperature,
    every: plan.every,
    seed,
    ...(plan.ensemble === 'nvt' && { damping: DAMPING_STEPS * plan.timestep }),
  });
  for (const { frame } of md) {
    const { disagreement } = evaluateCommittee(committee, buildNeighborList(frame, committee.cutoff));
    const { natoms, cell, pbc, numbers, positions, info } = frame;
    const arrays = { [DISAGREEMENT_COLUMN]: { columns: 1, data: disagreement.forces } };
    yield { natoms, cell, pbc, numbers, positions, info, arrays };
  }
}

function largest({ arrays }: Frame): number {
  return (arrays[DISAGREEMENT_COLUMN].data as Float64Array).reduce((a, b) => Math.max(a, b), 0);
}
