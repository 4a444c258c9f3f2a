import { UsageError } from '../../core/errors.ts';

/** How the two grips of a wire are told from its mobile atoms. */
export type GripRule =
  | { readonly kind: 'type'; readonly bottom: number; readonly top: number }
  | { readonly kind: 'id'; readonly bottom: IdRange; readonly top: IdRange }
  /** Atoms within `length` Å of either end of the first frame of a trajectory. */
  | { readonly kind: 'ends'; readonly length: number }
  /** Atoms below `low` and above `high` (Å along the wire) in the first frame of a trajectory. */
  | { readonly kind: 'region'; readonly low: number; readonly high: number };

/** First and last id, both included. */
type IdRange = readonly [number, number];

/** Reads `type:2,3`, `id:1-42,155-196`, `ends:10` or `region:10.5,52`. Throws UsageError. */
export function parseGripRule(text: string): GripRule {
  const [kind, words = ''] = text.trim().split(':');
  const parts = words.split(',').map((part) => part.trim());
  if (kind === 'type' && parts.length === 2) {
    const [bottom, top] = parts.map(Number);
    if (Number.isInteger(bottom) && Number.isInteger(top) && bottom !== top && parts.every(Boolean))
      return { kind, bottom, top };
  }
  if (kind === 'id' && parts.length === 2) {
    const [bottom, top] = parts.map(idRange);
    if (bottom && top && (bottom[1] < top[0] || top[1] < bottom[0])) return { kind, bottom, top };
  }
  if (kind === 'region' && parts.length === 2 && parts.every(Boolean)) {
    const [low, high] = parts.map(Number);
    if (Number.isFinite(low) && Number.isFinite(high) && low < high) return { kind, low, high };
  }
  const length = Number(words);
  if (kind === 'ends' && length > 0 && Number.isFinite(length)) return { kind, length };
  throw new UsageError(
    `--grips ${text}: expected type:BOTTOM,TOP, id:FIRST-LAST,FIRST-LAST, ends:LENGTH or region:LOW,HIGH (Å), e.g. type:2,3, id:1-42,155-196, ends:10, region:10.5,52`,
  );
}

function idRange(text: string): IdRange | undefined {
  const found = /^(\d+)-(\d+)$/.exec(text);
  if (!found) return undefined;
  const range = [Number(found[1]), Number(found[2])] as const;
  return range[0] <= range[1] ? range : undefined;
}
