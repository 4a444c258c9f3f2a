import { ProgressReader, progressText } from '../lammps/progress.ts';

/** Milliseconds between progress lines where no terminal shows one. */
const INTERVAL = 30_000;

/** What LAMMPS prints goes on to stdout and stderr; how far it is, to stderr: the last line of a terminal, or a line per interval. */
export function showRun() {
  const reader = new ProgressReader();
  const terminal = process.stderr.isTTY;
  let shown = '';
  let last = performance.now();
  const clear = () => shown && process.stderr.write('\r\x1b[2K');
  return {
    onOutput(text: string, stream: 'stdout' | 'stderr'): void {
      clear();
      process[stream].write(text);
      if (stream === 'stderr') return;
      const progress = reader.push(text);
      if (terminal) {
        shown = progress ? progressText(progress) : shown;
        // a line of LAMMPS may be unfinished: then the terminal's last line is not ours
        if (shown && text.endsWith('\n')) process.stderr.write(shown.slice(0, (process.stderr.columns ?? 80) - 1));
        else shown = '';
      } else if (progress && performance.now() - last > INTERVAL) {
        last = performance.now();
        process.stderr.write(`lammps run: ${progressText(progress)}\n`);
      }
    },
    close: () => void clear(),
  };
}
