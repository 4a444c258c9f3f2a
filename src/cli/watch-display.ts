import { snapshotText, type WatchSnapshot } from '../watch/pipeline-progress.ts';

/** ms between lines where no terminal shows one. */
const INTERVAL = 10_000;

/** How far a watcher is, to stderr: the last line of a terminal, or a line per interval. */
export function watchDisplay() {
  const terminal = process.stderr.isTTY;
  let last = performance.now();
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write('\r\x1b[2K');
    shown = false;
  };
  return {
    snapshot(snapshot: WatchSnapshot): void {
      const text = snapshotText(snapshot);
      if (terminal) {
        clear();
        process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1));
        shown = true;
      } else if (performance.now() - last >= INTERVAL) {
        last = performance.now();
        process.stderr.write(`${text}\n`);
      }
    },
    say(text: string): void {
      clear();
      process.stderr.write(`${text}\n`);
    },
  };
}

interface SignalStops {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  end(): void;
}

/**
 * Two Ctrl-C: the first stops what begins, the second what is in work; a third, or three seconds, ends the process. `end` lets go of the
 * signals.
 */
export function stopOnSignals(say: (text: string) => void): SignalStops {
  const stop = new AbortController();
  const kill = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  const onSignal = () => {
    if (kill.signal.aborted) process.exit(130);
    if (stop.signal.aborted) {
      kill.abort();
      limit = setTimeout(() => process.exit(130), 3000).unref();
      return;
    }
    say('stopping: the frames in work are finished first; once more to stop at once');
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    end() {
      clearTimeout(limit);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
