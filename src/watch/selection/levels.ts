import { UsageError } from '../../core/errors.ts';
import type { Decision, ModelDeviation, Verdict } from './verdict.ts';

/** accurate < lo <= candidate < hi <= failed. */
interface Level {
  readonly lo: number;
  readonly hi: number;
}

export interface Levels {
  /** eV/Å, of the largest deviation of a force. */
  readonly force: Level;
  /** eV/atom, of the largest deviation of virial/N. Only for periodic frames: without a cell there is no pressure to get right. */
  readonly virial?: Level;
}

/** Throws UsageError for levels that no number can pass. */
export function checkLevels(levels: Levels): void {
  for (const [name, level] of Object.entries(levels) as [string, Level | undefined][]) {
    if (!level || (level.lo >= 0 && level.hi > level.lo && Number.isFinite(level.lo))) continue;
    throw new UsageError(`expected levels of ${name} with 0 <= lo < hi, found lo ${level.lo} and hi ${level.hi}`);
  }
}

/**
 * As DP-GEN: failed when force or virial is beyond its hi, else candidate when one is between, else accurate. A deviation that is not
 * a number has failed (DP-GEN lets it pass: its issues 1460 and 1543).
 */
export function levelOf(deviation: ModelDeviation, levels: Levels, isPeriodic: boolean): Verdict {
  const checks = [check('force', deviation.maxForce, levels.force, 'eV/A')];
  if (levels.virial && isPeriodic) checks.push(check('virial', deviation.maxVirial, levels.virial, 'eV/atom'));
  const decisions: readonly Decision[] = ['failed', 'candidate', 'accurate'];
  for (const decision of decisions) {
    const decisive = checks.find((one) => one.decision === decision);
    if (decisive) return { ...decisive, deviation };
  }
  throw new Error('no level was checked');
}

function check(name: string, value: number, { lo, hi }: Level, unit: string): Verdict {
  const said = `${name} deviates by ${Number.isNaN(value) ? 'no number' : `${value.toPrecision(3)} ${unit}`}`;
  if (!(value < hi)) return { decision: 'failed', reason: `${said}, not below ${hi}` };
  if (value < lo) return { decision: 'accurate', reason: `${said}, below ${lo}` };
  return { decision: 'candidate', reason: `${said}, between ${lo} and ${hi}` };
}
