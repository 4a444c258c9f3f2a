import type { Chart, Series } from '../../report/chart.ts';
import { reportPage, type Section } from '../../report/page.ts';
import type { Analysis } from './analysis.ts';
import { type Bins, centerOf, type Histogram, type Histogram2d, widthOf } from './histogram.ts';

/** One HTML page of all histograms, after sections that say where the traces come from. */
export function analysisPage(analysis: Analysis, before: readonly Section[] = []): string {
  return reportPage('Conductance of nanowires', [...before, ...analysisSections(analysis)]);
}

export function analysisSections(analysis: Analysis): Section[] {
  return [
    summary(analysis),
    linearSection(analysis),
    histogramSection('Logarithmic histogram', 'log10(G / G0)', analysis.log, 5),
    alignedSection(analysis),
    plateauSection(analysis),
    ...channelSection(analysis),
    ...correlationSection(analysis),
    traceSection(analysis),
  ];
}

function summary({ traces, unbroken, linear, log, aligned, plateaus, settings }: Analysis): Section {
  const points = traces.reduce((sum, trace) => sum + trace.conductance.length, 0);
  return {
    title: 'Traces',
    ...(unbroken.length > 0 && { text: `Left out because they never fall far enough: ${unbroken.join(', ')}.` }),
    table: {
      head: ['quantity', 'value'],
      rows: [
        ['traces', traces.length],
        ['traces left out', unbroken.length],
        ['points', points],
        ['points beyond the linear histogram', linear.underflow + linear.overflow],
        ['points below / above the logarithmic histogram', `${log.underflow} / ${log.overflow}`],
        [`traces without a crossing of ${settings.zero} G0 (not aligned)`, aligned.excluded],
        ['traces with a last plateau', plateaus.length],
      ],
    },
  };
}

function linearSection({ linear, peaks: { peaks, curve }, settings }: Analysis): Section {
  const section = histogramSection('Linear histogram', settings.unit.name, linear);
  if (peaks.length === 0) return section;
  const points = Array.from(curve, (y, k): [number, number] => [centerOf(linear.bins, k), y]).filter(
    ([, y]) => !Number.isNaN(y),
  );
  const [chart] = section.charts as readonly Chart[];
  return {
    ...section,
    charts: [{ ...chart, series: [...chart.series, { name: 'sum of Gaussians', points }] }],
    table: {
      head: [`peak at ${settings.unit.name}`, 'width (standard deviation)', 'area (counts per trace)'],
      rows: peaks.map(({ position, width, area }) => [position, width, area].map((v) => v.toFixed(3))),
    },
  };
}

/** Counts per trace and unit with bootstrap errors; `merge` bins are drawn as one. */
function histogramSection(title: string, x: string, h: Histogram, merge = 1): Section {
  const scale = 1 / (h.traces * widthOf(h.bins) * merge);
  const points = (values: (k: number) => number): [number, number][] => {
    const out: [number, number][] = [];
    for (let k = 0; k + merge <= h.bins.count; k += merge) {
      const middle = (centerOf(h.bins, k) + centerOf(h.bins, k + merge - 1)) / 2;
      out.push([middle, scale * values(k)]);
    }
    return out;
  };
  const sum = (k: number) => h.counts.subarray(k, k + merge).reduce((a, b) => a + b, 0);
  // Errors of merged bins are added as if the bins of a trace moved together: an upper bound.
  const error = (k: number) => h.errors.subarray(k, k + merge).reduce((a, b) => a + b, 0);
  const series: Series[] = [
    { name: 'density', points: points(sum), step: true },
    { name: '+ error', points: points((k) => sum(k) + error(k)), step: true, faint: true },
    { name: '- error', points: points((k) => Math.max(0, sum(k) - error(k))), step: true, faint: true },
  ];
  return {
    title,
    text: `Counts per trace and unit of the axis; bins of ${(widthOf(h.bins) * merge).toPrecision(3)}; errors by bootstrap over ${h.traces} traces.`,
    charts: [{ title, x, y: 'counts / (trace × unit)', series }],
  };
}

/** Bins of the map on the page; the table has all of them. */
const DRAWN = { x: 90, y: 85 } as const;

function alignedSection({ aligned, settings }: Analysis): Section {
  const cells = coarse(aligned);
  const text = `Displacement from the last downward crossing of ${settings.zero} G0; ${aligned.traces} traces, ${aligned.excluded} without a crossing; ${aligned.outside} points outside. Colors: log10 of the counts.`;
  if (cells.values.length === 0) return { title: 'Conductance and displacement', text };
  const chart: Chart = {
    title: 'Conductance and displacement',
    x: 'displacement / nm',
    y: 'log10(G / G0)',
    series: [],
    cells,
  };
  return { title: chart.title, text, charts: [chart] };
}

function coarse({ x, y, counts }: Histogram2d) {
  const sums = new Map<number, number>();
  for (let i = 0; i < x.count; i++)
    for (let j = 0; j < y.count; j++) {
      const value = counts[i * y.count + j];
      if (value === 0) continue;
      const cell = Math.floor((i * DRAWN.x) / x.count) * DRAWN.y + Math.floor((j * DRAWN.y) / y.count);
      sums.set(cell, (sums.get(cell) ?? 0) + value);
    }
  const bx: Bins = { ...x, count: DRAWN.x };
  const by: Bins = { ...y, count: DRAWN.y };
  const values = [...sums].map(([cell, sum]): [number, number, number] => [
    centerOf(bx, Math.floor(cell / DRAWN.y)) / 10,
    centerOf(by, cell % DRAWN.y),
    Math.log10(sum),
  ]);
  return { width: widthOf(bx) / 10, height: widthOf(by), values };
}

function plateauSection({ plateaus, plateauHistogram: h, settings }: Analysis): Section {
  const { high, low } = settings.plateau;
  const lengths = plateaus.map((p) => p.length).sort((a, b) => a - b);
  const mean = lengths.reduce((sum, l) => sum + l, 0) / lengths.length;
  const middle = lengths.length / 2;
  const median = lengths.length % 2 === 1 ? lengths[Math.floor(middle)] : (lengths[middle - 1] + lengths[middle]) / 2;
  const text =
    lengths.length === 0
      ? `No trace crosses ${high} and ${low} G0.`
      : `From the last crossing of ${high} G0 to that of ${low} G0: ${lengths.length} traces, mean ${mean.toFixed(4)} Å, median ${median.toFixed(4)} Å.`;
  const points = Array.from(h.counts, (count, k): [number, number] => [centerOf(h.bins, k) / 10, count]);
  const chart = {
    title: 'Plateau lengths',
    x: 'length / nm',
    y: 'traces',
    series: [{ name: 'traces', points, step: true }],
  };
  return { title: 'Plateau lengths', text, ...(lengths.length > 0 && { charts: [chart] }) };
}

function channelSection({ channels }: Analysis): Section[] {
  if (!channels) return [];
  const { bins, means, fano } = channels;
  const points = (values: Float64Array) =>
    Array.from(values, (value, k): [number, number] => [centerOf(bins, k), value]).filter(([, v]) => !Number.isNaN(v));
  const series = means.map((mean, n) => ({ name: `T${n + 1}`, points: points(mean) }));
  return [
    {
      title: 'Eigenchannels',
      text: 'Mean transmission of each eigenchannel, and mean Fano factor ΣT(1−T)/ΣT, against the conductance.',
      charts: [
        { title: 'Eigenchannels', x: 'G / G0', y: 'mean transmission', series },
        {
          title: 'Fano factor',
          x: 'G / G0',
          y: 'Fano factor',
          series: [{ name: 'Fano factor', points: points(fano) }],
        },
      ],
    },
  ];
}

function correlationSection({ correlation: { bins, values }, traces }: Analysis): Section[] {
  const cells: [number, number, number][] = [];
  values.forEach((value, k) => {
    if (!Number.isNaN(value))
      cells.push([centerOf(bins, k % bins.count), centerOf(bins, Math.floor(k / bins.count)), value]);
  });
  if (cells.length === 0) return [];
  const chart: Chart = {
    title: 'Correlation of conductances',
    x: 'G / G0',
    y: 'G / G0',
    series: [],
    cells: { width: widthOf(bins), height: widthOf(bins), values: cells },
  };
  const text = `How the counts of two bins go together over ${traces.length} traces, from −1 to 1; bins without counts are left out.`;
  return [{ title: chart.title, text, charts: [chart] }];
}

/** Traces that are drawn; more would hide each other. */
const DRAWN_TRACES = 12;

function traceSection({ traces }: Analysis): Section {
  const series = traces.slice(0, DRAWN_TRACES).map(({ name, displacement, conductance }) => ({
    name,
    points: Array.from(displacement, (d, k): [number, number] => [d / 10, conductance[k]]),
  }));
  const chart = { title: 'Traces', x: 'displacement / nm', y: 'G / G0', series };
  const text = traces.length > DRAWN_TRACES ? `The first ${DRAWN_TRACES} of ${traces.length}.` : undefined;
  return { title: 'Conductance traces', ...(text && { text }), charts: [chart] };
}
