import { describe, expect, test } from 'vitest';
import { histogram } from '../../src/conductance/traces/histogram.ts';
import { fitPeaks } from '../../src/conductance/traces/peaks.ts';
import type { Trace } from '../../src/conductance/traces/trace.ts';
import { gaussian, seededRandom } from '../../src/core/random.ts';

const BINS = { low: 0, high: 10, count: 200 };

/** Traces whose conductances are drawn from Gaussians: position, width, values per trace. */
function drawn(peaks: readonly (readonly [number, number, number])[], traces = 60): Trace[] {
  const random = seededRandom(3);
  return Array.from({ length: traces }, (_, n) => {
    const values = peaks.flatMap(([position, width, count]) =>
      Array.from({ length: count }, () => position + width * gaussian(random)),
    );
    const conductance = Float64Array.from(values.filter((g) => g > 0));
    return { name: `t${n}`, displacement: conductance.map((_, k) => k), conductance };
  });
}

const fitted = (traces: readonly Trace[]) => fitPeaks(histogram(traces, BINS, (trace) => trace.conductance));

describe('the fit of peaks', () => {
  test('finds position, width and area of Gaussians', () => {
    const { peaks, curve } = fitted(
      drawn([
        [1, 0.2, 40],
        [3, 0.3, 80],
        [5.5, 0.5, 100],
      ]),
    );
    expect(peaks).toHaveLength(3);
    expect(peaks.map(({ position }) => position)).toEqual([
      expect.closeTo(1, 1),
      expect.closeTo(3, 1),
      expect.closeTo(5.5, 1),
    ]);
    expect(Math.abs(peaks[0].width - 0.2)).toBeLessThan(0.03);
    expect(Math.abs(peaks[1].width - 0.3)).toBeLessThan(0.03);
    expect(Math.abs(peaks[0].area - 40)).toBeLessThan(4);
    expect(Math.abs(peaks[1].area - 80)).toBeLessThan(6);
    expect(curve[60]).toBeGreaterThan(80);
  });

  test('leaves the tail of open contacts at zero out of it', () => {
    const { peaks, curve } = fitted(
      drawn([
        [0, 0.1, 200],
        [1, 0.2, 60],
      ]),
    );
    expect(peaks).toHaveLength(1);
    expect(Math.abs(peaks[0].position - 1)).toBeLessThan(0.05);
    expect(curve[0]).toBeNaN();
  });

  test('without a maximum there is no peak', () => {
    const flat = histogram(drawn([[-9, 0.1, 5]]), BINS, (trace) => trace.conductance);
    expect(fitPeaks(flat).peaks).toEqual([]);
  });

  test('bumps within the errors of the bins are no peaks', () => {
    const random = seededRandom(5);
    const traces = Array.from({ length: 30 }, (_, n) => {
      const conductance = Float64Array.from({ length: 100 }, () => 10 * random());
      return { name: `t${n}`, displacement: conductance.map((_, k) => k), conductance };
    });
    expect(fitted(traces).peaks.length).toBeLessThan(2);
  });
});
