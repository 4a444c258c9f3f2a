import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { errorTable } from '../train/error-table.ts';
import { type ErrorTable, metricsAsJson } from '../train/metrics.ts';
import type { CommitteeResult } from '../train/train-committee.ts';
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
    backend: (description: string) => steps.say(`training by ${description}`),
    epoch: (row: EpochErrors, member?: number) =>
      steps.say(
        `${member === undefined ? '' : `member ${member}  `}epoch ${String(row.epoch).padStart(4)}  ${row.cpuSeconds.toFixed(0).padStart(5)} CPU s  train ${brief(row.training)}${row.validation.structures > 0 ? `  validation ${brief(row.validation)}` : ''}`,
      ),
    close: () => steps.close(),
    result: async (result: TrainResult, output: string) => {
      steps.close();
      if (json) return printOut(`${JSON.stringify(resultAsJson(result, output))}\n`);
      await printOut(resultText(result, output));
    },
    committee: async (result: CommitteeResult, output: string) => {
      steps.close();
      if (json) return printOut(`${JSON.stringify(resultAsJson(result, output))}\n`);
      await printOut(committeeText(result, output));
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
    if (this.#bar) this.#bars.stop();
    this.#bar = undefined;
  }
}

function resultAsJson(result: TrainResult | CommitteeResult, output: string): object {
  const { errors, ...rest } = result;
  return {
    ...rest,
    output,
    errors: Object.fromEntries(Object.entries(errors).map(([part, metrics]) => [part, metricsAsJson(metrics)])),
  };
}

function committeeText(result: CommitteeResult, output: string): string {
  const epochs = result.members.map(({ epochs }) => epochs).join(', ');
  const state = `${result.stop}: ${result.members.length} members, ${epochs} epochs, ${result.cpuSeconds.toFixed(1)} CPU s`;
  const lines = result.written
    ? [errorTable(result.errors), state, `committee: ${output}`]
    : [state, 'not all members are there: the same command with --resume goes on'];
  return `${lines.join('\n')}\n`;
}

function resultText(result: TrainResult, output: string): string {
  const state = `${result.stop} after ${result.epochs} epochs and ${result.cpuSeconds.toFixed(1)} CPU s; kept: epoch ${result.keptEpoch}`;
  const where = result.written ? `potential: ${output}` : 'stopped before the first epoch ended: no potential written';
  const next =
    result.stop === 'finished' || result.stop === 'no improvement'
      ? []
      : [`${result.checkpoint} holds the state: the same command with --resume goes on`];
  return `${[errorTable(result.errors), state, where, ...next].join('\n')}\n`;
}
