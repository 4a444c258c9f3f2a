import { TruncatedError, UsageError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { LAMMPS_UNITS, type UnitStyle } from '../../src/core/units.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { CHARGE_COLUMNS, MASS_COLUMNS, realColumn, velocitiesOf } from './atom-columns.ts';
import { type CommentMemory, readComment } from './comment-line.ts';
import type { CommentLine } from './frame-comment.ts';
import { type LabelKeys, labelKeysOf } from './label-keys.ts';
import { findLabels, type LabelOrigin, originTexts, presentKeys } from './labels.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { ColumnPlan } from './properties.ts';
import { Remarks } from './remarks.ts';
import { RowReader, type Rows } from './rows.ts';
import { statesUnits, unitsOfKeys } from './unit-keys.ts';
import { isVector, pbcOf, readVectors } from './vec-rows.ts';
import { elementOfLabel } from './words.ts';

const MAX_ATOMS = 2 ** 31 - 1;
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
  readonly #remarks: Remarks;
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
    this.#remarks = new Remarks(options);
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
      this.#remarks.frame = this.#index;
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
        this.#remarks.warn(
          'no-final-newline',
          'the last line has no line break: its last value may be cut',
          scanner.lineNumber,
        );
      let vectors: Float64Array | undefined;
      if (natoms > 0 && (scanner.tryLine() || (await scanner.fill()))) {
        scanner.unread();
        if (isVector(scanner)) vectors = await readVectors(scanner, comment, this.#remarks);
      }
      yield this.#frame(natoms, line, comment, rows, vectors);
      this.#index++;
      scanner.frame = undefined;
    }
    this.#options.onEnd?.(scanner.lineNumber);
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
      if (once) this.#remarks.once(code, message, comment.line);
      else this.#remarks.warn(code, message, comment.line);
    }
    const { foreign } = comment;
    if (foreign?.note) {
      const done = this.#options.asRead ? 'numbers are kept, the cell is not applied' : 'converted to angstrom and eV';
      this.#remarks.once('foreign-comment', `${foreign.note}: ${done}`, comment.line);
    }
    if (foreign?.program === 'CP2K' && /-(frc|vel)-\d+\.xyz/.test(this.#options.path))
      this.#remarks.once(
        'not-positions',
        'the name says that the rows are forces or velocities: they are read as positions',
        comment.line,
      );
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
      warn: (code, message) => this.#remarks.warn(code, message, comment.line),
    });
    this.#reportOrigin(from, comment.line);
    const masses = realColumn(arrays, MASS_COLUMNS, lammps?.mass);
    const charges = realColumn(arrays, CHARGE_COLUMNS, lammps?.charge);
    const numbers = this.#numbers(natoms, comment, rows, arrays);
    const velocities = velocitiesOf({ arrays, masses, numbers, lammps }, comment.line, this.#remarks);
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
      this.#remarks.once('labels', `labels: ${texts.join(', ')}`, line, 'info');
  }

  #arrays(natoms: number, { plan, foreign, line }: CommentLine, rows: Rows): Record<string, PerAtom> {
    const entries: [string, PerAtom][] = [];
    if (rows.labels) entries.push(['species', { columns: 1, data: rows.labels }]);
    if (foreign?.program === 'LAMMPS' && natoms > 0 && rows.integerSpecies === natoms)
      entries.push(['type', { columns: 1, data: Int32Array.from(rows.numbers) }]);
    plan.columns.forEach(({ name }, c) => {
      const column = rows.columns[c];
      if (column && c !== plan.pos) entries.push([name, column]);
      if (rows.nonFinite[c] > 0)
        this.#remarks.warn('not-finite', `column ${name} holds NaN or infinity`, rows.nonFinite[c]);
    });
    if (rows.extraLine > 0)
      this.#remarks.once(
        'extra-columns',
        'columns beyond the fourth are not declared by Properties: not read',
        rows.extraLine,
      );
    if (rows.labels?.some((label) => label !== 'X' && elementOfLabel(label) === 0))
      this.#remarks.once('unknown-species', `species ${unknownLabels(rows.labels)} are no elements: number 0`, line);
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
          this.#remarks.once('no-species', 'there is no species and no Z column: elements are unknown', comment.line);
        return new Uint8Array(natoms);
      }
      const wrong = z.findIndex((number) => number < 0 || number > 118);
      if (wrong >= 0)
        throw scanner.error(`expected atomic numbers in column Z, found ${z[wrong]}`, comment.line + 1 + wrong);
      return Uint8Array.from(z);
    }
    if (z instanceof Int32Array && z.some((number, k) => number !== rows.numbers[k]))
      this.#remarks.once('species-z', 'columns species and Z contradict each other: species is used', comment.line);
    return rows.numbers;
  }

  /** The unit style of a LAMMPS `dump extxyz` file: it is not in the file. */
  #lammpsUnits(line: number): UnitStyle {
    if (this.#lammps) return this.#lammps;
    this.#remarks.once('assumed-units', 'written by LAMMPS, which does not state its units: metal is assumed', line);
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
      this.#remarks.once('unit-keys', `unit keys (${stated.keys}): the numbers are kept as they are`, comment.line);
    else if (stated)
      this.#remarks.once('unit-keys', `unit keys (${stated.keys}): labels converted to eV and angstrom`, comment.line);
    return stated && !asRead ? stated.units : NO_CONVERSION;
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
function unknownLabels(labels: readonly string[]): string {
  const unknown = [...new Set(labels.filter((label) => label !== 'X' && elementOfLabel(label) === 0))];
  return `${unknown.slice(0, 5).join(' ')}${unknown.length > 5 ? ' …' : ''}`;
}
