import { volume } from '../core/cell.ts';
import { massOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { seededRandom } from '../core/random.ts';
import { toVoigt } from '../core/tensor.ts';
import { AMU_A2_PS2, BAR } from '../core/units.ts';
import {
  drawVelocities,
  type ForceField,
  kineticEnergy,
  type MdState,
  temperature,
  VelocityVerlet,
} from './velocity-verlet.ts';

export interface MdOptions {
  readonly steps: number;
  /** ps. */
  readonly timestep: number;
  /** K; velocities are drawn at it unless the frame has some. */
  readonly temperature: number;
  /** ps; damping time of a Langevin thermostat at `temperature`; absent = NVE. */
  readonly damping?: number;
  /** Steps between samples. */
  readonly every: number;
  readonly seed: number;
}

/** A point of the run, as LAMMPS would print and dump it in `metal` units. */
export interface MdSample {
  readonly step: number;
  /** ps, K, eV, eV. */
  readonly time: number;
  readonly temperature: number;
  readonly potentialEnergy: number;
  readonly totalEnergy: number;
  /** bar; xx yy zz xy xz yz with the kinetic part; absent without a cell. */
  readonly pressure?: readonly number[];
  /** Positions, velocities and forces of this step. */
  readonly frame: Frame;
}

/** Molecular dynamics of `start` under `field`; yields step 0, every `every` steps, and the last. */
export function* runMd(start: Frame, field: ForceField, options: MdOptions): Generator<MdSample, void> {
  const random = seededRandom(options.seed);
  const state = initialState(start, options.temperature, random);
  const thermostat =
    options.damping === undefined ? undefined : { kelvin: options.temperature, dampingPs: options.damping, random };
  const md = new VelocityVerlet(state, field, options.timestep, thermostat);
  yield sample(start, md, 0);
  for (let step = 1; step <= options.steps; step++) {
    md.step();
    if (step % options.every === 0 || step === options.steps) yield sample(start, md, step);
  }
}

function initialState(start: Frame, kelvin: number, random: () => number): MdState {
  const unknown = start.numbers.indexOf(0);
  if (unknown !== -1)
    throw new MissingDataError(`atom ${unknown + 1} has no element`, 'molecular dynamics needs one; give --type-map');
  const state: MdState = {
    positions: Float64Array.from(start.positions),
    velocities: start.velocities ? Float64Array.from(start.velocities) : new Float64Array(3 * start.natoms),
    masses: start.masses ? Float64Array.from(start.masses) : Float64Array.from(start.numbers, massOf),
  };
  if (!start.velocities) drawVelocities(state, kelvin, random);
  return state;
}

function sample(start: Frame, md: VelocityVerlet, step: number): MdSample {
  const { state } = md;
  const frame: Frame = {
    natoms: start.natoms,
    cell: start.cell,
    pbc: start.pbc,
    numbers: start.numbers,
    positions: Float64Array.from(state.positions),
    velocities: Float64Array.from(state.velocities),
    masses: state.masses,
    labels: { energy: md.energy, forces: Float64Array.from(md.forces), virial: Float64Array.from(md.virial) },
    arrays: start.arrays,
    info: { timestep: step },
  };
  return {
    step,
    time: step * md.dt,
    temperature: temperature(state),
    potentialEnergy: md.energy,
    totalEnergy: md.energy + kineticEnergy(state),
    ...(start.cell && { pressure: pressureTensor(state, md.virial, volume(start.cell)) }),
    frame,
  };
}

/** (Σ m v⊗v + virial) / V in bar. */
function pressureTensor({ velocities, masses }: MdState, virial: Float64Array, cellVolume: number): number[] {
  const total = Float64Array.from(virial);
  for (let i = 0; i < masses.length; i++)
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++)
        total[3 * a + b] += masses[i] * AMU_A2_PS2 * velocities[3 * i + a] * velocities[3 * i + b];
  return toVoigt(total, 'lammps').map((w) => w / cellVolume / BAR);
}
