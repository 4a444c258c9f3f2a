import * as echarts from 'echarts';

/** One line or cloud of points: x and y in the units that the axes name. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Points instead of a line, for parity plots. */
  readonly scatter?: boolean;
  /** Bars, for histograms: x is the middle of each. */
  readonly bars?: boolean;
  /** A step at each point, for histograms of many bins. */
  readonly step?: boolean;
  /** A thin broken line, for error bounds. */
  readonly faint?: boolean;
}

/** A map of filled rectangles: centers, sizes in the units of the axes, values that the colors stand for. */
interface Cells {
  readonly width: number;
  readonly height: number;
  readonly values: readonly (readonly [x: number, y: number, value: number])[];
}

export interface Chart {
  readonly title: string;
  /** Axis names with units, for example `time / ps`. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  readonly logY?: boolean;
  readonly cells?: Cells;
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
      sampling: s.scatter || s.bars || s.step ? undefined : 'lttb',
      ...(s.step && { step: 'middle' as const }),
      ...(s.faint && { lineStyle: { width: 0.8, type: 'dashed' as const, opacity: 0.6 } }),
    })),
  });
  if (chart.cells) addCells(canvas, chart.cells);
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  return svg;
}

function addCells(canvas: echarts.ECharts, { width, height, values }: Cells): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const [, , value] of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const colors = ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'];
  canvas.setOption({
    visualMap: { show: true, min: low, max: high, dimension: 2, right: 0, top: 56, inRange: { color: colors } },
    grid: { right: 90 },
    series: [
      {
        type: 'custom',
        encode: { x: 0, y: 1 },
        data: values as unknown as number[][],
        renderItem: (_: unknown, api: echarts.CustomSeriesRenderItemAPI) => {
          const [x, y] = [api.value(0) as number, api.value(1) as number];
          const [x0, y0] = api.coord([x - width / 2, y + height / 2]);
          const [x1, y1] = api.coord([x + width / 2, y - height / 2]);
          const shape = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
          return { type: 'rect' as const, shape, style: { fill: api.visual('color') as string } };
        },
      },
    ],
  });
}
