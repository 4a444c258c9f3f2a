import { MissingDataError } from '../../core/errors.ts';
import {
  alignedHistogram,
  type Bins,
  binOf,
  correlationMap,
  type Histogram,
  type Histogram2d,
  histogram,
} from './histogram.ts';
import { fitPeaks, type PeakFit } from './peaks.ts';
import { fanoFactor, lastDownwardCrossing, plateauLength, type Trace, withSeriesResistance } from './trace.ts';
import { resistanceInG0, type ShownUnit } from './units.ts';

export interface AnalysisSettings {
  readonly unit: ShownUnit;
  readonly linear: Bins;
  /** Conductance (G0) of whose last downward crossing the displacement is zero. */
  readonly zero: number;
  /** Window of the plateau lengths, G0. */
  readonly plateau: { readonly high: number; readonly low: number };
  /** Traces that never fall below this (G0) are left out. */
  readonly mustFallBelow?: number;
  /** Å of displacement at the start of each trace that are left out. */
  readonly skip: number;
  /** kΩ in series with every contact. */
  readonly seriesResistance: number;
  readonly seed: number;
}

export interface Analysis {
  readonly settings: AnalysisSettings;
  readonly traces: readonly Trace[];
  /** Left out by `mustFallBelow`. */
  readonly unbroken: readonly string[];
  readonly linear: Histogram;
  /** Gaussians fitted to the linear histogram. */
  readonly peaks: PeakFit;
  /** log10 of G/G0. */
  readonly log: Histogram;
  readonly aligned: Histogram2d;
  /** Å, of the traces that have the plateau. */
  readonly plateaus: readonly { readonly trace: string; readonly length: number }[];
  readonly plateauHistogram: Histogram;
  readonly channels?: ChannelMeans;
  /** Correlation of counts over traces, bins of G/G0. */
  readonly correlation: { readonly bins: Bins; readonly values: Float64Array };
}

/** Mean eigenchannels and Fano factor in bins of conductance; NaN in empty bins. */
interface ChannelMeans {
  readonly bins: Bins;
  readonly frames: Float64Array;
  /** One array over the bins for each channel. */
  readonly means: readonly Float64Array[];
  readonly fano: Float64Array;
}

/** 100 bins per decade. */
const LOG_BINS: Bins = { low: -6, high: 1.5, count: 750 };
/** Å and log10 G; wires are pulled by several nm. */
const ALIGNED_X: Bins = { low: -30, high: 15, count: 500 };
const ALIGNED_Y: Bins = { low: -7, high: 1.5, count: 800 };
/** Å. */
const PLATEAU_BINS: Bins = { low: 0, high: 15, count: 100 };
const CHANNEL_BINS: Bins = { low: 0, high: 12, count: 48 };
const CORRELATION_BINS: Bins = { low: 0, high: 12, count: 60 };
const CHANNELS = 8;

/** All histograms of traces. Throws MissingDataError when the filters leave none. */
export function analyse(given: readonly Trace[], settings: AnalysisSettings): Analysis {
  const prepared = given.map((trace) => prepare(trace, settings));
  const limit = settings.mustFallBelow;
  const isBroken = (trace: Trace) => limit === undefined || trace.conductance.some((g) => g < limit);
  const traces = prepared.filter(isBroken);
  if (traces.length === 0) throw new MissingDataError('no trace is left', 'see --must-fall-below and --skip');
  const { unit, linear, zero, plateau, seed } = settings;
  const plateaus = traces.flatMap((trace) => {
    const length = plateauLength(trace, plateau.high, plateau.low);
    return length === undefined ? [] : [{ trace: trace.name, length }];
  });
  const lengthOf = new Map(plateaus.map((p) => [p.trace, p.length]));
  const channels = channelMeans(traces);
  const linearHistogram = histogram(traces, linear, (trace) => shown(trace, unit), { seed });
  return {
    settings,
    traces,
    unbroken: prepared.filter((trace) => !isBroken(trace)).map((trace) => trace.name),
    linear: linearHistogram,
    peaks: fitPeaks(linearHistogram),
    log: histogram(traces, LOG_BINS, (trace) => trace.conductance.map(Math.log10), { seed }),
    aligned: alignedHistogram(traces, { x: ALIGNED_X, y: ALIGNED_Y }, (trace) => lastDownwardCrossing(trace, zero)),
    plateaus,
    plateauHistogram: histogram(
      traces,
      PLATEAU_BINS,
      ({ name }) => (lengthOf.has(name) ? [lengthOf.get(name) as number] : []),
      { seed },
    ),
    ...(channels && { channels }),
    correlation: { bins: CORRELATION_BINS, values: correlationMap(traces, CORRELATION_BINS) },
  };
}

function prepare(trace: Trace, { skip, seriesResistance }: AnalysisSettings): Trace {
  const start = skip > 0 ? trace.displacement[0] + skip : Number.NEGATIVE_INFINITY;
  const kept = (_: unknown, k: number) => trace.displacement[k] >= start;
  const extra = resistanceInG0(seriesResistance);
  const conductance = trace.conductance.filter(kept);
  return {
    name: trace.name,
    displacement: trace.displacement.filter(kept),
    conductance: extra > 0 ? conductance.map((g) => withSeriesResistance(g, extra)) : conductance,
    ...(trace.channels && { channels: trace.channels.filter(kept) }),
  };
}

function* shown(trace: Trace, unit: ShownUnit): Generator<number> {
  for (const g of trace.conductance) {
    const value = unit.of(g);
    if (value !== undefined) yield value;
  }
}

function channelMeans(traces: readonly Trace[]): ChannelMeans | undefined {
  const known = traces.filter((trace) => trace.channels);
  if (known.length === 0) return undefined;
  const bins = CHANNEL_BINS;
  const frames = new Float64Array(bins.count);
  const fano = new Float64Array(bins.count);
  const means = Array.from({ length: CHANNELS }, () => new Float64Array(bins.count));
  for (const { conductance, channels } of known)
    channels?.forEach((list, k) => {
      const bin = binOf(bins, conductance[k]);
      if (bin < 0 || bin >= bins.count) return;
      frames[bin]++;
      fano[bin] += fanoFactor(list) ?? 0;
      means.forEach((mean, n) => {
        mean[bin] += list[n] ?? 0;
      });
    });
  const divide = (sums: Float64Array) => sums.map((sum, k) => (frames[k] > 0 ? sum / frames[k] : Number.NaN));
  return { bins, frames, means: means.map(divide), fano: divide(fano) };
}
