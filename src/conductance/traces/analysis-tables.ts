import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBytes } from '../../scan/byte-sink.ts';
import type { Analysis } from './analysis.ts';
import { centerOf, type Histogram, widthOf } from './histogram.ts';
import { lastDownwardCrossing } from './trace.ts';

/** Writes every histogram as a CSV file into a folder, and the aligned traces as text (distance, tab, log10 G); returns their names. */
export async function writeTables(analysis: Analysis, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const tables: Record<string, Iterable<string>> = {
    'linear.csv': histogramRows(analysis.linear, analysis.settings.unit.name),
    'log.csv': histogramRows(analysis.log, 'log10(G/G0)'),
    'conductance-displacement.csv': alignedRows(analysis),
    'plateaus.csv': plateauRows(analysis),
    'plateau-lengths.csv': histogramRows(analysis.plateauHistogram, 'length_A'),
    'correlation.csv': correlationRows(analysis),
    'peaks.csv': peakRows(analysis),
    'aligned-traces.txt': alignedTraces(analysis),
    'log-histogram.txt': logText(analysis.log),
    'plateau-lengths.txt': plateauText(analysis),
    ...(analysis.channels && { 'channels.csv': channelRows(analysis) }),
  };
  for (const [name, rows] of Object.entries(tables)) await writeBytes(join(folder, name), pieces(rows));
  return Object.keys(tables);
}

async function* pieces(rows: Iterable<string>): AsyncGenerator<string, void> {
  yield* rows;
}

function* histogramRows(h: Histogram, value: string): Generator<string> {
  yield `# traces ${h.traces}, below the range ${h.underflow}, above it ${h.overflow}; density = counts / (traces * bin width)\n`;
  yield `${value.replaceAll(' ', '')},counts,counts_per_trace,density,bootstrap_error\n`;
  for (let k = 0; k < h.bins.count; k++) {
    const perTrace = h.counts[k] / h.traces;
    yield `${rounded(centerOf(h.bins, k))},${h.counts[k]},${rounded(perTrace)},${rounded(perTrace / widthOf(h.bins))},${rounded(h.errors[k])}\n`;
  }
}

function* peakRows({ peaks: { peaks }, settings }: Analysis): Generator<string> {
  yield '# Gaussians fitted to linear.csv: position and width (standard deviation) in its unit, area in counts per trace\n';
  yield `${settings.unit.name.replaceAll(' ', '')},width,area\n`;
  for (const { position, width, area } of peaks) yield `${[position, width, area].map(rounded).join(',')}\n`;
}

/** As break-junction programs export it: log10 of G/G0, tab, counts per trace. */
function* logText({ bins, counts, traces }: Histogram): Generator<string> {
  for (let k = 0; k < bins.count; k++) yield `${rounded(centerOf(bins, k))}\t${rounded(counts[k] / traces)}\n`;
}

/** As break-junction programs export them: the length of the last plateau (nm) of each trace that has one. */
function* plateauText({ plateaus }: Analysis): Generator<string> {
  for (const { length } of plateaus) yield `${rounded(length / 10)}\n`;
}

/** Bins without counts are left out. */
function* alignedRows({ aligned: { x, y, counts, traces, excluded, outside } }: Analysis): Generator<string> {
  yield `# traces ${traces}, without a zero ${excluded}, points outside ${outside}; bins without counts are left out\n`;
  yield 'displacement_A,log10(G/G0),counts\n';
  for (let i = 0; i < x.count; i++)
    for (let j = 0; j < y.count; j++) {
      const value = counts[i * y.count + j];
      if (value > 0) yield `${rounded(centerOf(x, i))},${rounded(centerOf(y, j))},${value}\n`;
    }
}

function* plateauRows({ traces, plateaus, settings }: Analysis): Generator<string> {
  const { high, low } = settings.plateau;
  const lengths = new Map(plateaus.map((p) => [p.trace, p.length]));
  yield `trajectory,zero_A,last_crossing_${high}_A,last_crossing_${low}_A,plateau_A\n`;
  for (const trace of traces) {
    const cells = [settings.zero, high, low].map((level) => lastDownwardCrossing(trace, level));
    yield `${[trace.name, ...cells, lengths.get(trace.name)].map((v) => (typeof v === 'number' ? rounded(v) : (v ?? ''))).join(',')}\n`;
  }
}

function* channelRows({ channels }: Analysis): Generator<string> {
  if (!channels) return;
  const { bins, frames, means, fano } = channels;
  yield `G,frames,${means.map((_, n) => `T${n + 1}`).join(',')},fano\n`;
  for (let k = 0; k < bins.count; k++) {
    if (frames[k] === 0) continue;
    yield `${rounded(centerOf(bins, k))},${frames[k]},${[...means, fano].map((m) => rounded(m[k])).join(',')}\n`;
  }
}

function* correlationRows({ correlation: { bins, values } }: Analysis): Generator<string> {
  yield 'G1,G2,correlation\n';
  for (let i = 0; i < bins.count; i++)
    for (let j = 0; j < bins.count; j++) {
      const value = values[i * bins.count + j];
      if (!Number.isNaN(value)) yield `${rounded(centerOf(bins, i))},${rounded(centerOf(bins, j))},${rounded(value)}\n`;
    }
}

/** As break-junction programs export traces: distance (nm), tab, log10 of G/G0; a blank line between traces. */
function* alignedTraces({ traces, settings }: Analysis): Generator<string> {
  for (const trace of traces) {
    const zero = lastDownwardCrossing(trace, settings.zero);
    if (zero === undefined) continue;
    for (let k = 0; k < trace.conductance.length; k++)
      if (trace.conductance[k] > 0)
        yield `${rounded((trace.displacement[k] - zero) / 10)}\t${rounded(Math.log10(trace.conductance[k]))}\n`;
    yield '\n';
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(8)));
}
