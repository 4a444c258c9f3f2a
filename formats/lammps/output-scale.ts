import { UsageError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { LAMMPS_UNITS } from '../../src/core/units.ts';
import type { WriteOptions } from '../format.ts';
import { isUnitStyle } from './unit-style.ts';

/** What internal values are divided by to be written in a unit style. */
export interface OutputScale {
  readonly style: string;
  readonly length: number;
  readonly velocity: number;
  readonly force: number;
  readonly mass: number;
  readonly charge: number;
  readonly time: number;
}

const ONE = { length: 1, velocity: 1, force: 1, mass: 1, charge: 1, time: 1 };

/**
 * The unit style to write a frame in: as asked for, else metal. Frames in lj units stay in them, and only they can be written
 * as lj. Throws UsageError.
 */
export function outputScale(frame: Frame, options: WriteOptions): OutputScale {
  const isReduced = frame.info['units'] === 'lj';
  const style = options.lammpsUnits ?? (isReduced ? 'lj' : 'metal');
  if (!isUnitStyle(style)) throw new UsageError(`unknown LAMMPS unit style "${style}"`);
  if (isReduced !== (style === 'lj'))
    throw new UsageError(
      isReduced
        ? `a frame in lj (reduced) units cannot be written in ${style} units`
        : 'numbers in Å and eV cannot be written in lj units; choose another unit style',
    );
  if (isReduced) return { style, ...ONE };
  const { length, velocity, energy, mass, charge, time } = LAMMPS_UNITS[style];
  return { style, length, velocity, force: energy / length, mass, charge, time };
}
