import { readBytes } from '../../scan/byte-source.ts';
import { checkLevels, type Levels, levelOf } from './levels.ts';
import { readModelDevi } from './model-devi-file.ts';

/** Bins of the histogram per decade, and columns of its bars. */
const BINS = 5;
const BAR = 50;

/** What a `model_devi.out` comes to. */
export interface DeviationSummary {
  readonly path: string;
  readonly rows: number;
  readonly accurate: number;
  readonly candidate: number;
  readonly failed: number;
  /** eV/Å (units of the file); 0 without rows. */
  readonly largestForce: number;
  /** Steps of the candidates. */
  readonly candidates: readonly number[];
  /** Rows by largest force deviation: bin k holds 10^(k/5) <= value < 10^((k+1)/5). */
  readonly histogram: ReadonlyMap<number, number>;
}

/** Counts the rows of a file by level. Deviations that are no number have failed and are in no bin. Errors as `readModelDevi`. */
export async function summariseDeviations(path: string, levels: Levels): Promise<DeviationSummary> {
  checkLevels(levels);
  const counts = { accurate: 0, candidate: 0, failed: 0 };
  const candidates: number[] = [];
  const histogram = new Map<number, number>();
  let rows = 0;
  let largestForce = 0;
  for await (const { step, deviation } of readModelDevi(readBytes(path), path)) {
    rows++;
    const { decision } = levelOf(deviation, levels, true);
    if (decision !== 'skipped') counts[decision]++;
    if (decision === 'candidate') candidates.push(step);
    const { maxForce } = deviation;
    if (maxForce > largestForce) largestForce = maxForce;
    const bin = Math.floor(BINS * Math.log10(maxForce));
    if (Number.isFinite(bin)) histogram.set(bin, (histogram.get(bin) ?? 0) + 1);
  }
  return { path, rows, ...counts, largestForce, candidates, histogram };
}

/** The counts as a line, the histogram as bars. */
export function deviationText(summary: DeviationSummary): string {
  const { path, rows, accurate, candidate, failed, largestForce, histogram } = summary;
  const head = `${path}: ${rows} rows, ${accurate} accurate, ${candidate} candidate, ${failed} failed; largest ${largestForce.toPrecision(4)} eV/A\n`;
  const bins = [...histogram.keys()].sort((a, b) => a - b);
  if (bins.length === 0) return head;
  const most = Math.max(...histogram.values());
  const lines = ['   max_devi_f (eV/A)      rows'];
  for (let bin = bins[0]; bin <= bins[bins.length - 1]; bin++) {
    const count = histogram.get(bin) ?? 0;
    const edges = [bin, bin + 1].map((k) => (10 ** (k / BINS)).toExponential(2));
    lines.push(
      `${edges.join(' - ').padStart(20)} ${String(count).padStart(9)} ${'#'.repeat(Math.ceil((BAR * count) / most))}`,
    );
  }
  return `${head}${lines.join('\n')}\n`;
}
