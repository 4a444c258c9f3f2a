import { atomicNumber } from '../../src/core/elements.ts';
import type { Frame } from '../../src/core/frame.ts';
import { BOHR, HARTREE } from '../../src/core/units.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { Cp2kStep } from './step.ts';
import { readForceRows, readPositionRows, readStressRows, STRESS_UNITS } from './tables.ts';

/** Collects what a run of CP2K prints, line by line; an evaluation is over when the next one or the end of the program shows. */
export class Cp2kRun {
  readonly #scanner: TextScanner;
  readonly #options: ReadOptions;
  #program: string | undefined;
  #volume: number | undefined;
  readonly #cell = new Float64Array(9);
  #cellRows = 0;
  #pbc: [boolean, boolean, boolean] = [true, true, true];
  #atoms: { numbers: Uint8Array; positions: Float64Array; line: number } | undefined;
  /** The evaluation of which the SCF has begun, then the one of which the results are being printed. */
  #step = new Cp2kStep();
  #running = false;
  #frames = 0;
  /** In eV, or 1 to keep the unit of the file. */
  readonly #hartree: number;
  /** Evaluations without positions, and the line of the first. */
  #withoutPositions = 0;
  #firstWithout = 0;

  constructor(scanner: TextScanner, options: ReadOptions) {
    this.#scanner = scanner;
    this.#options = options;
    this.#hartree = options.asRead ? 1 : HARTREE;
  }

  /** Looks at the current line, and reads the table that it announces; gives the frame that it ends. */
  async takeLine(): Promise<Frame | undefined> {
    const scanner = this.#scanner;
    if (scanner.end - scanner.start < 12) return undefined;
    const text = scanner.text();
    if (text.startsWith(' CP2K| version string:')) return this.#newRun(text);
    if (text.startsWith(' CELL| ')) this.#cellLine(text.slice(7));
    else if (text.startsWith(' ENERGY| Total FORCE_EVAL')) return this.#energy(text);
    else if (text.startsWith(' STRESS|')) await this.#stress(text);
    else if (text.startsWith(' STRESS TENSOR [')) await this.#stress(text);
    else if (/^ ABORT|\[ABORT\]/.test(text)) throw scanner.error('CP2K says ABORT: the run failed');
    else if (text.includes('ATOMIC COORDINATES IN')) await this.#positions(text);
    else if (text.startsWith(' ATOMIC FORCES in [a.u.]') || text.startsWith(' FORCES| Atomic forces [hartree/bohr]'))
      await this.#forces();
    else if (text.includes('SCF')) return this.#scf(text);
    else if (text.startsWith('  Electronic entropic energy:')) this.#step.entropic = this.#hartree * this.#last(text);
    else if (text.startsWith('  Total energy (extrapolated to T->0)'))
      this.#step.energySigma0 = this.#hartree * this.#last(text);
    else if (text.includes('PROGRAM ENDED AT')) {
      this.#running = false;
      return this.#finish();
    }
    return undefined;
  }

  /** At the end of the input. Throws TruncatedError for a run that did not say that it ended. */
  conclude(): void {
    if (this.#running) throw this.#scanner.truncated('"PROGRAM ENDED AT": the run was cut off or goes on');
    if (this.#withoutPositions > 0)
      this.#warn(
        'no-positions',
        `${this.#withoutPositions} steps are left out, because CP2K prints their positions to other files (the first is here)`,
        this.#firstWithout,
      );
    if (this.#frames === 0 && this.#withoutPositions === 0)
      throw this.#scanner.error(
        'expected "ENERGY| Total FORCE_EVAL", found none',
        Math.max(1, this.#scanner.lineNumber),
      );
  }

  #newRun(text: string): Frame | undefined {
    if (this.#running) this.#warn('cut-run', 'a run before this line did not end: its last step is left out');
    this.#running = true;
    this.#program = text.slice(text.indexOf(':') + 1).trim();
    this.#step = new Cp2kStep();
    this.#atoms = undefined;
    this.#cellRows = 0;
    this.#volume = undefined;
    this.#pbc = [true, true, true];
    return undefined;
  }

  #cellLine(text: string): void {
    if (text.startsWith('Volume')) {
      this.#volume = this.#last(text);
      this.#cellRows = 0;
      return;
    }
    const vector = /^Vector ([abc]) \[angstrom\]: +(\S+) +(\S+) +(\S+)/.exec(text);
    if (vector) {
      const row = 'abc'.indexOf(vector[1]);
      for (let k = 0; k < 3; k++) this.#cell[3 * row + k] = this.#number(vector[2 + k]);
      this.#cellRows |= 1 << row;
      return;
    }
    const periodicity = /^Periodicity +(\S+)/.exec(text)?.[1];
    if (periodicity) this.#pbc = [periodicity.includes('X'), periodicity.includes('Y'), periodicity.includes('Z')];
  }

  async #positions(text: string): Promise<void> {
    const scanner = this.#scanner;
    if (!/MODULE QUICKSTEP/.test(text))
      throw scanner.error('expected atoms of Quickstep, found those of another module');
    if (!/in angstrom/i.test(text)) throw scanner.error('expected atomic coordinates in angstrom');
    const line = scanner.lineNumber;
    const { symbols, positions } = await readPositionRows(scanner);
    const numbers = Uint8Array.from(symbols, (symbol) => {
      const z = atomicNumber(symbol);
      if (z === 0) this.#warn('unknown-element', `"${symbol}" is no element: atoms of unknown element`, line);
      return z;
    });
    this.#atoms = { numbers, positions, line };
  }

  /** Messages of the loops; an outer loop has the last word. */
  #scf(text: string): Frame | undefined {
    if (text.startsWith(' SCF WAVEFUNCTION OPTIMIZATION')) {
      const done = this.#step.energy === undefined ? undefined : this.#finish();
      this.#step.converged = undefined;
      return done;
    }
    const steps = /(?:SCF run converged in|Leaving inner SCF loop after reaching) +(\d+)/.exec(text);
    if (steps) this.#step.scfSteps += Number(steps[1]);
    if (/\*\*\* SCF run converged|outer SCF loop converged/.test(text)) this.#step.converged = true;
    else if (/SCF run NOT converged|outer SCF loop FAILED|Leaving inner SCF loop/.test(text))
      this.#step.converged = false;
    return undefined;
  }

  #energy(text: string): Frame | undefined {
    const done = this.#step.energy === undefined ? undefined : this.#finish();
    this.#step.energy = this.#hartree * this.#last(text);
    this.#step.line = this.#scanner.lineNumber;
    return done;
  }

  async #forces(): Promise<void> {
    const step = this.#step;
    if (step.energy === undefined) throw this.#scanner.error('expected the energy before the forces');
    step.forces = await readForceRows(this.#scanner, this.#options.asRead ? 1 : HARTREE / BOHR);
  }

  async #stress(text: string): Promise<void> {
    const found = /STRESS(?:\| (?:Analytical|Numerical) stress tensor| TENSOR) \[(\w+)/.exec(text);
    if (!found) return;
    const unit = STRESS_UNITS[found[1]];
    if (unit === undefined) throw this.#scanner.error(`expected a stress in ${Object.keys(STRESS_UNITS).join(', ')}`);
    if (this.#step.energy === undefined) return;
    this.#step.stress = await readStressRows(this.#scanner, this.#options.asRead ? 1 : unit);
  }

  /** Ends the current evaluation. */
  #finish(): Frame | undefined {
    const step = this.#step;
    const atoms = this.#atoms;
    this.#step = new Cp2kStep();
    this.#atoms = undefined;
    if (step.energy === undefined) return undefined;
    if (!atoms) {
      if (this.#withoutPositions++ === 0) this.#firstWithout = step.line;
      return undefined;
    }
    const { numbers, positions } = atoms;
    if (step.forces && step.forces.length !== positions.length)
      throw this.#scanner.error(
        `expected forces on ${numbers.length} atoms, found ${step.forces.length / 3}`,
        step.line,
      );
    if (this.#cellRows !== 7 || this.#volume === undefined)
      throw this.#scanner.error('expected three lines "CELL| Vector" and a volume before the energy', step.line);
    if (step.converged !== true)
      this.#warn('unconverged', 'the SCF is not said to have converged: labels.converged is not true', step.line);
    const origin = { path: this.#options.path, line: step.line, frame: this.#frames++ };
    return {
      natoms: numbers.length,
      cell: this.#cell.slice(),
      pbc: this.#pbc,
      numbers,
      positions,
      labels: step.labels(this.#volume),
      arrays: {},
      info: step.info(this.#program),
      origin,
    };
  }

  #last(text: string): number {
    return this.#number(text.slice(text.trimEnd().lastIndexOf(' ') + 1).trim());
  }

  #number(text: string): number {
    const value = /^[-+]?\d*\.?\d+(?:[eEdD][-+]?\d+)?$/.test(text) ? Number(text.replace(/[dD]/, 'e')) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw this.#scanner.error(`expected a number, found "${text.slice(0, 40)}"`);
  }

  #warn(code: string, message: string, line = this.#scanner.lineNumber): void {
    this.#options.onDiagnostic({ severity: 'warning', code, message, at: { path: this.#options.path, line } });
  }
}
