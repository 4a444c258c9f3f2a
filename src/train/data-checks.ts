import { createHash } from 'node:crypto';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { LabelledFrame } from './labelled-frames.ts';

/** Structures whose value is further from the median than so many median deviations (scaled to σ of a normal distribution) stand out. */
const OUTLIER = 15;
const SIGMA = 1.4826;
/** Fewer structures say nothing about what is usual. */
const LEAST = 20;
/** Outliers named one by one; more are only counted. */
const NAMED = 5;

/**
 * Reports structures that occur more than once (same element, cell and positions to the last digit; they could stand on both sides of
 * a split) and those whose energy per atom or largest force stands out from the others of the same composition. Nothing is left out.
 */
export function checkData(frames: readonly LabelledFrame[], sink: DiagnosticSink): void {
  reportDuplicates(frames, sink);
  for (const alike of byComposition(frames)) {
    reportOutliers(alike, 'energy per atom (eV)', ({ energy, frame }) => energy / frame.natoms, sink);
    reportOutliers(alike, 'largest force component (eV/A)', ({ forces }) => largest(forces), sink);
  }
}

function reportDuplicates(frames: readonly LabelledFrame[], sink: DiagnosticSink): void {
  const seen = new Map<string, LabelledFrame>();
  let count = 0;
  let example: { first: LabelledFrame; again: LabelledFrame } | undefined;
  for (const labelled of frames) {
    const key = fingerprint(labelled);
    const first = seen.get(key);
    if (!first) {
      seen.set(key, labelled);
      continue;
    }
    count++;
    example ??= { first, again: labelled };
  }
  if (!example) return;
  const message = `${count} of ${frames.length} structures are repetitions; the first repeats frame ${example.first.origin.frame}`;
  sink({ severity: 'warning', code: 'duplicate', message, at: example.again.origin });
}

function fingerprint({ frame: { numbers, cell, positions } }: LabelledFrame): string {
  const hash = createHash('sha1').update(numbers);
  for (const values of [cell, positions])
    if (values) hash.update(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('base64');
}

function byComposition(frames: readonly LabelledFrame[]): LabelledFrame[][] {
  const found = new Map<string, LabelledFrame[]>();
  for (const labelled of frames) {
    const { numbers } = labelled.frame;
    const counts = new Map<number, number>();
    for (const z of numbers) counts.set(z, (counts.get(z) ?? 0) + 1);
    const key = [...counts]
      .map(([z, n]) => `${z}:${(n / numbers.length).toFixed(3)}`)
      .sort()
      .join(' ');
    const alike = found.get(key);
    if (alike) alike.push(labelled);
    else found.set(key, [labelled]);
  }
  return [...found.values()];
}

function reportOutliers(
  frames: readonly LabelledFrame[],
  what: string,
  measure: (labelled: LabelledFrame) => number,
  sink: DiagnosticSink,
): void {
  const all = frames.map(measure);
  const values = all.filter((value) => !Number.isNaN(value));
  if (values.length < LEAST) return;
  const center = median(values);
  const width = SIGMA * median(values.map((value) => Math.abs(value - center)));
  if (width === 0) return;
  const outliers = frames.filter((_, k) => Math.abs(all[k] - center) > OUTLIER * width);
  for (const labelled of outliers.slice(0, NAMED))
    sink({
      severity: 'warning',
      code: 'outlier',
      message: `${what} ${measure(labelled).toPrecision(5)} stands out: the median is ${center.toPrecision(5)}, usual deviations ${width.toPrecision(2)}`,
      at: labelled.origin,
    });
  if (outliers.length > NAMED)
    sink({ severity: 'warning', code: 'outlier', message: `${what}: ${outliers.length - NAMED} more stand out` });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** NaN when no component is labelled. */
function largest(forces: Float64Array): number {
  let max = Number.NaN;
  for (const f of forces) if (Math.abs(f) > max || (Number.isNaN(max) && !Number.isNaN(f))) max = Math.abs(f);
  return max;
}
