import { UsageError } from '../core/errors.ts';

/** `start:stop:step` over the frames of one input as in Python; undefined = open. */
export interface Slice {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number;
}

/** Reads `START:STOP:STEP`, or one index. Throws UsageError. */
export function parseSlice(text: string): Slice {
  const parts = text.split(':').map((part) => part.trim());
  const numbers = parts.map((part) => (part === '' ? undefined : Number(part)));
  if (parts.length > 3 || text.trim() === '' || numbers.some((n) => n !== undefined && !Number.isSafeInteger(n)))
    throw new UsageError(`-n ${text}: expected START:STOP:STEP or one index, for example 0:100:10, -1 or ::5`);
  const [start, stop, step] = numbers;
  if (parts.length === 1 && start !== undefined) return { start, stop: start === -1 ? undefined : start + 1, step: 1 };
  if (step !== undefined && step < 1) throw new UsageError(`-n ${text}: the step must be 1 or more`);
  return { start, stop, step: step ?? 1 };
}

/**
 * The items of a sequence that a slice selects, in order. An index that counts from the end holds back that many items, and no
 * more; everything else passes through at once. The source is left as soon as nothing more can be selected.
 */
export async function* slice<T>(source: AsyncIterable<T>, { start, stop, step }: Slice): AsyncGenerator<T, void> {
  if (start !== undefined && start < 0) {
    yield* fromTheEnd(source, -start, stop, step);
    return;
  }
  const first = start ?? 0;
  const delay = stop !== undefined && stop < 0 ? -stop : 0;
  const end = stop !== undefined && stop >= 0 ? stop : Number.POSITIVE_INFINITY;
  const held: T[] = [];
  let index = 0;
  if (first >= end) return;
  for await (const item of source) {
    held.push(item);
    if (held.length <= delay) continue;
    const out = held.shift() as T;
    if (index >= first && (index - first) % step === 0) yield out;
    index++;
    if (index >= end) return;
  }
}

async function* fromTheEnd<T>(
  source: AsyncIterable<T>,
  last: number,
  stop: number | undefined,
  step: number,
): AsyncGenerator<T, void> {
  const held: T[] = [];
  let count = 0;
  for await (const item of source) {
    held.push(item);
    if (held.length > last) held.shift();
    count++;
  }
  const first = count - held.length;
  const end = stop === undefined ? count : stop < 0 ? count + stop : Math.min(stop, count);
  for (let index = first; index < end; index += step) yield held[index - first];
}
