import type { Evaluation, Extrapolation } from '../../potentials/potential.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { symbolOf } from '../core/elements.ts';
import type { Frame } from '../core/frame.ts';

/** Collects over frames which symmetry functions left the range of the training set; one warning in the end. */
export class ExtrapolationSummary {
  #count = 0;
  #frames = 0;
  #all = 0;
  #worst: { excess: number; text: string } | undefined;

  add(frame: Frame, index: number, evaluation: Evaluation): void {
    this.#all++;
    if (evaluation.extrapolationCount === 0) return;
    this.#frames++;
    this.#count += evaluation.extrapolationCount;
    for (const one of evaluation.extrapolations ?? []) {
      const excess = excessOf(one);
      if (this.#worst && excess <= this.#worst.excess) continue;
      const atom = `atom ${one.atom + 1} (${symbolOf(frame.numbers[one.atom])})`;
      const range = `[${one.min.toPrecision(5)}, ${one.max.toPrecision(5)}]`;
      const text = `frame ${index}, ${atom}: function ${one.feature + 1} is ${one.value.toPrecision(5)}, trained on ${range}`;
      this.#worst = { excess, text };
    }
  }

  /** The warning; undefined when nothing was extrapolated. */
  diagnostic(): Diagnostic | undefined {
    if (this.#count === 0) return undefined;
    const values = `${this.#count} symmetry function value${this.#count === 1 ? '' : 's'}`;
    return {
      severity: 'warning',
      code: 'extrapolation',
      message: `${values} in ${this.#frames} of ${this.#all} frames outside the training range; the farthest: ${this.#worst?.text}`,
    };
  }
}

/** How far outside, in widths of the range. */
function excessOf({ value, min, max }: Extrapolation): number {
  const width = max - min || Number.MIN_VALUE;
  return Math.max(min - value, value - max) / width;
}
