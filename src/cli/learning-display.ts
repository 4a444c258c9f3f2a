import type { LearnEvent } from '../learn/learn.ts';

/** Milliseconds between lines of training progress. */
const INTERVAL = 10_000;

/** What a learning loop does, to stderr: a line for each stage, run and label, with the time left of the stage. */
export function learningDisplay() {
  let started = 0;
  let first: number | undefined;
  let last = 0;
  let shown = false;
  const terminal = process.stderr.isTTY;
  const clear = () => {
    if (shown) process.stderr.write('\r\x1b[2K');
    shown = false;
  };
  return {
    event(event: LearnEvent): void {
      const now = performance.now();
      if (event.kind === 'stage') {
        clear();
        process.stderr.write(`round ${event.round}: ${event.text}\n`);
        started = now;
        first = undefined;
        last = now;
        return;
      }
      const { what, done, total } = event;
      first ??= done;
      const rate = (done - first) / (now - started);
      const left = rate > 0 && done < total ? `, about ${minutes((total - done) / rate)} left` : '';
      const line = `  ${done} of ${total}: ${what}${left}`;
      if (event.often && !terminal && now - last < INTERVAL) return;
      last = now;
      clear();
      process.stderr.write(event.often && terminal ? line.slice(0, (process.stderr.columns ?? 80) - 1) : `${line}\n`);
      shown = event.often && terminal;
    },
    close: clear,
  };
}

function minutes(ms: number): string {
  return ms < 100_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`;
}
