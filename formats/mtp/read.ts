import { toCartesian } from '../../src/core/cell.ts';
import { atomicNumber } from '../../src/core/elements.ts';
import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import { fromVoigt } from '../../src/core/tensor.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';

const MAX_ATOMS = 2 ** 31 - 1;
/** Order of ASE; the header of PlusStress may give another. */
const COMPONENTS = ['xx', 'yy', 'zz', 'yz', 'xz', 'xy'];

/** Configurations in file order. PlusStress is the virial (eV, compression > 0), MinusStress its negative. */
export async function* readCfg(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, 'mtp-cfg');
  const reader = new CfgReader(scanner, options);
  try {
    for (let index = 0; ; index++) {
      const frame = await reader.next(index);
      if (!frame) {
        if (index === 0) throw scanner.truncated('BEGIN_CFG');
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

/** What one configuration has collected. */
class Configuration {
  size: number | undefined;
  cell: number[] = [];
  columns: readonly string[] | undefined;
  rows: number[] = [];
  energy: number | undefined;
  virial: Float64Array | undefined;
  readonly features: [string, InfoValue][] = [];
}

class CfgReader {
  readonly #scanner: TextScanner;
  readonly #options: ReadOptions;
  readonly #said = new Set<string>();

  constructor(scanner: TextScanner, options: ReadOptions) {
    this.#scanner = scanner;
    this.#options = options;
  }

  async next(index: number): Promise<Frame | undefined> {
    const scanner = this.#scanner;
    scanner.frame = undefined;
    do {
      if (!(await scanner.line())) return undefined;
    } while (scanner.isBlank());
    scanner.frame = index;
    if (scanner.text().trim() !== 'BEGIN_CFG')
      throw scanner.error(`expected BEGIN_CFG, found "${scanner.text().trim().slice(0, 40)}"`);
    const line = scanner.lineNumber;
    const cfg = new Configuration();
    for (;;) {
      await scanner.need('END_CFG');
      if (!scanner.token()) continue;
      const word = scanner.tokenText().replace(/:$/, '');
      if (word === 'END_CFG') break;
      await this.#section(word, cfg);
    }
    if (!scanner.terminated) this.#once('no-final-newline', 'the last line has no line break', scanner.lineNumber);
    return this.#frame(cfg, line, index);
  }

  async #section(word: string, cfg: Configuration): Promise<void> {
    const scanner = this.#scanner;
    const once = (seen: boolean) => {
      if (seen) throw scanner.error(`expected ${word} once in a configuration, found it again`);
    };
    switch (word) {
      case 'Size':
        once(cfg.size !== undefined);
        await scanner.need('the number of atoms');
        cfg.size = scanner.integer('the number of atoms');
        if (cfg.size < 0 || cfg.size > MAX_ATOMS) throw scanner.error(`expected a number of atoms, found ${cfg.size}`);
        return;
      case 'Supercell':
      case 'SuperCell':
        once(cfg.cell.length > 0);
        return this.#supercell(cfg);
      case 'AtomData':
        once(cfg.columns !== undefined);
        return this.#atoms(cfg);
      case 'Energy':
        once(cfg.energy !== undefined);
        await scanner.need('the energy');
        cfg.energy = this.#finite('the energy');
        return;
      case 'PlusStress':
      case 'MinusStress':
      case 'Stress':
        once(cfg.virial !== undefined);
        return this.#stress(word, cfg);
      case 'Feature':
        this.#feature(cfg);
        return;
      case 'BEGIN_CFG':
        throw scanner.error('expected END_CFG, found BEGIN_CFG');
      default:
        throw scanner.error(
          `expected a section of a configuration (Size, Supercell, AtomData, …), found "${word.slice(0, 40)}"`,
        );
    }
  }

  async #supercell(cfg: Configuration): Promise<void> {
    const scanner = this.#scanner;
    for (let k = 0; k < 3; k++) {
      await scanner.need(`cell vector ${k + 1}`);
      for (const axis of 'xyz') cfg.cell.push(this.#finite(`component ${axis} of cell vector ${k + 1}`));
    }
  }

  async #atoms(cfg: Configuration): Promise<void> {
    const scanner = this.#scanner;
    if (cfg.size === undefined) throw scanner.error('expected Size before AtomData');
    const columns = scanner.tokens();
    for (const name of ['type', ...(columns.includes('direct_x') ? DIRECT : CARTESIAN)])
      if (!columns.includes(name))
        throw scanner.error(`expected a column ${name} in AtomData, found ${columns.join(' ')}`);
    if (new Set(columns).size !== columns.length) throw scanner.error('expected each column of AtomData once');
    cfg.columns = columns;
    for (let row = 0; row < cfg.size; row++) {
      await scanner.need(`row ${row + 1} of ${cfg.size} atoms`);
      for (const name of columns) cfg.rows.push(this.#finite(name));
      if (scanner.token()) throw scanner.error(`expected ${columns.length} values in the row, found more`);
    }
  }

  async #stress(word: string, cfg: Configuration): Promise<void> {
    const scanner = this.#scanner;
    const order = scanner.tokens();
    if (order.length !== 6 || !COMPONENTS.every((name) => order.includes(name)))
      throw scanner.error(`expected the components ${COMPONENTS.join(' ')} after ${word}, found "${order.join(' ')}"`);
    await scanner.need('six stress components');
    const values = order.map((name) => this.#finite(name));
    const { lineNumber } = scanner;
    if (word === 'Stress') {
      cfg.features.push(['Stress', COMPONENTS.map((name) => values[order.indexOf(name)])]);
      this.#once(
        'stress-sign',
        'the sign of Stress is not stated (PlusStress and MinusStress are): not used as a label',
        lineNumber,
      );
      return;
    }
    const sign = word === 'PlusStress' ? 1 : -1;
    cfg.virial = fromVoigt(
      COMPONENTS.map((name) => sign * values[order.indexOf(name)]),
      'ase',
    );
  }

  #feature(cfg: Configuration): void {
    const scanner = this.#scanner;
    if (!scanner.token()) throw scanner.error('expected the name of a Feature, found the end of the line');
    const name = scanner.tokenText();
    const value = new TextDecoder().decode(scanner.bytes.subarray(scanner.cursor, scanner.end)).trim();
    const before = cfg.features.find(([key]) => key === name);
    if (!before) cfg.features.push([name, value]);
    else before[1] = [...[before[1]].flat(), value] as InfoValue;
  }

  #finite(what: string): number {
    const scanner = this.#scanner;
    const value = scanner.number(what);
    if (!Number.isFinite(value))
      throw scanner.error(`expected ${what} (a finite number), found "${scanner.tokenText()}"`);
    return value;
  }

  #frame(cfg: Configuration, line: number, index: number): Frame {
    const scanner = this.#scanner;
    const { size, columns, rows, energy, virial } = cfg;
    if (size === undefined || (size > 0 && columns === undefined))
      throw scanner.error(`expected ${size === undefined ? 'Size' : 'AtomData'} in the configuration, found none`);
    const names = columns ?? [];
    const width = names.length;
    const pick = (...wanted: string[]) => {
      const at = wanted.map((name) => names.indexOf(name));
      if (at.includes(-1)) return undefined;
      return Float64Array.from(
        { length: size * at.length },
        (_, k) => rows[Math.floor(k / at.length) * width + at[k % at.length]],
      );
    };
    const cell = cfg.cell.length === 9 ? Float64Array.from(cfg.cell) : null;
    const direct = pick(...DIRECT);
    if (direct && !cell) throw scanner.error('expected Supercell for direct coordinates, found none');
    const types = Int32Array.from(pick('type') ?? []);
    const badType = types.findIndex((type, k) => type < 0 || type !== rows[k * width + names.indexOf('type')]);
    if (badType >= 0)
      throw scanner.error(
        `expected types from 0, found ${rows[badType * width + names.indexOf('type')]} at atom ${badType + 1}`,
      );
    const positions = pick(...CARTESIAN) ?? (direct && cell ? toCartesian(direct, cell) : new Float64Array(0));
    const forces = pick(...FORCES);
    const arrays: [string, PerAtom][] = [['type', { columns: 1, data: types }]];
    const fields = new Set(['type', ...CARTESIAN, ...DIRECT, ...(forces ? FORCES : [])]);
    for (const name of names) {
      const data = fields.has(name) ? undefined : pick(name);
      if (!data || (name === 'id' && data.every((id, k) => id === k + 1))) continue;
      arrays.push([
        name,
        { columns: 1, data: data.every(Number.isInteger) && name === 'id' ? Int32Array.from(data) : data },
      ]);
    }
    const labels = {
      ...(energy === undefined ? {} : { energy }),
      ...(forces ? { forces } : {}),
      ...(virial ? { virial } : {}),
    };
    const periodic = cell !== null;
    return {
      natoms: size,
      cell,
      pbc: [periodic, periodic, periodic],
      numbers: Uint8Array.from(types, (type) => this.#number(type)),
      positions,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      arrays: Object.fromEntries(arrays),
      info: Object.fromEntries(cfg.features),
      origin: { path: this.#options.path, line, frame: index },
    };
  }

  #number(type: number): number {
    const map = this.#options.typeMap;
    if (!map) {
      this.#once(
        'no-type-map',
        'types are numbers: elements are unknown without a type map',
        this.#scanner.lineNumber,
        'info',
      );
      return 0;
    }
    if (type >= map.length)
      throw this.#scanner.error(`expected types below ${map.length} (the type map), found ${type}`);
    return atomicNumber(map[type]);
  }

  #once(code: string, message: string, line: number, severity: 'warning' | 'info' = 'warning'): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#options.onDiagnostic({ severity, code, message, at: { path: this.#options.path, line } });
  }
}

const CARTESIAN = ['cartes_x', 'cartes_y', 'cartes_z'];
const DIRECT = ['direct_x', 'direct_y', 'direct_z'];
const FORCES = ['fx', 'fy', 'fz'];
