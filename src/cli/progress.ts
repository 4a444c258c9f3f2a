import { Presets, SingleBar } from 'cli-progress';

/** Milliseconds between lines where no terminal shows a bar. */
const INTERVAL = 10_000;
/** Milliseconds after which a terminal shows one: short work needs none. */
const PATIENCE = 1000;

export interface Progress {
  /** `bytes` more of the input have been read. */
  add(bytes: number): void;
  close(): void;
}

/** Progress over `total` bytes to stderr: a bar with ETA on a terminal, a line per interval elsewhere. */
export function byteProgress(total: number): Progress {
  const start = performance.now();
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {percentage} % | {eta_formatted} left', stream: process.stderr }, Presets.rect)
    : undefined;
  let done = 0;
  let shown = start;
  return {
    add(bytes: number): void {
      done += bytes;
      const now = performance.now();
      if (bar) {
        if (bar.isActive) bar.update(done);
        else if (now - start > PATIENCE) bar.start(total, done);
      } else if (now - shown > INTERVAL) {
        shown = now;
        const left = ((now - start) * Math.max(0, total - done)) / done / 1000;
        process.stderr.write(
          `${((100 * done) / total).toFixed(0)} % of ${(total / 1e6).toFixed(0)} MB, ${Math.ceil(left)} s left\n`,
        );
      }
    },
    close(): void {
      if (bar?.isActive) bar.stop();
    },
  };
}
