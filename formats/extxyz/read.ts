import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { massOf } from '../../src/core/elements.ts';
import { TruncatedError, UsageError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { AMU_A2_PS2, LAMMPS_UNITS, type UnitStyle } from '../../src/core/units.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { type CommentMemory, readComment } from './comment-line.ts';
import type { CommentLine } from './frame-comment.ts';
import { type LabelKeys, labelKeysOf } from './label-keys.ts';
import { findLabels, type LabelOrigin, originTexts, presentKeys } from './labels.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { ColumnPlan } from './properties.ts';
import { elementOfLabel, RowReader, type Rows } from './rows.ts';
import { statesUnits, unitsOfKeys } from './unit-keys.ts';

const MAX_ATOMS = 2 ** 31 - 1;
/** Different messages about a whole file; a file that gives more has the same trouble everywhere. */
const MAX_SAID = 1000;

/** Frames of an xyz or extxyz stream. Memory: one frame and one chunk. */
export async function* readExtxyz(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Frame, void> {
  const reader = new FrameReader(new TextScanner(source, options.path, 'extxyz'), options);
  try {
    yield* reader.frames();
  } catch (error) {
    if (options.strict || !(error instanceof TruncatedError)) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.message, at: error.at });
  } finally {
    await reader.scanner.close();
  }
}

class FrameReader {
  readonly scanner: TextScanner;
  readonly #options: ReadOptions;
  readonly #keys: LabelKeys;
  readonly #lammps: UnitStyle | undefined;
  /** Things said once for a file. */
  readonly #said = new Set<string>();
  #index = 0;
  #plan: ColumnPlan | undefined;
  #rows: RowReader | undefined;
  /** Of the frame before: its layout and what follows from it. */
  #layout: Layout | undefined;
  #present: LabelKeys;
  #statesUnits = false;
  #from: LabelOrigin = {};

  constructor(scanner: TextScanner, options: ReadOptions) {
    this.scanner = scanner;
    this.#options = options;
    this.#keys = labelKeysOf(options.labelKeys);
    this.#present = this.#keys;
    if (options.lammpsUnits !== undefined) {
      this.#lammps = LAMMPS_UNITS[options.lammpsUnits];
      if (!this.#lammps)
        throw new UsageError(`LAMMPS units "${options.lammpsUnits}" have no fixed factors or are not known`);
    }
  }

  /** Waits only where the input in memory ends: most frames take no step of the event loop. */
  async *frames(): AsyncGenerator<Frame, void> {
    const { scanner } = this;
    let blank = 0;
    while (scanner.tryLine() || (await scanner.fill())) {
      if (scanner.isBlank()) {
        blank ||= scanner.lineNumber;
        continue;
      }
      scanner.frame = this.#index;
      const natoms = this.#count(blank);
      const line = scanner.lineNumber;
      if (!scanner.tryLine()) await scanner.need(`the comment line of a frame of ${natoms} atoms`);
      const comment = readComment(scanner, this.#memory);
      this.#report(comment);
      const reader = this.#rowReader(comment.plan);
      reader.begin();
      let rows = reader.tryRead(scanner, natoms);
      while (!rows) {
        await reader.more(scanner, natoms);
        rows = reader.tryRead(scanner, natoms);
      }
      if (!scanner.terminated)
        this.#warn(
          'no-final-newline',
          'the last line has no line break: its last value may be cut',
          scanner.lineNumber,
        );
      let vectors: Float64Array | undefined;
      if (natoms > 0 && (scanner.tryLine() || (await scanner.fill()))) {
        scanner.unread();
        if (isVector(scanner)) vectors = await this.#vectors(comment);
      }
      yield this.#frame(natoms, line, comment, rows, vectors);
      this.#index++;
      scanner.frame = undefined;
    }
  }

  #rowReader(plan: ColumnPlan): RowReader {
    if (this.#plan !== plan || !this.#rows) {
      this.#plan = plan;
      this.#rows = new RowReader(plan);
    }
    return this.#rows;
  }

  readonly #memory: CommentMemory = {};
  /** The count line. Blank lines may stand at the end of the input only. */
  #count(blank: number): number {
    const { scanner } = this;
    if (blank > 0) throw scanner.error('expected the number of atoms, found a blank line between frames', blank);
    const natoms = scanner.integer('the number of atoms');
    if (natoms < 0 || natoms > MAX_ATOMS)
      throw scanner.error(`expected a number of atoms up to ${MAX_ATOMS}, found ${natoms}`);
    if (scanner.token())
      throw scanner.error(`expected only the number of atoms, found "${scanner.text().trim().slice(0, 40)}"`);
    if (!scanner.terminated) throw scanner.truncated('a comment line');
    return natoms;
  }

  #report(comment: CommentLine): void {
    for (const { code, message, once } of comment.notes) {
      if (once) this.#once(code, message, comment.line);
      else this.#warn(code, message, comment.line);
    }
    const { foreign } = comment;
    if (foreign?.note) {
      const done = this.#options.asRead ? 'numbers are kept, the cell is not applied' : 'converted to angstrom and eV';
      this.#once('foreign-comment', `${foreign.note}: ${done}`, comment.line);
    }
    if (foreign?.program === 'CP2K' && /-(frc|vel)-\d+\.xyz/.test(this.#options.path))
      this.#once(
        'not-positions',
        'the name says that the rows are forces or velocities: they are read as positions',
        comment.line,
      );
  }

  /** `VEC1 x y z` rows after the atoms, as ASE reads them: rows of the cell. */
  async #vectors(comment: CommentLine): Promise<Float64Array | undefined> {
    const { scanner } = this;
    let cell: Float64Array | undefined;
    for (let k = 0; await scanner.line(); k++) {
      if (!isVector(scanner)) {
        scanner.unread();
        break;
      }
      if (k > 2 || comment.cell)
        throw scanner.error('expected at most three VEC rows and no Lattice, found a further cell vector');
      scanner.token();
      if (scanner.tokenText() !== `VEC${k + 1}`)
        throw scanner.error(`expected VEC${k + 1}, found "${scanner.tokenText()}"`);
      cell ??= new Float64Array(9);
      for (let c = 0; c < 3; c++) cell[3 * k + c] = scanner.number(`component ${c + 1} of VEC${k + 1}`);
      if (k === 0)
        this.#once('vec-rows', 'VEC rows are no part of the format: read as the cell, as ASE does', scanner.lineNumber);
    }
    return cell;
  }

  #frame(natoms: number, line: number, comment: CommentLine, rows: Rows, vectors: Float64Array | undefined): Frame {
    const { plan, foreign } = comment;
    const asRead = this.#options.asRead === true;
    const lammps = comment.lammps && !asRead ? this.#lammpsUnits(comment.line) : undefined;
    const length = asRead ? 1 : (foreign?.lengthFactor ?? lammps?.length ?? 1);
    const read = rows.columns[plan.pos]?.data as Float64Array;
    const positions = length === 1 ? read : read.map((x) => x * length);
    const arrays = this.#arrays(natoms, comment, rows);
    const foreignCell = asRead ? undefined : foreign?.cell;
    const fileCell = comment.cell ?? vectors;
    const cell = foreignCell ?? (fileCell && length !== 1 ? fileCell.map((x) => x * length) : fileCell) ?? null;
    const pbc = comment.pbc ?? pbcOf(cell, vectors);
    const { labels, from } = findLabels({
      info: foreign?.energy ? { ...comment.info, energy: comment.info[foreign.energy.key] } : comment.info,
      arrays,
      cell,
      keys: this.#keysOf(comment),
      units: this.#labelUnits(comment, lammps),
      warn: (code, message) => this.#warn(code, message, comment.line),
    });
    this.#reportOrigin(from, comment.line);
    const masses = realColumn(arrays, MASS_COLUMNS, lammps?.mass);
    const charges = realColumn(arrays, CHARGE_COLUMNS, lammps?.charge);
    const numbers = this.#numbers(natoms, comment, rows, arrays);
    const velocities = this.#velocities(arrays, masses, numbers, lammps, comment);
    return {
      natoms,
      cell,
      pbc,
      numbers,
      positions,
      ...(velocities ? { velocities } : {}),
      ...(masses ? { masses } : {}),
      ...(charges ? { charges } : {}),
      ...(labels ? { labels } : {}),
      arrays,
      info: comment.info,
      origin: { path: this.#options.path, frame: this.#index, line },
    };
  }

  /** The key table as far as a frame with these keys and columns can use it. */
  #keysOf(comment: CommentLine): LabelKeys {
    const layout = layoutOf(comment);
    if (layout && layout === this.#layout) return this.#present;
    const table = comment.lammps ? { ...this.#keys, energy: [...this.#keys.energy, 'Potential_energy'] } : this.#keys;
    if (!layout || comment.foreign) return table;
    this.#layout = layout;
    this.#present = presentKeys(
      table,
      layout.keys,
      layout.columns.map(({ name }) => name),
    );
    this.#statesUnits = statesUnits(layout.keys);
    return this.#present;
  }

  #reportOrigin(from: LabelOrigin, line: number): void {
    const last = this.#from;
    if (
      from.energy === last.energy &&
      from.energySigma0 === last.energySigma0 &&
      from.forces === last.forces &&
      from.virial === last.virial &&
      from.stress === last.stress
    )
      return;
    this.#from = from;
    const texts = originTexts(from);
    if (texts.some((text) => !DEFAULT_SOURCES.has(text)))
      this.#once('labels', `labels: ${texts.join(', ')}`, line, 'info');
  }

  #arrays(natoms: number, { plan, foreign, line }: CommentLine, rows: Rows): Record<string, PerAtom> {
    const entries: [string, PerAtom][] = [];
    if (rows.labels) entries.push(['species', { columns: 1, data: rows.labels }]);
    if (foreign?.program === 'LAMMPS' && natoms > 0 && rows.integerSpecies === natoms)
      entries.push(['type', { columns: 1, data: Int32Array.from(rows.numbers) }]);
    plan.columns.forEach(({ name }, c) => {
      const column = rows.columns[c];
      if (column && c !== plan.pos) entries.push([name, column]);
      if (rows.nonFinite[c] > 0) this.#warn('not-finite', `column ${name} holds NaN or infinity`, rows.nonFinite[c]);
    });
    if (rows.extraLine > 0)
      this.#once('extra-columns', 'columns beyond the fourth are not declared by Properties: not read', rows.extraLine);
    if (rows.labels?.some((label) => label !== 'X' && elementOfLabel(label) === 0))
      this.#once('unknown-species', `species ${unknownLabels(rows.labels)} are no elements: number 0`, line);
    return Object.fromEntries(entries);
  }

  #numbers(natoms: number, comment: CommentLine, rows: Rows, arrays: Record<string, PerAtom>): Uint8Array {
    const { scanner } = this;
    const z = arrays['Z']?.data;
    if (Object.hasOwn(arrays, 'type') && comment.foreign) {
      const map = this.#options.typeMap;
      return Uint8Array.from(rows.numbers, (type) => (map ? elementOfLabel(map[type - 1] ?? '') : 0));
    }
    if (comment.plan.species < 0) {
      if (!(z instanceof Int32Array)) {
        if (natoms > 0)
          this.#once('no-species', 'there is no species and no Z column: elements are unknown', comment.line);
        return new Uint8Array(natoms);
      }
      const wrong = z.findIndex((number) => number < 0 || number > 118);
      if (wrong >= 0)
        throw scanner.error(`expected atomic numbers in column Z, found ${z[wrong]}`, comment.line + 1 + wrong);
      return Uint8Array.from(z);
    }
    if (z instanceof Int32Array && z.some((number, k) => number !== rows.numbers[k]))
      this.#once('species-z', 'columns species and Z contradict each other: species is used', comment.line);
    return rows.numbers;
  }

  /** ASE momenta, in amu·Å per ASE time, where ASE's time unit makes m·v² an energy in eV; LAMMPS `vel` in its unit style. */
  #velocities(
    arrays: Record<string, PerAtom>,
    masses: Float64Array | undefined,
    numbers: Uint8Array,
    lammps: UnitStyle | undefined,
    { line }: CommentLine,
  ): Float64Array | undefined {
    const momenta = vectorColumn(arrays, 'momenta');
    if (momenta) {
      const mass = (k: number) => masses?.[k] ?? massOf(numbers[k]);
      if (numbers.some((_, k) => !(mass(k) > 0))) {
        this.#once('no-mass', 'momenta need masses to become velocities: kept as a column', line);
        return undefined;
      }
      return momenta.map((p, k) => p / (mass(Math.floor(k / 3)) * Math.sqrt(AMU_A2_PS2)));
    }
    const vel = vectorColumn(arrays, 'vel');
    if (vel && lammps) return lammps.velocity === 1 ? vel : vel.map((v) => v * lammps.velocity);
    const unstated = ['vel', 'velo', 'velocities'].find((name) => vectorColumn(arrays, name));
    if (unstated)
      this.#once(
        'velocity-unit',
        `the unit of column ${unstated} is not stated: kept as a column, not used as velocities`,
        line,
        'info',
      );
    return undefined;
  }

  /** The unit style of a LAMMPS `dump extxyz` file: it is not in the file. */
  #lammpsUnits(line: number): UnitStyle {
    if (this.#lammps) return this.#lammps;
    this.#once('assumed-units', 'written by LAMMPS, which does not state its units: metal is assumed', line);
    return LAMMPS_UNITS['metal'];
  }

  #labelUnits(comment: CommentLine, lammps: UnitStyle | undefined) {
    const { asRead } = this.#options;
    if (comment.foreign?.energy && !asRead)
      return { energy: comment.foreign.energy.factor, force: 1, stress: 1, virial: 1 };
    if (lammps) return { energy: lammps.energy, force: lammps.energy / lammps.length, stress: 1, virial: 1 };
    if (!this.#statesUnits && !comment.foreign) return NO_CONVERSION;
    const stated = unitsOfKeys(comment.info, (message) => this.scanner.error(message, comment.line));
    if (stated && asRead)
      this.#once('unit-keys', `unit keys (${stated.keys}): the numbers are kept as they are`, comment.line);
    else if (stated)
      this.#once('unit-keys', `unit keys (${stated.keys}): labels converted to eV and angstrom`, comment.line);
    return stated && !asRead ? stated.units : NO_CONVERSION;
  }

  #warn(code: string, message: string, line: number): void {
    this.#options.onDiagnostic({ severity: 'warning', code, message, at: this.#at(line) });
  }

  #once(code: string, message: string, line: number, severity: Diagnostic['severity'] = 'warning'): void {
    if (this.#said.has(message) || this.#said.size >= MAX_SAID) return;
    this.#said.add(message);
    this.#options.onDiagnostic({ severity, code, message, at: this.#at(line), once: true });
  }

  #at(line: number) {
    return { path: this.#options.path, line, frame: this.#index };
  }
}

const NO_CONVERSION = { energy: 1, force: 1, stress: 1, virial: 1 };
const DEFAULT_SOURCES = new Set([
  'energy = energy',
  'energy = free_energy',
  'energy(sigma->0) = energy',
  'forces = forces',
  'virial = virial',
  'virial = -volume*stress',
]);
/** Columns that fill `masses` and `charges` of a frame, the first that is there. */
export const MASS_COLUMNS = ['masses', 'mass'];
export const CHARGE_COLUMNS = ['charges', 'initial_charges', 'charge', 'q'];

/** True for a line that begins with `VEC` and a digit. Asked after every frame, hence by bytes. */
function isVector(scanner: TextScanner): boolean {
  const { bytes, end } = scanner;
  let at = scanner.start;
  while (at < end && bytes[at] <= 32) at++;
  return bytes[at] === 86 && /^VEC\d/.test(scanner.text().trim());
}

function pbcOf(cell: Float64Array | null, vectors: Float64Array | undefined): readonly [boolean, boolean, boolean] {
  if (!cell) return [false, false, false];
  if (!vectors) return [true, true, true];
  const given = (k: number) => vectors[3 * k] !== 0 || vectors[3 * k + 1] !== 0 || vectors[3 * k + 2] !== 0;
  return [given(0), given(1), given(2)];
}

function realColumn(arrays: Record<string, PerAtom>, names: readonly string[], factor = 1): Float64Array | undefined {
  for (const name of names) {
    const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
    if (array?.columns !== 1 || !(array.data instanceof Float64Array)) continue;
    return factor === 1 ? array.data : array.data.map((x) => x * factor);
  }
  return undefined;
}

function vectorColumn(arrays: Record<string, PerAtom>, name: string): Float64Array | undefined {
  const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
  return array?.columns === 3 && array.data instanceof Float64Array ? array.data : undefined;
}

function unknownLabels(labels: readonly string[]): string {
  const unknown = [...new Set(labels.filter((label) => label !== 'X' && elementOfLabel(label) === 0))];
  return `${unknown.slice(0, 5).join(' ')}${unknown.length > 5 ? ' …' : ''}`;
}
