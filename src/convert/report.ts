import type { Format } from '../../formats/format.ts';
import type { DiagnosticLog } from './diagnostic-log.ts';
import type { DropReason } from './selection.ts';
import { FrameSummary } from './summary.ts';

interface InputReport {
  readonly path: string;
  readonly format: string;
  readonly units: string;
  /** Frames read; fewer than the file has when a slice ended early. */
  found: number;
  kept: number;
}

const REASONS: Readonly<Record<DropReason, string>> = {
  unconverged: 'SCF not converged',
  'max-force': 'a force above the limit',
  'missing-forces': 'a force that the file does not give',
  duplicate: 'the same structure and labels as an earlier frame',
};

/** What a conversion found, kept, dropped and lost. */
export class ConversionReport {
  readonly output: string;
  readonly format: Format;
  readonly inputs: InputReport[] = [];
  /** Of the frames that were written. */
  readonly summary = new FrameSummary();
  readonly dropped = new Map<DropReason, number>();
  /** Frames by what the output format cannot hold of them. */
  readonly losses = new Map<string, number>();
  /** Frames whose atoms were put in another order. */
  reordered = 0;
  /** Kept frames that have the structure of an earlier one and other labels. */
  conflicting = 0;
  diagnostics: ReturnType<DiagnosticLog['list']> = [];
  failure: string | undefined;

  constructor(output: string, format: Format) {
    this.output = output;
    this.format = format;
  }

  addInput(path: string, format: Format): InputReport {
    const input = { path, format: format.name, units: format.carries.units, found: 0, kept: 0 };
    this.inputs.push(input);
    return input;
  }

  addDrop(reason: DropReason): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  addLoss(what: string): void {
    this.losses.set(what, (this.losses.get(what) ?? 0) + 1);
  }

  /** As lines for a person. */
  text(): string {
    const found = this.inputs.reduce((sum, input) => sum + input.found, 0);
    const kept = this.summary.frames;
    const lines = this.inputs.slice(0, 10).map((i) => `${i.path}: ${i.format}, ${i.found} frames read, ${i.kept} kept`);
    if (this.inputs.length > 10) lines.push(`… and ${this.inputs.length - 10} more inputs`);
    lines.push(`${this.output}: ${this.format.name}, ${kept} of ${found} frames`);
    for (const [reason, n] of this.dropped) lines.push(`  dropped ${n}: ${REASONS[reason]}`);
    if (this.conflicting > 0)
      lines.push(`  kept ${this.conflicting} with the structure of an earlier one but other labels`);
    if (this.reordered > 0) lines.push(`  atoms grouped by species in ${this.reordered} frames`);
    lines.push(`  labels: ${[...this.summary.present].map(([name, n]) => `${name} (${n})`).join(', ') || 'none'}`);
    lines.push(`  energy: ${this.#energyKind()}`);
    if (this.summary.unknownSpecies > 0)
      lines.push(`  species unknown in ${this.summary.unknownSpecies} frames: --type-map names the elements of types`);
    for (const units of new Set(this.inputs.map((i) => `${i.format}: ${i.units}`))) lines.push(`  units of ${units}`);
    lines.push(`  units written: ${this.format.carries.units}`);
    for (const [n, what] of this.#lossesByCount())
      lines.push(`  ${this.format.name} cannot hold, lost in ${n} frames: ${what.join(', ')}`);
    if (this.failure !== undefined) lines.push('  failed: no output was written');
    return `${lines.join('\n')}\n`;
  }

  #lossesByCount(): Map<number, string[]> {
    const found = new Map<number, string[]>();
    for (const [what, n] of this.losses) found.set(n, [...(found.get(n) ?? []), what]);
    return found;
  }

  #energyKind(): string {
    const { present } = this.summary;
    const kinds = [];
    if (present.has('energy')) kinds.push('force-consistent');
    if (present.has('energySigma0')) kinds.push('extrapolated to zero smearing');
    return kinds.join(' and ') || 'none';
  }

  /** As data for `--report`. */
  toJSON(): object {
    const { summary } = this;
    return {
      inputs: this.inputs,
      output: { path: this.output, format: this.format.name, units: this.format.carries.units },
      found: this.inputs.reduce((sum, input) => sum + input.found, 0),
      kept: summary.frames,
      dropped: Object.fromEntries(this.dropped),
      conflictingLabels: this.conflicting,
      reordered: this.reordered,
      labels: Object.fromEntries(summary.present),
      energyKind: this.#energyKind(),
      natoms: summary.frames > 0 ? summary.natoms : null,
      unknownSpecies: summary.unknownSpecies,
      compositions: Object.fromEntries(summary.compositions),
      losses: Object.fromEntries(this.losses),
      diagnostics: this.diagnostics,
      ...(this.failure !== undefined && { failure: this.failure }),
    };
  }
}
