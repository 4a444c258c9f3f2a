import type { TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { ANCHOR, type Anchor } from './outcar-anchors.ts';
import { OutcarHeader } from './outcar-header.ts';
import { lineHas, numberBehindEquals, readIteration, readMagnetization, readStress } from './outcar-lines.ts';
import { readCellRows, readForceTable, readPositionRows } from './outcar-rows.ts';
import { frameOfStep, OutcarStep, ScfLoop } from './outcar-step.ts';
import type { BlockSpecies } from './species.ts';

/** Collects the parts of an OUTCAR by ionic step; a step is given out when the next one, a new run or the end shows. */
export class OutcarRun {
  frames = 0;
  readonly #scanner: TextScanner;
  readonly #options: ReadOptions;
  #header = new OutcarHeader();
  #species: BlockSpecies | undefined;
  #step: OutcarStep | undefined;
  /** The SCF loop whose result has not been finished. */
  #loop: ScfLoop | undefined;
  /** The stress block that has begun is of a machine-learned force field. */
  #mlStress = false;
  /** The last cell of the run; never handed out. */
  readonly #cell = new Float64Array(9);
  #hasCell = false;
  #runs = 1;
  #ended = false;
  readonly #iterationNumbers = new Float64Array(2);
  /** Why the input ended inside a step. */
  #cut: TruncatedError | undefined;
  /** Any anchor of a step has been seen in this run. */
  #started = false;
  /** Steps that cannot become frames, or need care: how many and where the first is. */
  readonly #counted = new Map<string, { count: number; line: number }>();

  constructor(scanner: TextScanner, options: ReadOptions) {
    this.#scanner = scanner;
    this.#options = options;
  }

  /** True for anchors whose following lines belong to them: `takeBlock`, otherwise `takeLine`. */
  static isBlock(anchor: Anchor): boolean {
    return (
      anchor === ANCHOR.table ||
      anchor === ANCHOR.cell ||
      anchor === ANCHOR.headerPositions ||
      anchor === ANCHOR.moments
    );
  }

  /** The current line; gives a frame when it shows that a step is over. */
  takeLine(anchor: Anchor): Frame | undefined {
    const scanner = this.#scanner;
    const header = this.#header;
    switch (anchor) {
      case ANCHOR.version:
        return this.#newRun((run) => run.readVersion(scanner));
      case ANCHOR.potcar:
        return this.#newRun((run) => run.readPotcar(scanner));
      case ANCHOR.titel:
        return this.#newRun((run) => run.readTitle(scanner));
      case ANCHOR.ionsPerType:
        if (!this.#started) header.readCounts(scanner);
        return undefined;
      case ANCHOR.nions:
        if (!this.#started) header.readNions(scanner);
        return undefined;
      case ANCHOR.iteration:
        return this.#iteration();
      case ANCHOR.scfConverged:
        if (this.#loop) this.#loop.converged = true;
        return undefined;
      case ANCHOR.mlStress:
      case ANCHOR.abInitioStress:
        this.#mlStress = anchor === ANCHOR.mlStress;
        return undefined;
      case ANCHOR.stress:
        return this.#stress();
      case ANCHOR.toten:
        return this.#toten(false);
      case ANCHOR.mlToten:
        return this.#toten(true);
      case ANCHOR.withoutEntropy:
        this.#otherEnergies();
        return undefined;
      case ANCHOR.electrons:
        this.#electrons();
        return undefined;
      case ANCHOR.footer:
        this.#ended = true;
        return this.#finish();
      default:
        return undefined;
    }
  }

  /** The current line and the rows behind it. Throws TruncatedError when the input ends inside. */
  async takeBlock(anchor: Anchor): Promise<Frame | undefined> {
    const scanner = this.#scanner;
    if (anchor === ANCHOR.cell) {
      const cell = await readCellRows(scanner);
      this.#cell.set(cell);
      this.#hasCell = true;
      if (this.#step && !this.#step.table) this.#step.cell = cell;
      return undefined;
    }
    const natoms = this.#header.natoms;
    if (anchor === ANCHOR.headerPositions) {
      if (!this.#started && natoms) this.#header.positions = await readPositionRows(scanner, natoms);
      return undefined;
    }
    if (anchor === ANCHOR.moments) {
      if (natoms && this.#loop && !this.#step) await this.#loop.moments.read(scanner, natoms);
      return undefined;
    }
    if (!lineHas(scanner, 'TOTAL-FORCE')) return undefined;
    const line = scanner.lineNumber;
    if (!natoms) throw scanner.error('expected NIONS and ions per type before the force table');
    const done = this.#begin(lineHas(scanner, '(ML)'), (step) => step.table !== undefined);
    const step = this.#step as OutcarStep;
    step.tableLine = line;
    const table = await readForceTable(scanner, natoms);
    if (!table) {
      this.#newRun((run) => run.readVersionIn(scanner.text()));
      return done;
    }
    step.table = table;
    step.cell ??= this.#lastCell();
    if (table.missingLine !== undefined)
      this.#warn(
        'missing-value',
        'no number (****) in a row of the force table: the value is missing',
        table.missingLine,
      );
    return done;
  }

  /** At the end of the input, or where `cut` stopped it: the last step if it is complete. `conclude` must follow. */
  finish(cut: TruncatedError | undefined): Frame | undefined {
    const scanner = this.#scanner;
    if (!this.#header.natoms) throw cut ?? scanner.truncated('ions per type and an ionic step');
    this.#cut = cut;
    if (this.#isInside()) {
      this.#cut ??= scanner.truncated(`the rest of ionic step ${this.#loop?.ionic ?? this.frames + 1}`);
      this.#step = undefined;
    }
    return this.#finish();
  }

  /** Says what is left to say. Throws TruncatedError in strict mode when the input ended inside a step. */
  conclude(): void {
    const cut = this.#cut;
    const line = this.#scanner.lineNumber;
    if (!cut && !this.#ended) this.#warn('unfinished', 'the run did not end: no General timing and accounting', line);
    this.#tell();
    if (cut && this.#options.strict) throw cut;
    if (cut)
      this.#warn('truncated', `an incomplete ionic step at the end is left out: ${cut.message}`, cut.at.line ?? 1);
    else if (this.frames === 0) this.#warn('no-frames', 'no ionic step with positions', line);
  }

  /** A step has begun and not everything of it has been read. */
  #isInside(): boolean {
    if (this.#ended) return false;
    return this.#step ? !this.#step.complete : this.#loop !== undefined;
  }

  /** A line of a header: behind a complete header it belongs to a run that was appended. */
  #newRun(read: (header: OutcarHeader) => void): Frame | undefined {
    let done: Frame | undefined;
    if (this.#header.counts && (this.#started || this.#ended)) {
      const line = this.#scanner.lineNumber;
      if (this.#isInside())
        this.#warn('truncated', 'the run before this line was cut; its last step is left out', line);
      else done = this.#finish();
      this.#warn('appended-run', `run ${++this.#runs} is appended here`, line);
      this.#header = new OutcarHeader();
      this.#species = undefined;
      this.#step = undefined;
      this.#loop = undefined;
      this.#hasCell = false;
      this.#started = false;
      this.#ended = false;
    }
    read(this.#header);
    return done;
  }

  /** Makes a step of this kind current; the step before it is finished if it is of the other kind or `over`. */
  #begin(ml: boolean, over: (step: OutcarStep) => boolean): Frame | undefined {
    let done: Frame | undefined;
    if (this.#step && (this.#step.ml !== ml || over(this.#step))) done = this.#finish();
    this.#step ??= new OutcarStep(ml);
    this.#started = true;
    return done;
  }

  /** `Iteration N( M)`: N is the ionic step, M counts the SCF. */
  #iteration(): Frame | undefined {
    if (!readIteration(this.#scanner, this.#iterationNumbers)) return undefined;
    const done = this.#step ? this.#finish() : undefined;
    this.#started = true;
    const ionic = this.#iterationNumbers[0];
    const steps = this.#iterationNumbers[1];
    if (!this.#loop || this.#loop.ionic !== ionic || steps <= this.#loop.steps) this.#loop = new ScfLoop(ionic);
    this.#loop.steps = steps;
    this.#loop.converged = false;
    return done;
  }

  #stress(): Frame | undefined {
    const done = this.#begin(this.#mlStress, (step) => step.hasStress && step.hasResult);
    const step = this.#step as OutcarStep;
    step.hasStress = true;
    step.stress = readStress(this.#scanner);
    if (!step.stress && this.#scanner.terminated)
      this.#warn('missing-value', 'no number (****) in the stress: it is missing', this.#scanner.lineNumber);
    return done;
  }

  #toten(ml: boolean): Frame | undefined {
    const scanner = this.#scanner;
    const done = this.#begin(ml, (step) => step.energyLine > 0);
    const step = this.#step as OutcarStep;
    step.energyLine = scanner.lineNumber;
    step.energy = this.#energy(numberBehindEquals(scanner, 1));
    return done;
  }

  #otherEnergies(): void {
    const step = this.#step;
    if (!step?.energyLine) return;
    step.withoutEntropy = this.#energy(numberBehindEquals(this.#scanner, 1));
    step.energySigma0 = this.#energy(numberBehindEquals(this.#scanner, 2));
    step.energiesDone = this.#scanner.terminated;
  }

  #energy(value: number | undefined): number | undefined {
    if (value !== undefined && !Number.isNaN(value)) return value;
    this.#warn('missing-value', 'no number (****) for an energy: it is missing', this.#scanner.lineNumber);
    return undefined;
  }

  /** `number of electron  8.0 magnetization  2.5`: none, one or (non-collinear) three values; the last of a step counts. */
  #electrons(): void {
    if (!this.#loop || this.#step) return;
    const values = readMagnetization(this.#scanner);
    if (values) this.#loop.magnetization = values.length === 1 ? values[0] : values;
  }

  /** Ends the current step; a frame if it has positions. */
  #finish(): Frame | undefined {
    const step = this.#step;
    const loop = step?.ml ? undefined : this.#loop;
    this.#step = undefined;
    if (!step?.ml) this.#loop = undefined;
    if (!step?.hasResult) return undefined;
    const line = step.tableLine || step.energyLine;
    const first = loop === undefined ? this.frames === 0 : loop.ionic === 1;
    const positions = step.table?.positions ?? (first ? this.#header.positions?.slice() : undefined);
    if (!positions) {
      this.#count('no-positions', line);
      return undefined;
    }
    if (step.table?.missingPosition) {
      this.#warn('dropped', 'a position is missing (****): the ionic step is left out', step.table.missingLine ?? line);
      return undefined;
    }
    const cell = step.cell ?? this.#lastCell();
    if (!cell) throw this.#scanner.error('expected direct lattice vectors before the force table', line);
    if (!step.energyLine) this.#warn('no-energy', 'ionic step without an energy', line);
    if (loop && !loop.converged) this.#count('unconverged', line);
    if (step.ml) this.#count('ml', line);
    this.#species ??= this.#header.species(positions.length / 3, this.#options);
    const { version } = this.#header;
    const frame = frameOfStep(
      step,
      loop,
      { cell, positions },
      {
        ...this.#species,
        run: this.#runs,
        origin: { path: this.#options.path, line, frame: this.frames },
        ...(version === undefined ? {} : { version }),
      },
    );
    this.#scanner.frame = ++this.frames;
    return frame;
  }

  #lastCell(): Float64Array | undefined {
    return this.#hasCell ? this.#cell.slice() : undefined;
  }

  #count(code: string, line: number): void {
    const entry = this.#counted.get(code);
    if (entry) entry.count++;
    else this.#counted.set(code, { count: 1, line });
  }

  /** One diagnostic for each kind of step that needs care. */
  #tell(): void {
    const say: Record<string, string> = {
      'no-positions': 'ionic steps have an energy but no force table, so no positions: left out',
      unconverged: 'ionic steps end without "EDIFF is reached": their SCF is unconverged',
      ml: 'ionic steps are of a machine-learned force field, flagged info.ml',
    };
    for (const [code, { count, line }] of this.#counted)
      this.#warn(code, `${count} ${say[code]} (the first is here)`, line, code === 'ml' ? 'info' : 'warning');
  }

  #warn(code: string, message: string, line: number, severity: 'warning' | 'info' = 'warning'): void {
    this.#options.onDiagnostic({ severity, code, message, at: { path: this.#options.path, line } });
  }
}
