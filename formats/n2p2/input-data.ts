import { signedVolume } from '../../src/core/cell.ts';
import { atomicNumber, symbolOf } from '../../src/core/elements.ts';
import { MissingDataError, TruncatedError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import { ENERGY_UNITS, LENGTH_UNITS } from '../../src/core/units.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Format, ReadOptions, WriteOptions } from '../format.ts';

/** RuNNer and n2p2 `input.data`. */
export const runner = {
  name: 'runner',
  aliases: ['n2p2', 'input.data'],
  description: 'RuNNer / n2p2 input.data',
  reference: 'https://compphysvienna.github.io/n2p2/topics/cfg_file.html',
  fileNames: [/input\.data/i, /\.data\.runner$/i],
  carries: {
    frames: 'many',
    composition: 'any',
    cell: 'any',
    pbc: 'all-or-none',
    elements: true,
    velocities: false,
    masses: false,
    charges: true,
    energy: true,
    energySigma0: false,
    forces: true,
    virial: false,
    arrays: false,
    info: false,
    arrayKeys: ['unused'],
    infoKeys: ['comment', 'set', 'total_charge', 'charge_total'],
    units: 'not in the file; bohr and hartree by convention (--length-unit, --energy-unit)',
  },
  sniff: (head) => {
    const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 4096)).toString('latin1');
    const body = text.replace(/^(\s*(#.*)?\r?\n)*/, '');
    if (!/^\s*begin(\s+set=\w+)?\s*(\n|\r|$)/.test(body)) return 0;
    return /^\s*(lattice|atom|comment)\s/m.test(body) ? 1 : 0.4;
  },
  read: readInputData,
  write: writeInputData,
} as const satisfies Format;

interface Factors {
  readonly length: number;
  readonly energy: number;
}

/** Factors into Å and eV. Throws MissingDataError unless both units are given. */
function factorsOf(options: Pick<ReadOptions, 'lengthUnit' | 'energyUnit'>): Factors {
  const { lengthUnit, energyUnit } = options;
  const length = LENGTH_UNITS[lengthUnit ?? ''];
  const energy = ENERGY_UNITS[energyUnit ?? ''];
  if (length === undefined || energy === undefined) {
    const names = (units: Readonly<Record<string, number>>) => Object.keys(units).join(', ');
    throw new MissingDataError(
      'RuNNer input.data does not state its units',
      `give --length-unit (${names(LENGTH_UNITS)}) and --energy-unit (${names(ENERGY_UNITS)}); bohr and hartree are the convention`,
    );
  }
  return { length, energy };
}

async function* readInputData(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const factors = options.asRead ? { length: 1, energy: 1 } : factorsOf(options);
  const scanner = new TextScanner(source, options.path, 'runner');
  const reader = new BlockReader(scanner, factors, options);
  try {
    for (let index = 0; ; index++) {
      const frame = await reader.next(index);
      if (!frame) {
        if (index === 0) throw scanner.truncated('"begin"');
        return;
      }
      yield frame;
    }
  } catch (error) {
    if (options.strict || !(error instanceof TruncatedError)) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.message, at: error.at });
  } finally {
    await scanner.close();
  }
}

/** What one begin … end block has collected; arrays grow with the lines read. */
class Block {
  readonly comments: string[] = [];
  readonly lattice: number[] = [];
  /** Line of the last one. */
  latticeLine = 0;
  readonly numbers: number[] = [];
  /** x y z charge unused fx fy fz per atom. */
  readonly values: number[] = [];
  set: string | undefined;
  energy: number | undefined;
  charge: number | undefined;
}

class BlockReader {
  readonly #scanner: TextScanner;
  readonly #factors: Factors;
  readonly #options: ReadOptions;
  readonly #said = new Set<string>();

  constructor(scanner: TextScanner, factors: Factors, options: ReadOptions) {
    this.#scanner = scanner;
    this.#factors = factors;
    this.#options = options;
  }

  async next(index: number): Promise<Frame | undefined> {
    const scanner = this.#scanner;
    scanner.frame = undefined;
    const block = await this.#begin();
    if (!block) return undefined;
    const line = scanner.lineNumber;
    scanner.frame = index;
    for (;;) {
      await scanner.need('"end" of the block');
      if (!scanner.token()) throw scanner.error('expected a keyword, found a blank line inside begin … end');
      const keyword = scanner.tokenText();
      if (keyword === 'end') break;
      this.#line(keyword, block);
    }
    if (scanner.token()) throw scanner.error(`expected only "end", found "${scanner.text().trim().slice(0, 40)}"`);
    if (!scanner.terminated) this.#warn('no-final-newline', 'the last line has no line break');
    return this.#frame(block, line, index);
  }

  /** The next `begin`; blank lines and lines with # may stand between blocks. */
  async #begin(): Promise<Block | undefined> {
    const scanner = this.#scanner;
    while (await scanner.line()) {
      if (!scanner.token()) continue;
      const word = scanner.tokenText();
      if (word.startsWith('#')) {
        this.#warn('text-between-frames', 'a comment line between the blocks is not kept');
        continue;
      }
      if (word !== 'begin') throw scanner.error(`expected "begin", found "${scanner.text().trim().slice(0, 40)}"`);
      const block = new Block();
      if (scanner.token()) {
        const mark = /^set=(\w+)$/.exec(scanner.tokenText());
        if (!mark || scanner.token())
          throw scanner.error(`expected "begin" or "begin set=NAME", found "${scanner.text().trim().slice(0, 40)}"`);
        block.set = mark[1];
      }
      return block;
    }
    return undefined;
  }

  #line(keyword: string, block: Block): void {
    const scanner = this.#scanner;
    switch (keyword) {
      case 'atom':
        this.#atom(block);
        return;
      case 'lattice':
        if (block.lattice.length === 9) throw scanner.error('expected three lattice lines at most, found a fourth');
        for (const axis of 'xyz') block.lattice.push(this.#number(`component ${axis} of a lattice vector`));
        this.#end('lattice');
        block.latticeLine = scanner.lineNumber;
        return;
      case 'energy':
        if (block.energy !== undefined) throw scanner.error('expected one energy in a block, found a second');
        block.energy = this.#number('the energy');
        this.#end('energy');
        return;
      case 'charge':
        if (block.charge !== undefined) throw scanner.error('expected one charge in a block, found a second');
        block.charge = this.#number('the total charge');
        this.#end('charge');
        return;
      case 'comment':
        block.comments.push(scanner.text().replace(/^\s*comment\s?/, ''));
        return;
      case 'begin':
        throw scanner.error('expected "end" of the block, found "begin"');
      default:
        throw scanner.error(`expected comment, lattice, atom, energy, charge or end, found "${keyword.slice(0, 40)}"`);
    }
  }

  #atom(block: Block): void {
    const scanner = this.#scanner;
    const { values } = block;
    for (const axis of 'xyz') values.push(this.#number(`coordinate ${axis}`));
    if (!scanner.token()) throw scanner.error('expected an element symbol, found the end of the line');
    const symbol = scanner.tokenText();
    const number = atomicNumber(symbol);
    if (number === 0) throw scanner.error(`expected an element symbol, found "${symbol.slice(0, 40)}"`);
    block.numbers.push(number);
    for (const what of ['the atomic charge', 'the unused column']) values.push(this.#number(what));
    for (const axis of 'xyz') values.push(this.#number(`force component ${axis}`));
    this.#end('atom');
  }

  #number(what: string): number {
    const scanner = this.#scanner;
    const value = scanner.number(what);
    if (!Number.isFinite(value))
      throw scanner.error(`expected ${what} (a finite number), found "${scanner.tokenText()}"`);
    if (hasFortranExponent(scanner)) {
      const text = scanner.tokenText();
      this.#once('d-exponent', `n2p2 reads "${text}" only up to the letter D; here it is ${value}`);
    }
    return value;
  }

  #end(keyword: string): void {
    const scanner = this.#scanner;
    if (scanner.token())
      throw scanner.error(`expected the end of the ${keyword} line, found "${scanner.tokenText().slice(0, 40)}"`);
  }

  #frame(block: Block, line: number, index: number): Frame {
    const { numbers, values, lattice, energy } = block;
    const scanner = this.#scanner;
    if (lattice.length !== 0 && lattice.length !== 9)
      throw scanner.error(`expected no or three lattice lines in the block, found ${lattice.length / 3}`);
    if (lattice.length === 9 && signedVolume(Float64Array.from(lattice)) === 0)
      throw scanner.error('expected three lattice vectors that span a volume, found zero volume', block.latticeLine);
    const { length, energy: energyFactor } = this.#factors;
    const natoms = numbers.length;
    const column = (first: number, count: number, factor: number) => {
      const out = new Float64Array(natoms * count);
      for (let k = 0; k < natoms; k++)
        for (let c = 0; c < count; c++) {
          const value = values[8 * k + first + c];
          out[k * count + c] = factor === 1 ? value : value * factor;
        }
      return out;
    };
    const unused = column(4, 1, 1);
    const arrays: Record<string, PerAtom> = unused.some((x) => x !== 0) ? { unused: { columns: 1, data: unused } } : {};
    const info: Record<string, InfoValue> = {};
    if (block.comments.length > 0) info['comment'] = block.comments.length === 1 ? block.comments[0] : block.comments;
    if (block.set !== undefined) info['set'] = block.set;
    if (block.charge !== undefined) info['total_charge'] = block.charge;
    const periodic = lattice.length === 9;
    return {
      natoms,
      cell: periodic ? Float64Array.from(lattice, (x) => (length === 1 ? x : x * length)) : null,
      pbc: [periodic, periodic, periodic],
      numbers: Uint8Array.from(numbers),
      positions: column(0, 3, length),
      charges: column(3, 1, 1),
      labels: {
        ...(energy === undefined ? {} : { energy: energyFactor === 1 ? energy : energy * energyFactor }),
        forces: column(5, 3, energyFactor / length),
      },
      arrays,
      info,
      origin: { path: this.#options.path, line, frame: index },
    };
  }

  #warn(code: string, message: string): void {
    const at = { path: this.#options.path, line: this.#scanner.lineNumber };
    this.#options.onDiagnostic({ severity: 'warning', code, message, at });
  }

  #once(code: string, message: string): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#warn(code, message);
  }
}

function hasFortranExponent({ bytes, tokenStart, tokenEnd }: TextScanner): boolean {
  for (let k = tokenStart; k < tokenEnd; k++) if ((bytes[k] | 32) === 100) return true;
  return false;
}

/** Throws MissingDataError for a frame without energy or forces: the columns of this format cannot say "not known". */
async function* writeInputData(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  const factors = factorsOf(options);
  let index = 0;
  for await (const frame of frames) yield blockText(frame, index++, factors, options);
}

function blockText(frame: Frame, index: number, { length, energy }: Factors, options: WriteOptions): string {
  const { labels, numbers, positions, charges, info, cell, pbc } = frame;
  if (labels?.energy === undefined || !labels.forces)
    throw new MissingDataError(
      `frame ${index} has no ${labels?.energy === undefined ? 'force-consistent energy' : 'forces'}`,
      'input.data holds both for every structure: leave the frame out, or label it first',
    );
  const unknown = numbers.indexOf(0);
  if (unknown >= 0)
    throw new MissingDataError(`atom ${unknown + 1} of frame ${index} has no element`, 'give a type map');
  const text = (value: number, factor: number) => {
    if (!Number.isFinite(value))
      throw new MissingDataError(`frame ${index} has a value that is not finite`, 'leave the frame out');
    return String(factor === 1 ? value : value / factor);
  };
  const row = (data: Float64Array, k: number, factor: number) =>
    `${text(data[3 * k], factor)} ${text(data[3 * k + 1], factor)} ${text(data[3 * k + 2], factor)}`;
  const lines = [info['set'] === undefined ? 'begin' : `begin set=${String(info['set'])}`];
  for (const comment of commentsOf(info['comment'])) lines.push(`comment ${comment}`);
  const periodic = cell !== null && pbc.includes(true);
  if (cell && (!periodic || pbc.includes(false)))
    options.onDiagnostic({
      severity: 'warning',
      code: 'periodicity',
      message: `frame ${index}: ${periodic ? 'periodic in some directions, written as periodic in all' : 'not periodic, the cell is not written'}`,
    });
  if (cell && periodic) for (let k = 0; k < 3; k++) lines.push(`lattice ${row(cell, k, length)}`);
  const unused = frame.arrays['unused']?.data;
  for (let k = 0; k < frame.natoms; k++)
    lines.push(
      `atom ${row(positions, k, length)} ${symbolOf(numbers[k])} ${text(charges?.[k] ?? 0, 1)} ` +
        `${unused instanceof Float64Array ? text(unused[k], 1) : '0.0'} ${row(labels.forces, k, energy / length)}`,
    );
  lines.push(`energy ${text(labels.energy, energy)}`, `charge ${totalCharge(frame, index, options)}`, 'end', '');
  return lines.join('\n');
}

function commentsOf(value: InfoValue | undefined): string[] {
  if (value === undefined) return [];
  return [value].flat().flatMap((text) => String(text).split(/[\r\n]+/));
}

/** The total charge, which the format asks for: as stated, else zero with a message. */
function totalCharge({ info }: Frame, index: number, options: WriteOptions): string {
  const stated = info['total_charge'] ?? info['charge_total'];
  if (typeof stated === 'number' && Number.isFinite(stated)) return String(stated);
  if (index === 0)
    options.onDiagnostic({
      severity: 'info',
      code: 'assumed-charge',
      message: 'no total charge is known: written as 0',
    });
  return '0.0';
}
