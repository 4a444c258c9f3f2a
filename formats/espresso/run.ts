import { volume } from '../../src/core/cell.ts';
import type { Frame, InfoValue, Labels } from '../../src/core/frame.ts';
import { BOHR, HARTREE } from '../../src/core/units.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { readAxes, readCellRows, readForces, readPositions, readSites, readStress, type Site } from './tables.ts';

const RYDBERG = HARTREE / 2;

/** What one SCF printed. */
class Step {
  line = 0;
  /** eV. */
  energy: number | undefined;
  /** eV, −TS of the electrons. */
  entropic: number | undefined;
  forces: Float64Array | undefined;
  /** eV/Å³, positive under compression; (3,3). */
  pressure: Float64Array | undefined;
  converged: boolean | undefined;
  scfSteps = 0;
}

/** Collects what pw.x prints; an evaluation is over when new positions, a new run or the end shows. */
export class EspressoRun {
  readonly #scanner: TextScanner;
  readonly #options: ReadOptions;
  #program: string | undefined;
  #running = false;
  #natoms = 0;
  /** Å. */
  #alat = 0;
  #cell: Float64Array | undefined;
  #sites: Site | undefined;
  #step = new Step();
  #frames = 0;
  /** In eV, or 1 to keep the unit of the file. */
  readonly #rydberg: number;

  constructor(scanner: TextScanner, options: ReadOptions) {
    this.#scanner = scanner;
    this.#options = options;
    this.#rydberg = options.asRead ? 1 : RYDBERG;
  }

  /** Looks at the current line, and reads the table that it announces; gives the frame that it ends. */
  async takeLine(): Promise<Frame | undefined> {
    const scanner = this.#scanner;
    if (scanner.end - scanner.start < 9) return undefined;
    const text = scanner.text();
    if (text.startsWith('!')) return this.#energy(text);
    if (text.startsWith('CELL_PARAMETERS')) {
      const done = this.#finish();
      this.#cell = await readCellRows(scanner, this.#alat);
      return done;
    }
    if (text.startsWith('ATOMIC_POSITIONS')) {
      const done = this.#finish();
      this.#sites = await readPositions(scanner, { natoms: this.#natoms, alat: this.#alat, cell: this.#needCell() });
      return done;
    }
    if (!text.startsWith('     ')) return text.includes('JOB DONE.') ? this.#end() : undefined;
    const line = text.trimStart();
    if (line.startsWith('Program PWSCF')) return this.#newRun(line);
    await this.#header(line);
    return this.#result(line);
  }

  /** At the end of the input. Throws TruncatedError for a run that did not say that it is done. */
  conclude(): void {
    if (this.#running) throw this.#scanner.truncated('"JOB DONE.": the run was cut off or goes on');
    if (this.#frames === 0 && this.#step.converged === false)
      throw this.#scanner.error(
        'expected a line "!    total energy", found that the SCF did not converge',
        this.#lastLine(),
      );
    if (this.#frames === 0)
      throw this.#scanner.error('expected a line "!    total energy", found none', this.#lastLine());
  }

  #lastLine(): number {
    return Math.max(1, this.#scanner.lineNumber);
  }

  #newRun(line: string): undefined {
    if (this.#running) this.#warn('cut-run', 'a run before this line did not end: its last step is left out');
    this.#program = /^Program (PWSCF v\S+)/.exec(line)?.[1];
    this.#running = true;
    this.#natoms = 0;
    this.#alat = 0;
    this.#cell = undefined;
    this.#sites = undefined;
    this.#step = new Step();
  }

  async #header(line: string): Promise<void> {
    const scanner = this.#scanner;
    if (line.startsWith('number of atoms/cell')) this.#natoms = this.#after(line, '=');
    else if (line.startsWith('lattice parameter (alat)')) this.#alat ||= BOHR * this.#after(line, '=');
    else if (line.startsWith('celldm(1)='))
      this.#alat = BOHR * this.#after(line, '='); // more digits
    else if (line.startsWith('crystal axes:')) this.#cell = await readAxes(scanner, this.#alat);
    else if (/^site n\. +atom +positions \(alat units\)/.test(line))
      this.#sites = await readSites(scanner, this.#natoms, this.#alat);
  }

  async #result(line: string): Promise<undefined> {
    const step = this.#step;
    if (line.startsWith('iteration #')) step.scfSteps++;
    else if (line.startsWith('smearing contrib. (-TS)')) step.entropic = this.#rydberg * this.#after(line, '=');
    else if (line.startsWith('convergence has been achieved')) step.converged = true;
    else if (line.startsWith('convergence NOT achieved')) step.converged = false;
    else if (line.startsWith('Forces acting on atoms'))
      step.forces = await readForces(this.#scanner, this.#natoms, this.#options.asRead ? 1 : RYDBERG / BOHR);
    else if (/^total +stress +\(Ry\/bohr\*\*3\)/.test(line))
      step.pressure = await readStress(this.#scanner, this.#rydberg / BOHR ** 3);
    else if (line.startsWith('Error in routine')) throw this.#scanner.error(`pw.x says: ${line}`);
  }

  #energy(text: string): Frame | undefined {
    if (!/^!+ +total energy +=/.test(text)) return undefined;
    const done = this.#step.energy === undefined ? undefined : this.#finish();
    this.#step.energy = this.#rydberg * this.#after(text, '=');
    this.#step.line = this.#scanner.lineNumber;
    return done;
  }

  #end(): Frame | undefined {
    this.#running = false;
    return this.#finish();
  }

  #needCell(): Float64Array {
    if (this.#cell) return this.#cell;
    throw this.#scanner.error('expected crystal axes or CELL_PARAMETERS before the positions');
  }

  /** Ends the current evaluation, if its energy is there. */
  #finish(): Frame | undefined {
    const step = this.#step;
    if (step.energy === undefined) return undefined;
    this.#step = new Step();
    const sites = this.#sites;
    this.#sites = undefined;
    if (!sites) throw this.#scanner.error('expected the positions of the atoms before the energy', step.line);
    const cell = this.#needCell().slice();
    if (step.converged !== true)
      this.#warn('unconverged', 'the SCF is not said to have converged: labels.converged is not true', step.line);
    const origin = { path: this.#options.path, line: step.line, frame: this.#frames++ };
    return {
      natoms: sites.numbers.length,
      cell,
      pbc: [true, true, true],
      numbers: sites.numbers,
      positions: sites.positions,
      labels: labelsOf(step, cell),
      arrays: {},
      info: this.#info(step),
      origin,
    };
  }

  #info({ energy, entropic, scfSteps }: Step): Record<string, InfoValue> {
    return {
      ...(this.#program !== undefined && { program: this.#program }),
      ...(scfSteps > 0 && { scf_steps: scfSteps }),
      ...(energy !== undefined && entropic !== undefined && { energy_without_entropy: energy - entropic }),
    };
  }

  /** The number behind the first `mark`. */
  #after(text: string, mark: string): number {
    const word = text
      .slice(text.indexOf(mark) + 1)
      .trim()
      .split(/\s+/)[0];
    const value = /^[-+]?\d*\.?\d+(?:[eEdD][-+]?\d+)?$/.test(word) ? Number(word.replace(/[dD]/, 'e')) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw this.#scanner.error(`expected a number behind "${mark}", found "${word.slice(0, 40)}"`);
  }

  #warn(code: string, message: string, line = this.#scanner.lineNumber): void {
    this.#options.onDiagnostic({ severity: 'warning', code, message, at: { path: this.#options.path, line } });
  }
}

function labelsOf({ energy, forces, pressure, converged }: Step, cell: Float64Array): Labels {
  const size = Math.abs(volume(cell));
  return {
    ...(energy !== undefined && { energy }),
    ...(forces && { forces }),
    ...(pressure && { virial: pressure.map((p) => p * size) }),
    ...(converged !== undefined && { converged }),
  };
}
