import { Presets, SingleBar } from 'cli-progress';

/** Milliseconds between lines where no terminal shows a bar. */
const INTERVAL = 10_000;

/** Progress of work in phases to stderr: a bar with ETA on a terminal, a line per interval elsewhere. */
export function phaseProgress() {
  const bar = process.stderr.isTTY
    ? new SingleBar(
        { format: '{phase} {bar} {percentage} % | {eta_formatted} left', stream: process.stderr },
        Presets.rect,
      )
    : undefined;
  let phase = '';
  let started = 0;
  let first = 0;
  let shown = 0;
  const say = (line: string) => {
    if (bar?.isActive) bar.stop();
    phase = '';
    process.stderr.write(`${line}\n`);
  };
  return {
    say,
    show(name: string, done: number, total: number): void {
      const now = performance.now();
      if (name !== phase) {
        if (bar?.isActive) bar.stop();
        bar?.start(total, done, { phase: name });
        [phase, started, first, shown] = [name, now, done, now];
      } else if (bar) bar.update(done);
      else if (now - shown > INTERVAL) {
        shown = now;
        const left = Math.ceil(((now - started) * (total - done)) / (done - first) / 1000);
        process.stderr.write(`${name}: ${done} of ${total}, ${left} s left\n`);
      }
    },
    member(model: string, seed: number, epochs: readonly { readonly validation: number }[]): void {
      const best = epochs.reduce((least, e) => Math.min(least, e.validation), Number.POSITIVE_INFINITY);
      say(
        `${model}, seed ${seed}: ${epochs.length} epochs${Number.isFinite(best) ? `, best validation MAE ${best.toFixed(3)} G0` : ''}`,
      );
    },
    close(): void {
      if (bar?.isActive) bar.stop();
    },
  };
}
