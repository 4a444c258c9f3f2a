import type { DiagnosticSink } from '../../src/core/diagnostic.ts';
import { numberOf } from '../../src/scan/numbers.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';

const FORMAT = 'lammps-log';

/** Thermodynamic output of one `run` or `minimize`, in the units of the simulation. */
export interface ThermoTable {
  readonly columns: readonly string[];
  /** One array a column; words that are no numbers (a `custom` string) are NaN. */
  readonly values: Readonly<Record<string, Float64Array>>;
  readonly rows: number;
  /** Line of the header. */
  readonly line: number;
  /** False when the log ends or goes on without "Loop time", as when the run was killed. */
  readonly complete: boolean;
  /** WARNING lines between the rows. */
  readonly warnings: readonly { readonly line: number; readonly text: string }[];
}

/** How LAMMPS prints thermo output: `thermo_style one/custom`, `multi`, `thermo_modify line yaml`. */
type Layout = 'columns' | 'multi' | 'yaml';

/**
 * The thermo tables of a LAMMPS log file (manual page "thermo_style"), one for each run, in file order. Output of the styles
 * one, custom, multi and yaml; warnings between the rows are kept apart. A last row that is cut off is dropped with a
 * diagnostic. Throws FormatError for a row with more or fewer values than columns.
 */
export async function* readThermo(
  source: AsyncIterable<Uint8Array>,
  options: { readonly path: string; readonly onDiagnostic: DiagnosticSink },
): AsyncGenerator<ThermoTable, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  let table: TableBuilder | undefined;
  let announced = false;
  try {
    while (await scanner.line()) {
      const text = scanner.text().trim();
      if (!table) {
        if (announced) table = TableBuilder.begin(text, scanner.lineNumber);
        announced = /^(Per MPI rank memory|Memory usage per processor)/.test(text) || (announced && !table);
        continue;
      }
      if (/^Loop time of /.test(text)) {
        yield table.end(true);
        table = undefined;
        announced = false;
      } else if (/^(ERROR|Last command:|Per MPI rank memory)/.test(text)) {
        yield table.end(false);
        table = undefined;
        announced = text.startsWith('Per');
      } else if (/^WARNING/.test(text)) table.warnings.push({ line: scanner.lineNumber, text });
      else table.add(scanner, text);
    }
    if (!table) return;
    if (!scanner.terminated && table.dropLast(scanner.lineNumber))
      report(scanner, options.onDiagnostic, 'its last row is cut off and left out');
    else report(scanner, options.onDiagnostic, 'the run did not end');
    yield table.end(false);
  } finally {
    await scanner.close();
  }
}

function report(scanner: TextScanner, sink: DiagnosticSink, what: string): void {
  const at = { path: scanner.path, line: scanner.lineNumber };
  sink({ severity: 'warning', code: 'truncated', message: `the log ends within a thermo table: ${what}`, at });
}

class TableBuilder {
  readonly warnings: { line: number; text: string }[] = [];
  readonly #layout: Layout;
  readonly #line: number;
  #columns: string[];
  readonly #rows: number[][] = [];
  /** Line of the last row, and the names of a `multi` block that is being read. */
  #lastLine = 0;
  #block: [string, number][] = [];

  private constructor(layout: Layout, columns: string[], line: number) {
    this.#layout = layout;
    this.#columns = columns;
    this.#line = line;
  }

  /** The table that this line begins; undefined when it is no header. */
  static begin(text: string, line: number): TableBuilder | undefined {
    if (/^-+ Step +-?\d+ /.test(text)) {
      const table = new TableBuilder('multi', [], line);
      table.#addMulti(text, line);
      return table;
    }
    if (text === '---') return new TableBuilder('yaml', [], line);
    const words = text.split(/\s+/);
    if (text === '' || !words.every((word) => /^[A-Za-z_]/.test(word)) || /^WARNING/.test(text)) return undefined;
    return new TableBuilder('columns', words, line);
  }

  add(scanner: TextScanner, text: string): void {
    if (this.#layout === 'multi') this.#addMulti(text, scanner.lineNumber);
    else if (this.#layout === 'yaml') this.#addYaml(scanner, text);
    else {
      const words = text.split(/\s+/);
      const isRow = words.every((word) => numberOf(word) !== undefined);
      // Fixes and pair styles print lines of their own between the rows.
      if (isRow || (words.length === this.#columns.length && numberOf(words[0]) !== undefined))
        this.#push(scanner, words);
    }
  }

  #push(scanner: TextScanner, words: readonly string[]): void {
    if (words.length !== this.#columns.length) {
      if (!scanner.terminated) return;
      throw scanner.error(
        `expected ${this.#columns.length} values, found ${words.length} ("${scanner.text().slice(0, 60)}")`,
      );
    }
    this.#rows.push(words.map((word) => numberOf(word) ?? Number.NaN));
    this.#lastLine = scanner.lineNumber;
  }

  /** `------------ Step     10 ----- CPU =  0.1 (sec) ----` and then `TotEng = -1.5 KinEng = …`. */
  #addMulti(text: string, line: number): void {
    const step = /^-+ Step +(-?\d+) -+ CPU = +(\S+)/.exec(text);
    if (step) {
      this.#closeBlock();
      this.#block = [
        ['Step', Number(step[1])],
        ['CPU', numberOf(step[2]) ?? Number.NaN],
      ];
    } else
      for (const [, name, value] of text.matchAll(/(\S+) += +(\S+)/g))
        this.#block.push([name, numberOf(value) ?? Number.NaN]);
    this.#lastLine = line;
  }

  /** A block with fewer values than the first is not complete. */
  #closeBlock(): void {
    if (this.#block.length === 0) return;
    if (this.#columns.length === 0) this.#columns = this.#block.map(([name]) => name);
    if (this.#block.length === this.#columns.length) this.#rows.push(this.#block.map(([, value]) => value));
    this.#block = [];
  }

  #addYaml(scanner: TextScanner, text: string): void {
    const list = /\[(.*)\]/
      .exec(text)?.[1]
      .split(',')
      .map((word) => word.trim().replace(/^'(.*)'$/, '$1'))
      .filter(Boolean);
    if (text.startsWith('keywords:') && list) this.#columns = list;
    else if (text.startsWith('- [') && list) this.#push(scanner, list);
  }

  /** Forgets the row of this line: it may be cut. True when there was one. */
  dropLast(line: number): boolean {
    if (this.#lastLine !== line) return false;
    if (this.#layout === 'multi') this.#block = [];
    else this.#rows.pop();
    return true;
  }

  end(complete: boolean): ThermoTable {
    this.#closeBlock();
    const columns = this.#columns;
    const values = Object.fromEntries(columns.map((name, c) => [name, Float64Array.from(this.#rows, (row) => row[c])]));
    return { columns, values, rows: this.#rows.length, line: this.#line, complete, warnings: this.warnings };
  }
}
