import { volume } from '../../src/core/cell.ts';
import type { Frame, InfoValue, Labels, PerAtom } from '../../src/core/frame.ts';
import { fromVoigt } from '../../src/core/tensor.ts';
import { KBAR } from '../../src/core/units.ts';
import { MagneticMoments } from './outcar-moments.ts';
import type { ForceTable } from './outcar-rows.ts';

/** The SCF loop of one ionic step: `Iteration N( M)`. */
export class ScfLoop {
  readonly ionic: number;
  steps = 0;
  /** `EDIFF is reached` has been printed. */
  converged = false;
  magnetization: InfoValue | undefined;
  readonly moments = new MagneticMoments();

  constructor(ionic: number) {
    this.ionic = ionic;
  }
}

/** What has been read of the result of one ionic step; every part is optional and comes in either order. */
export class OutcarStep {
  /** Of a machine-learned force field. */
  readonly ml: boolean;
  cell: Float64Array | undefined;
  table: ForceTable | undefined;
  tableLine = 0;
  hasStress = false;
  /** kbar, xx yy zz xy yz zx, compression > 0. */
  stress: readonly number[] | undefined;
  /** Line of TOTEN; 0 = not there yet. */
  energyLine = 0;
  energy: number | undefined;
  /** The line with the two other energies has been read to its end. */
  energiesDone = false;
  energySigma0: number | undefined;
  withoutEntropy: number | undefined;

  constructor(ml: boolean) {
    this.ml = ml;
  }

  get hasResult(): boolean {
    return this.tableLine + this.energyLine > 0;
  }

  /** Everything a step prints in every version and order has been read. */
  get complete(): boolean {
    return this.table !== undefined && this.energyLine > 0 && this.energiesDone;
  }
}

/** What a frame needs beside its step. */
export interface RunFacts {
  readonly numbers: Uint8Array;
  readonly species?: PerAtom;
  /** 2, 3 … for runs appended to the first. */
  readonly run: number;
  readonly version?: string;
  readonly origin: { readonly path: string; readonly line: number; readonly frame: number };
}

/** `geometry` becomes part of the frame. */
export function frameOfStep(
  step: OutcarStep,
  loop: ScfLoop | undefined,
  geometry: { readonly cell: Float64Array; readonly positions: Float64Array },
  run: RunFacts,
): Frame {
  const { cell, positions } = geometry;
  const info: Record<string, InfoValue> = {};
  if (run.version !== undefined) info['program'] = run.version;
  if (run.run > 1) info['run'] = run.run;
  if (step.ml) info['ml'] = true;
  if (loop) {
    info['ionic_step'] = loop.ionic;
    info['scf_steps'] = loop.steps;
    info['scf_converged'] = loop.converged;
    if (loop.magnetization !== undefined) info['magnetization'] = loop.magnetization;
  }
  if (step.withoutEntropy !== undefined) info['energy_without_entropy'] = step.withoutEntropy;
  if (step.stress) info['stress_kB'] = step.stress;
  return {
    natoms: run.numbers.length,
    cell,
    pbc: [true, true, true],
    numbers: run.numbers.slice(),
    positions,
    labels: labelsOfStep(step, loop, cell),
    arrays: arraysOfStep(loop, run),
    info,
    origin: run.origin,
  };
}

function arraysOfStep(loop: ScfLoop | undefined, run: RunFacts): Record<string, PerAtom> {
  const arrays: Record<string, PerAtom> = {};
  if (run.species) arrays['species'] = run.species;
  const moments = loop?.moments.table();
  if (moments) arrays['magnetic_moments'] = moments;
  return arrays;
}

function labelsOfStep(step: OutcarStep, loop: ScfLoop | undefined, cell: Float64Array): Labels {
  const labels: { -readonly [K in keyof Labels]: Labels[K] } = {};
  if (step.energy !== undefined) labels.energy = step.energy;
  if (step.energySigma0 !== undefined) labels.energySigma0 = step.energySigma0;
  if (step.table) labels.forces = step.table.forces;
  if (step.stress) {
    const kbarVolume = KBAR * volume(cell);
    const virial = fromVoigt(step.stress, 'vasp');
    for (let k = 0; k < 9; k++) virial[k] *= kbarVolume;
    labels.virial = virial;
  }
  if (loop) labels.converged = loop.converged;
  return labels;
}
