import { UsageError } from '../../core/errors.ts';
import type { InfoValue } from '../../core/frame.ts';
import { CONDUCTANCE_QUANTUM } from '../../core/units.ts';

/** Units of conductances outside, as factors that give G0. */
const UNITS: Readonly<Record<string, number>> = {
  g0: 1,
  us: 1e-6 / CONDUCTANCE_QUANTUM,
  µs: 1e-6 / CONDUCTANCE_QUANTUM,
  s: 1 / CONDUCTANCE_QUANTUM,
};

/** Factor to G0 of `G0`, `uS`, `µS` or `S`. Throws UsageError. */
export function unitFactor(unit: string): number {
  const factor = UNITS[unit.trim().toLowerCase().replace('μ', 'µ')];
  if (factor !== undefined) return factor;
  throw new UsageError(`conductance unit "${unit}" is not known: G0, uS, S`);
}

/** Keys under which frames keep a conductance, first the more certain ones; in G0 unless the name says another unit. */
const KEYS = ['conductance', 'conductance_jellium', 'conductance_tb', 'transmission', 'conductance_uS', 'G'] as const;

/** Why a value is no conductance; undefined where it is one. */
export function flawOf(value: number): string | undefined {
  if (!Number.isFinite(value)) return `conductance ${value} is not a number`;
  return value < 0 ? `conductance ${value} is negative` : undefined;
}

/**
 * Conductance of a frame in G0, from the given key or the first known one; undefined where there is none. Throws RangeError for a
 * value that is no conductance.
 */
export function conductanceOf(info: Readonly<Record<string, InfoValue>>, key?: string): number | undefined {
  const name = key ?? KEYS.find((known) => info[known] !== undefined);
  const value = name === undefined ? undefined : info[name];
  if (name === undefined || value === undefined) return undefined;
  const number = typeof value === 'number' ? value : Number.NaN;
  const flaw = flawOf(number);
  if (flaw) throw new RangeError(`${name}: ${flaw}`);
  return number * (/_uS$/.test(name) ? unitFactor('uS') : 1);
}

/** Eigenchannels that belong to a conductance key; undefined where the frame has none. */
export function channelsOf(info: Readonly<Record<string, InfoValue>>, key?: string): readonly number[] | undefined {
  const named = key?.startsWith('conductance_') ? `channels_${key.slice('conductance_'.length)}` : undefined;
  const value = info[named ?? 'channels'] ?? (key === undefined ? info['channels_jellium'] : undefined);
  const list = Array.isArray(value) ? value : typeof value === 'number' ? [value] : undefined;
  return list?.every((t) => typeof t === 'number') ? (list as readonly number[]) : undefined;
}
