import { Presets, SingleBar } from 'cli-progress';

/** Milliseconds between lines where no terminal shows a bar. */
const INTERVAL = 10_000;
/** Milliseconds after which a terminal shows one: short work needs none. */
const PATIENCE = 1000;

/** Progress over frames to stderr: a bar with ETA on a terminal, a line per interval elsewhere. */
export function frameProgress() {
  const bar = process.stderr.isTTY
    ? new SingleBar(
        { format: '{bar} {percentage} % | frame {value} of {total} | {eta_formatted} left', stream: process.stderr },
        Presets.rect,
      )
    : undefined;
  const start = performance.now();
  let shown = start;
  return {
    show(done: number, total: number | undefined): void {
      const now = performance.now();
      if (bar && total !== undefined) {
        if (bar.isActive) bar.update(done);
        else if (now - start > PATIENCE) bar.start(total, done);
      } else if (now - shown > INTERVAL) {
        shown = now;
        const left = total === undefined ? '' : `, ${Math.ceil(((now - start) * (total - done)) / done / 1000)} s left`;
        process.stderr.write(`${done}${total === undefined ? '' : ` of ${total}`} frames${left}\n`);
      }
    },
    close(): void {
      if (bar?.isActive) bar.stop();
    },
  };
}
