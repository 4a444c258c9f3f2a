import type { RandomStream } from './random-stream.ts';

export const SPLITS = ['random', 'group', 'trajectory'] as const;

/**
 * How structures are set aside. `random`: single structures, about the same fraction of each group. `group`: whole groups
 * (`config_type`), to see how a potential does on what it has not seen. `trajectory`: whole stretches of consecutive structures of one
 * group, so that neighbors in time are not on both sides.
 */
export type SplitRule = (typeof SPLITS)[number];

export interface Split {
  readonly training: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

export interface SplitOptions {
  readonly rule: SplitRule;
  /** Fractions of the structures. */
  readonly validation: number;
  readonly test: number;
}

/** Stretches of a trajectory that stay together. */
const STRETCHES = 10;

/** Indices of the parts, ascending, the same for the same seed. At least one structure stays for training. */
export function splitIndices(groups: readonly string[], options: SplitOptions, random: RandomStream): Split {
  const all = Array.from(groups.keys());
  if (options.rule === 'random') {
    const first = takeStratified(all, groups, options.validation, random);
    const rest = options.test / Math.max(1e-9, 1 - options.validation);
    const second =
      options.test > 0
        ? takeStratified(first.kept, groups, Math.min(rest, 1), random)
        : { kept: first.kept, taken: [] };
    return { training: second.kept, validation: first.taken, test: second.taken };
  }
  const blocks = options.rule === 'group' ? byGroup(groups) : stretches(groups);
  const order = Int32Array.from(blocks.keys());
  random.shuffle(order);
  const first = takeBlocks(blocks, Array.from(order), options.validation * all.length);
  const second = takeBlocks(blocks, first.kept, options.test * all.length);
  const members = (chosen: readonly number[]) => chosen.flatMap((b) => blocks[b]).sort((a, b) => a - b);
  return { training: members(second.kept), validation: members(first.taken), test: members(second.taken) };
}

/** Structures are shuffled, sorted by group and taken at even distances. */
function takeStratified(
  from: readonly number[],
  groups: readonly string[],
  fraction: number,
  random: RandomStream,
): { kept: number[]; taken: number[] } {
  const count = from.length;
  const order = Int32Array.from(from);
  random.shuffle(order);
  const sorted = Array.from(order).sort((a, b) => (groups[a] < groups[b] ? -1 : groups[a] > groups[b] ? 1 : 0));
  const wanted = fraction > 0 ? Math.max(1, Math.round(fraction * count)) : 0;
  const size = Math.min(wanted, count - 1);
  const isTaken = (_: number, k: number) => Math.floor(((k + 1) * size) / count) > Math.floor((k * size) / count);
  const taken = sorted.filter(isTaken);
  const kept = sorted.filter((s, k) => !isTaken(s, k));
  return { kept: kept.sort((a, b) => a - b), taken: taken.sort((a, b) => a - b) };
}

/** Blocks until the count is reached, closest to it; one block always stays. */
function takeBlocks(
  blocks: readonly (readonly number[])[],
  order: readonly number[],
  wanted: number,
): { kept: number[]; taken: number[] } {
  const taken: number[] = [];
  const kept: number[] = [];
  let count = 0;
  order.forEach((b) => {
    const size = blocks[b].length;
    const nearer = Math.abs(count + size - wanted) <= Math.abs(count - wanted) || (wanted > 0 && taken.length === 0);
    if (nearer && taken.length < order.length - 1) {
      taken.push(b);
      count += size;
    } else kept.push(b);
  });
  return { kept, taken };
}

function byGroup(groups: readonly string[]): number[][] {
  const found = new Map<string, number[]>();
  groups.forEach((group, s) => {
    const members = found.get(group);
    if (members) members.push(s);
    else found.set(group, [s]);
  });
  return [...found.values()];
}

/** Runs of one group in file order, each cut into stretches of about equal length. */
function stretches(groups: readonly string[]): number[][] {
  const length = Math.max(1, Math.ceil(groups.length / (STRETCHES * Math.max(1, new Set(groups).size))));
  const blocks: number[][] = [];
  groups.forEach((group, s) => {
    const last = blocks.at(-1);
    if (last && s > 0 && groups[s - 1] === group && last.length < length) last.push(s);
    else blocks.push([s]);
  });
  return blocks;
}
