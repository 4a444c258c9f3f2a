import { MissingDataError } from '../../core/errors.ts';
import type { Snapshot } from './snapshots.ts';
import type { SplitRule } from './split-rule.ts';
import { shuffled } from './train-member.ts';

export interface Split {
  readonly training: readonly Snapshot[];
  readonly validation: readonly Snapshot[];
  readonly test: readonly Snapshot[];
}

/** Divides the snapshots. Throws MissingDataError for an unknown trajectory and for a part that is left empty. */
export function splitSnapshots(all: readonly Snapshot[], rule: SplitRule, seed: number): Split {
  const names = [...new Set(all.map(({ trajectory }) => trajectory))];
  if (rule.kind === 'trajectories') {
    const missing = rule.validation.find((name) => !names.includes(name));
    if (missing !== undefined)
      throw new MissingDataError(`no frame of trajectory ${missing}`, `there are ${names.join(', ')}`);
    const kept = new Set(rule.validation);
    return checked({
      training: all.filter((s) => !kept.has(s.trajectory)),
      validation: all.filter((s) => kept.has(s.trajectory)),
      test: [],
    });
  }
  const units = rule.kind === 'random' ? all.map((s) => [s]) : names.map((n) => all.filter((s) => s.trajectory === n));
  const order = Array.from(shuffled(units.length, seed), (k) => units[k]);
  const count = (part: number) => (part > 0 ? Math.max(1, Math.round(part * units.length)) : 0);
  const first = count(rule.test);
  const second = first + count(rule.validation);
  return checked({
    test: order.slice(0, first).flat(),
    validation: order.slice(first, second).flat(),
    training: order.slice(second).flat(),
  });
}

function checked(split: Split): Split {
  if (split.training.length === 0)
    throw new MissingDataError('no snapshot is left for training', 'give more trajectories, or --validation random');
  return split;
}
