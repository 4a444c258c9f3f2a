import { LabelError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { Labelled, Labeller } from '../label/labeller.ts';

/** Seconds in which a labeller that was told to stop has to answer. */
const GRACE = 10;
/** ms: longer times end a timer of Node at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * The label of a frame, looked through before it is believed. Rejects with LabelError when there is none after `timeout` seconds
 * (0 = never) or it cannot be right; with the reason of `kill` when that is aborted.
 */
export async function labelWithin(
  labeller: Labeller,
  frame: Frame,
  timeout: number,
  kill: AbortSignal,
): Promise<Labelled> {
  kill.throwIfAborted();
  const own = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  let onKill = () => {};
  try {
    const overdue = new Promise<never>((_, reject) => {
      // A labeller that does not listen is not waited for.
      const stop = (error: unknown) => {
        own.abort(error);
        timers.push(setTimeout(() => reject(error), GRACE * 1000));
      };
      onKill = () => stop(kill.reason);
      kill.addEventListener('abort', onKill);
      if (timeout > 0) {
        const tooLate = () => stop(new LabelError(`no label after ${timeout} s`));
        timers.push(setTimeout(tooLate, Math.min(timeout * 1000, LONGEST)));
      }
    });
    const answer = labeller.label(frame, own.signal).catch((error) => {
      throw own.signal.aborted ? ownReason(own.signal, error) : error;
    });
    const labelled = await Promise.race([answer, overdue]);
    const problem = problemOf(frame, labelled);
    if (problem) throw new LabelError(`the labeller gave ${problem}`);
    return labelled;
  } finally {
    kill.removeEventListener('abort', onKill);
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Why the label was given up, with what the labeller said of it. */
function ownReason({ reason }: AbortSignal, error: unknown): unknown {
  if (!(reason instanceof LabelError)) return reason;
  return new LabelError(reason.message, error instanceof LabelError ? error.tail : '', { cause: error });
}

/** Why a label cannot be right; undefined = it can. */
function problemOf({ natoms }: Frame, { labels, arrays = {} }: Labelled): string | undefined {
  const { energy, energySigma0, forces, virial, converged } = labels;
  if (converged === false) return 'a result that is not converged';
  const known = energy ?? energySigma0;
  if (known === undefined) return 'no energy';
  if (!Number.isFinite(known)) return `the energy ${known}`;
  if (!forces) return 'no forces';
  if (forces.length !== 3 * natoms) return `forces of ${forces.length / 3} atoms for ${natoms}`;
  if (!forces.every(Number.isFinite)) return 'forces that are not finite';
  if (virial && !(virial.length === 9 && virial.every(Number.isFinite)))
    return 'a virial that is not nine finite numbers';
  for (const [name, { data, columns }] of Object.entries(arrays))
    if (data.length !== columns * natoms) return `${data.length} values of ${name} for ${natoms} atoms`;
  return undefined;
}
