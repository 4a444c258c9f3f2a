/**
 * What became of the frames: `labelled` and stored; `repeated`: its structure is in the store already (a run that was started
 * again, or work done again after a crash); not wanted: `accurate`, `skipped`; `untrusted`: the committee disagrees too much to
 * trust the structure; `failed`: the labeller could not label it.
 */
export const OUTCOMES = ['labelled', 'repeated', 'accurate', 'skipped', 'untrusted', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Frames by outcome, by reason, and by disagreement. */
export interface Outcomes {
  readonly counts: Record<Outcome, number>;
  /** Reasons with their figures taken out. */
  readonly reasons: Record<string, number>;
  /** Frames by bin of `disagreementBin`. */
  readonly disagreement: Record<string, number>;
}

/** Different reasons that are counted; further ones are `other reasons`. */
const REASONS = 100;
/** Bins of the histogram per decade. */
const BINS = 5;

export function emptyOutcomes(): Outcomes {
  return {
    counts: { labelled: 0, repeated: 0, accurate: 0, skipped: 0, untrusted: 0, failed: 0 },
    reasons: {},
    disagreement: {},
  };
}

/** Frames of all outcomes. */
export function framesSeen({ counts }: Outcomes): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

export function addOutcomes(to: Outcomes, more: Partial<Outcomes>): void {
  for (const outcome of OUTCOMES) to.counts[outcome] += more.counts?.[outcome] ?? 0;
  for (const [reason, frames] of Object.entries(more.reasons ?? {})) {
    const known = Object.hasOwn(to.reasons, reason) || Object.keys(to.reasons).length < REASONS;
    const key = known ? reason : 'other reasons';
    to.reasons[key] = (to.reasons[key] ?? 0) + frames;
  }
  for (const [bin, frames] of Object.entries(more.disagreement ?? {}))
    to.disagreement[bin] = (to.disagreement[bin] ?? 0) + frames;
}

/** Of one frame. */
export function oneOutcome(outcome: Outcome, reason?: string, disagreement?: number): Outcomes {
  const one = emptyOutcomes();
  one.counts[outcome] = 1;
  if (reason !== undefined) one.reasons[`${outcome}: ${withoutFigures(reason)}`] = 1;
  if (disagreement !== undefined) one.disagreement[disagreementBin(disagreement)] = 1;
  return one;
}

/** What a line of a journal says; figures that are none count as 0. */
export function outcomesOf(value: object): Outcomes {
  const { counts, reasons, disagreement } = value as Record<string, unknown>;
  const figures = (record: unknown) =>
    Object.entries(typeof record === 'object' && record !== null ? record : {}).filter(([, n]) =>
      Number.isSafeInteger(n),
    );
  const read = emptyOutcomes();
  for (const [name, frames] of figures(counts)) if (name in read.counts) read.counts[name as Outcome] = frames;
  for (const [name, frames] of figures(reasons)) read.reasons[name] = frames;
  for (const [name, frames] of figures(disagreement)) read.disagreement[name] = frames;
  return read;
}

/** Name of the bin of a disagreement (eV/Å): the decimal logarithm of its middle, `0` or `nan`. */
function disagreementBin(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? ((Math.floor(Math.log10(value) * BINS) + 0.5) / BINS).toFixed(1) : '0';
}

/** `force 0.12 eV/A above 0.05` and `force 0.31 eV/A above 0.05` are one reason. */
function withoutFigures(reason: string): string {
  return reason
    .split('\n')[0]
    .slice(0, 200)
    .replace(/[-+]?\d+(\.\d*)?([eE][-+]?\d+)?/g, '#');
}
