import { UsageError } from '../../core/errors.ts';
import { type Random, seededRandom } from '../../core/random.ts';
import type { Orientation } from '../geometry/build-wire.ts';
import type { Lattice } from '../metals.ts';

/** What all pulls of a set have in common, and what they are drawn from. */
export interface PullSettings {
  readonly element: string;
  readonly lattice: Lattice;
  /** Edge of the cubic cell, Å. */
  readonly a: number;
  readonly orientations: readonly Orientation[];
  /** K. */
  readonly temperatures: readonly number[];
  /** m/s. */
  readonly speeds: readonly number[];
  readonly seed: number;
  /** Å. */
  readonly diameter: number;
  /** Between the grips, Å. */
  readonly length: number;
  /** Least length of a grip, Å. */
  readonly grip: number;
  /** Way of the upper grip, Å. */
  readonly elongation: number;
  /** Dumped on that way. */
  readonly frames: number;
  /** ps. */
  readonly timestep: number;
  readonly equilibration: number;
  readonly damp: number;
  /** End each pull shortly after its wire has broken. */
  readonly stop: boolean;
}

/** One pull of a set. */
export interface PullJob {
  /** Of its folder and its dump. */
  readonly name: string;
  readonly orientation: Orientation;
  readonly temperature: number;
  readonly speed: number;
  /** Of the first velocities and of the thermostat. */
  readonly seed: number;
  /** Where the axis passes beside an atom row, Å: changes the cross-section. */
  readonly center: readonly [number, number];
}

/** The largest seed that LAMMPS takes everywhere. */
const MAX_SEED = 900_000_000;

/**
 * The first `count` pulls of a set; a larger count adds pulls and changes none. Every combination of orientation, temperature and
 * speed comes once, in an order drawn anew, before any comes again.
 */
export function planPulls(settings: PullSettings, count: number): PullJob[] {
  const { orientations, temperatures, speeds, seed, a } = settings;
  const combinations = orientations.flatMap((orientation) =>
    temperatures.flatMap((temperature) => speeds.map((speed) => ({ orientation, temperature, speed }))),
  );
  if (combinations.length === 0) throw new UsageError('give at least one orientation, temperature and speed');
  const random = seededRandom(seed);
  const jobs: PullJob[] = [];
  while (jobs.length < count) {
    for (const combination of shuffled(combinations, random)) {
      const center = [0, 1].map(() => (2 * random() - 1) * 0.35 * a) as [number, number];
      const own = 1 + Math.floor(random() * (MAX_SEED - 1));
      if (jobs.length < count) jobs.push({ name: pullName(jobs.length + 1), ...combination, seed: own, center });
    }
  }
  return jobs;
}

function pullName(number: number): string {
  return `pull-${String(number).padStart(4, '0')}`;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let k = out.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [out[k], out[other]] = [out[other], out[k]];
  }
  return out;
}
