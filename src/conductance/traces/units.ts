import { CONDUCTANCE_QUANTUM } from '../../core/units.ts';
import type { Bins } from './histogram.ts';

/** A unit in which conductances (or, for kOhm, resistances) are shown. */
export interface ShownUnit {
  /** Axis name. */
  readonly name: string;
  /** From G0; undefined where there is no value (the resistance of an open circuit). */
  of(conductance: number): number | undefined;
  /** Default range and bins of the linear histogram. */
  readonly linear: Bins;
}

const G0_KILOOHM = 1e-3 / CONDUCTANCE_QUANTUM;

/** G0, µS, or kΩ. */
export const SHOWN_UNITS = {
  G0: { name: 'G / G0', of: (g) => g, linear: { low: 0, high: 10, count: 200 } },
  uS: { name: 'G / µS', of: (g) => g * CONDUCTANCE_QUANTUM * 1e6, linear: { low: 0, high: 800, count: 200 } },
  kOhm: {
    name: 'R / kΩ',
    of: (g) => (g > 0 ? G0_KILOOHM / g : undefined),
    linear: { low: 0, high: 40, count: 200 },
  },
} as const satisfies Record<string, ShownUnit>;

/** A series resistance in kΩ as multiples of 1/G0. */
export function resistanceInG0(kiloohm: number): number {
  return kiloohm / G0_KILOOHM;
}
