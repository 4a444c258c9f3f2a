import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { type ErrorTable, metricsAsJson } from '../train/metrics.ts';
import type { EpochErrors } from '../train/trainer.ts';
import type { TrainResult } from '../train/training-run.ts';
import { printOut } from './options.ts';

/** Milliseconds between progress lines where no terminal shows a bar. */
const INTERVAL = 10_000;

type Phase = 'descriptors' | 'training';

/** Progress to stderr: a bar with ETA on a terminal, a line per interval elsewhere; the result to stdout. */
export function showTraining(json: boolean) {
  const steps = process.stderr.isTTY ? new BarSteps() : new LineSteps();
  return {
    progress: (phase: Phase, done: number, total: number) => steps.show(phase, done, total),
    epoch: (row: EpochErrors) =>
      steps.say(
        `epoch ${String(row.epoch).padStart(4)}  ${row.cpuSeconds.toFixed(0).padStart(5)} CPU s  train ${brief(row.training)}${row.validation.structures > 0 ? `  validation ${brief(row.validation)}` : ''}`,
      ),
    close: () => steps.close(),
    result: async (result: TrainResult, output: string) => {
      steps.close();
      if (json) return printOut(`${JSON.stringify(resultAsJson(result, output))}\n`);
      await printOut(resultTable(result, output));
    },
  };
}

/** MAE. */
function brief({ energy, forces }: ErrorTable): string {
  return `E ${energy.mae.toFixed(2)} meV/atom F ${forces.mae.toFixed(4)} eV/A`;
}

class LineSteps {
  #phase: Phase | undefined;
  #started = 0;
  #first = 0;
  #last = 0;

  show(phase: Phase, done: number, total: number): void {
    const now = performance.now();
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#started = now;
      this.#first = done;
      this.#last = now;
      return;
    }
    if (now - this.#last < INTERVAL) return;
    this.#last = now;
    const rate = (done - this.#first) / (now - this.#started);
    const left = rate > 0 ? `${Math.ceil((total - done) / rate / 1000)} s left` : 'time left unknown';
    this.say(`${phase}: ${done} of ${total}, ${left}`);
  }

  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  close(): void {}
}

class BarSteps {
  readonly #bars = new MultiBar(
    { format: '{phase} {bar} {percentage}% | {value} of {total} | {eta_formatted} left', stream: process.stderr },
    Presets.shades_classic,
  );
  #bar: SingleBar | undefined;
  #phase: Phase | undefined;

  show(phase: Phase, done: number, total: number): void {
    if (phase === this.#phase) {
      this.#bar?.update(done);
      return;
    }
    if (this.#bar) this.#bars.remove(this.#bar);
    this.#phase = phase;
    this.#bar = this.#bars.create(total, done, { phase });
  }

  say(line: string): void {
    this.#bars.log(`${line}\n`);
  }

  close(): void {
    this.#bars.stop();
  }
}

function resultAsJson(result: TrainResult, output: string): object {
  const { errors, ...rest } = result;
  return {
    ...rest,
    output,
    errors: Object.fromEntries(Object.entries(errors).map(([part, metrics]) => [part, metricsAsJson(metrics)])),
  };
}

function resultTable(result: TrainResult, output: string): string {
  const head = ['set', 'group', 'structures', 'E MAE (meV/atom)', 'E RMSE', 'F MAE (eV/A)', 'F RMSE', 'F max'];
  const rows = Object.entries(result.errors).flatMap(([part, metrics]) => [
    row(part, '', metrics.total()),
    ...[...metrics.groups()].filter(([name]) => name !== '').map(([name, table]) => row(part, name, table)),
  ]);
  const widths = head.map((word, c) => Math.max(word.length, ...rows.map((cells) => cells[c].length)));
  const table = [head, ...rows].map((cells) =>
    cells
      .map((cell, c) => cell.padEnd(widths[c]))
      .join('  ')
      .trimEnd(),
  );
  const state = `${result.stop} after ${result.epochs} epochs and ${result.cpuSeconds.toFixed(1)} CPU s; best epoch ${result.bestEpoch}`;
  const next =
    result.stop === 'finished' ? [] : [`${result.checkpoint} holds the state: the same command with --resume goes on`];
  const where = result.written ? `potential: ${output}` : 'stopped before the first epoch ended: no potential written';
  return `${[...table, '', state, where, ...next].join('\n')}\n`;
}

function row(part: string, group: string, { structures, energy, forces }: ErrorTable): string[] {
  const numbers = [
    energy.mae.toFixed(3),
    energy.rmse.toFixed(3),
    forces.mae.toFixed(4),
    forces.rmse.toFixed(4),
    forces.max.toFixed(3),
  ];
  return [part, group, String(structures), ...numbers];
}
