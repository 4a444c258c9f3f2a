import * as echarts from 'echarts';

/** One line or cloud of points: x and y in the units that the axes name. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Points instead of a line, for parity plots. */
  readonly scatter?: boolean;
  /** Bars, for histograms: x is the middle of each. */
  readonly bars?: boolean;
}

export interface Chart {
  readonly title: string;
  /** Axis names with units, for example `time / ps`. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  readonly logY?: boolean;
}

const SIZE = { width: 760, height: 360 };

/** The chart as an SVG text, drawn without a browser. */
export function chartSvg(chart: Chart): string {
  const canvas = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  canvas.setOption({
    animation: false,
    title: { text: chart.title, left: 'center', top: 0, padding: 0, textStyle: { fontSize: 15 } },
    legend: { top: 26, padding: 0, data: chart.series.map((s) => s.name) },
    grid: { left: 90, right: 30, top: 56, bottom: 50 },
    xAxis: { type: 'value', name: chart.x, nameLocation: 'middle', nameGap: 28, scale: true },
    yAxis: { type: chart.logY ? 'log' : 'value', name: chart.y, nameLocation: 'middle', nameGap: 70, scale: true },
    series: chart.series.map((s) => ({
      name: s.name,
      type: s.scatter ? 'scatter' : s.bars ? 'bar' : 'line',
      data: s.points as [number, number][],
      showSymbol: false,
      symbolSize: 4,
      sampling: s.scatter || s.bars ? undefined : 'lttb',
    })),
  });
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  return svg;
}
