import { volume } from '../core/cell.ts';
import { massOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { toVoigt } from '../core/tensor.ts';
import { AMU_A2_PS2, BAR } from '../core/units.ts';

/** What the potential itself gives for a frame: eV, eV/Å (n,3), eV (3,3). */
export interface Reference {
  readonly energy: number;
  readonly forces: Float64Array;
  readonly virial: Float64Array;
}

/** One thermo row of the run in LAMMPS metal units, by column name (`PotEng`, `Pxx` …). */
export type ThermoRow = Readonly<Record<string, number>>;

/** Differences between a run and the potential evaluated directly, one row per frame. */
export interface FrameCheck {
  readonly step: number;
  readonly natoms: number;
  /** |ΔE| / |E|; undefined where the log has no row of this step. */
  readonly energyRelative?: number;
  /** max |ΔF| / max |F|; undefined where the dump has no forces. */
  readonly forceRelative?: number;
  /** max |ΔP| over the six components / max |P|; needs velocities in the dump and Pxx … Pyz in the log. */
  readonly pressureRelative?: number;
}

const PRESSURE_COLUMNS = ['Pxx', 'Pyy', 'Pzz', 'Pxy', 'Pxz', 'Pyz'];

/** Six components xx yy zz xy xz yz in bar: (Σ m v⊗v + virial) / V. */
function pressureBar(frame: Frame, virial: Float64Array): number[] | undefined {
  const { cell, velocities, masses, numbers, natoms } = frame;
  if (!cell || !velocities) return undefined;
  const total = Float64Array.from(virial);
  for (let i = 0; i < natoms; i++) {
    const m = (masses?.[i] ?? massOf(numbers[i])) * AMU_A2_PS2;
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) total[3 * a + b] += m * velocities[3 * i + a] * velocities[3 * i + b];
  }
  return toVoigt(total, 'lammps').map((w) => w / volume(cell) / BAR);
}

/** max |a − b| / max |b|; 0/0 is 0. */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let k = 0; k < b.length; k++) {
    difference = Math.max(difference, Math.abs(a[k] - b[k]));
    scale = Math.max(scale, Math.abs(b[k]));
  }
  return difference === 0 ? 0 : difference / scale;
}

/**
 * Evaluates every dumped frame again and compares with what the run printed. Frames without a step number are refused:
 * they cannot be matched with the log.
 */
export async function* verifyRun(
  frames: AsyncIterable<Frame>,
  thermo: ReadonlyMap<number, ThermoRow>,
  evaluate: (frame: Frame) => Promise<Reference>,
): AsyncGenerator<FrameCheck, void> {
  for await (const frame of frames) {
    const step = Number(frame.info['timestep']);
    if (!Number.isFinite(step)) throw new MissingDataError('the frame has no timestep', 'verify needs a LAMMPS dump');
    const wanted = await evaluate(frame);
    const row = thermo.get(step);
    const pressure = pressureBar(frame, wanted.virial);
    const printed = row && PRESSURE_COLUMNS.map((name) => row[name]);
    yield {
      step,
      natoms: frame.natoms,
      ...(row?.['PotEng'] === undefined ? {} : { energyRelative: relative([row['PotEng']], [wanted.energy]) }),
      ...(frame.labels?.forces ? { forceRelative: relative(frame.labels.forces, wanted.forces) } : {}),
      ...(pressure && printed?.every(Number.isFinite) ? { pressureRelative: relative(printed, pressure) } : {}),
    };
  }
}
