/** One opening (or closing) of a contact: conductance against displacement. */
export interface Trace {
  readonly name: string;
  /** Displacement of the grips, Å, in the order of the frames. */
  readonly displacement: Float64Array;
  /** G0. */
  readonly conductance: Float64Array;
  /** Eigenchannels of each frame, descending, where they are known. */
  readonly channels?: readonly (readonly number[])[];
}

/** Smallest conductance whose logarithm is taken, G0. */
const FLOOR = 1e-10;

/**
 * Displacement (Å) of the last downward crossing of `level` G0, by linear interpolation in log10 G between frames; undefined where
 * the trace does not cross.
 */
export function lastDownwardCrossing({ displacement, conductance }: Trace, level: number): number | undefined {
  const log = (k: number) => Math.log10(Math.max(FLOOR, conductance[k]));
  const target = Math.log10(level);
  for (let k = conductance.length - 2; k >= 0; k--) {
    if (!(log(k) >= target && log(k + 1) < target)) continue;
    const part = (log(k) - target) / (log(k) - log(k + 1));
    return displacement[k] + part * (displacement[k + 1] - displacement[k]);
  }
  return undefined;
}

/** Distance (Å) between the last downward crossings of `high` and `low` G0; undefined where one is missing. */
export function plateauLength(trace: Trace, high: number, low: number): number | undefined {
  const from = lastDownwardCrossing(trace, high);
  const to = lastDownwardCrossing(trace, low);
  return from === undefined || to === undefined ? undefined : to - from;
}

/** Conductance of a contact with a resistance of `ohmInG0` = R·G0 in series. */
export function withSeriesResistance(conductance: number, ohmInG0: number): number {
  return conductance / (1 + conductance * ohmInG0);
}

/** Σ T(1−T) / Σ T of eigenchannels; undefined without transmission. */
export function fanoFactor(channels: readonly number[]): number | undefined {
  let total = 0;
  let noise = 0;
  for (const t of channels) {
    total += t;
    noise += t * (1 - t);
  }
  return total > 0 ? noise / total : undefined;
}
