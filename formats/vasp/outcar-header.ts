import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { FIRST_LINE } from './outcar-rows.ts';
import { elementOfLabel, labelOfPotential, speciesOfBlocks } from './species.ts';

/** What the head of one run says: program, potentials, counts. */
export class OutcarHeader {
  version: string | undefined;
  nions: number | undefined;
  counts: number[] | undefined;
  countsLine = 0;
  /** Å; start of the run; undefined when the head does not list them. */
  positions: Float64Array | undefined;
  readonly #titles: string[] = [];
  readonly #potcars: string[] = [];

  /** ` vasp.5.4.4.18Apr17-6-g9f103f2a35 (build …) complex`. */
  readVersion(scanner: TextScanner): void {
    scanner.token();
    this.version = scanner.tokenText();
  }

  /** The same behind the end of a line that was cut. */
  readVersionIn(line: string): void {
    this.version = FIRST_LINE.exec(line)?.[1];
  }

  /** `TITEL  = PAW_PBE Fe_pv 02Aug2007`. */
  readTitle(scanner: TextScanner): void {
    this.#titles.push(labelOfPotential(scanner.text().split('=')[1] ?? ''));
  }

  /** `POTCAR:    PAW_PBE Fe_pv 02Aug2007`, printed once or twice a potential. */
  readPotcar(scanner: TextScanner): void {
    this.#potcars.push(labelOfPotential(scanner.text().split('POTCAR:')[1] ?? ''));
  }

  /** `number of dos      NEDOS =    301   number of ions     NIONS =      2`. */
  readNions(scanner: TextScanner): void {
    const found = /\bNIONS =\s*(\d+)/.exec(scanner.text());
    if (found) this.nions = Number(found[1]);
  }

  /** `ions per type =   4   4  16`; up to VASP 6.3.0 at most ten counts are printed. */
  readCounts(scanner: TextScanner): void {
    const words = (scanner.text().split('=')[1] ?? '').trim().split(/\s+/);
    const counts = words.map(Number);
    if (!counts.every((count, k) => /^\d+$/.test(words[k]) && Number.isSafeInteger(count)))
      throw scanner.error(`expected the ions per type, found "${words.join(' ').slice(0, 60)}"`);
    const sum = counts.reduce((a, b) => a + b, 0);
    if (this.nions !== undefined && this.nions !== sum)
      throw scanner.error(
        `expected ions per type that sum up to NIONS = ${this.nions}, found ${sum}: VASP up to 6.3.0 prints at most ` +
          'ten counts, so the species are unknown; read vasprun.xml instead',
      );
    this.counts = counts;
    this.countsLine = scanner.lineNumber;
  }

  get natoms(): number | undefined {
    return this.nions ?? this.counts?.reduce((a, b) => a + b, 0);
  }

  /** One label a block of `ions per type`; null (with a diagnostic) when the lists do not fit each other. */
  labels(options: ReadOptions): readonly string[] | null {
    const ntypes = this.counts?.length ?? 0;
    const labels = [this.#titles, this.#potcars, this.#potcars.slice(0, this.#potcars.length / 2)].find(
      (list) => list.length === ntypes && ntypes > 0,
    );
    if (labels) {
      const foreign = labels.filter((label) => elementOfLabel(label) === 0);
      if (foreign.length > 0) this.#unknown(options, `no element: ${foreign.join(' ')}`);
      return labels;
    }
    if (options.typeMap && options.typeMap.length === ntypes) return options.typeMap;
    const found = `${this.#titles.length} TITEL and ${this.#potcars.length} POTCAR lines for ${ntypes} counts`;
    this.#unknown(options, `the elements are unknown (${found}), name them with a type map`);
    return null;
  }

  /** Species of each atom; the counts have been checked against rows that were read. */
  species(natoms: number, options: ReadOptions) {
    return this.counts ? speciesOfBlocks(this.labels(options), this.counts) : speciesOfBlocks(null, [natoms]);
  }

  #unknown(options: ReadOptions, message: string): void {
    const at = { path: options.path, line: Math.max(1, this.countsLine) };
    options.onDiagnostic({ severity: 'warning', code: 'unknown-species', message, at });
  }
}
