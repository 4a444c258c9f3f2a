import { LAMMPS_UNITS } from '../core/units.ts';

/** Where a run is, as far as its thermodynamic output tells. */
export interface Progress {
  readonly step: number;
  /** Columns of the last line by their titles, in the units of the run. */
  readonly values: ReadonlyMap<string, number>;
  /** Of the present run, wall clock; undefined while there is no second line, or no time step (minimize). */
  readonly nsPerDay?: number;
}

/** Follows what LAMMPS prints (thermo_style one or custom), in pieces of any size. */
export class ProgressReader {
  #rest = '';
  #titles: string[] | undefined;
  #psPerStep: number | undefined;
  #unit = 1;
  #first: { step: number; time: number } | undefined;
  readonly #now: () => number;

  /** `now`: milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The last complete line of thermodynamic output in this piece, if there is one. */
  push(text: string): Progress | undefined {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    let latest: Progress | undefined;
    for (const line of lines) latest = this.#line(line.trim()) ?? latest;
    return latest;
  }

  #line(line: string): Progress | undefined {
    const style = /^Unit style\s*: (\w+)/.exec(line);
    if (style) {
      this.#unit = LAMMPS_UNITS[style[1]]?.time ?? Number.NaN;
      this.#psPerStep = undefined;
    }
    const timestep = /^Time step\s*: ([\d.eE+-]+)/.exec(line);
    if (timestep) this.#psPerStep = Number(timestep[1]) * this.#unit;
    if (/^Step\b/.test(line)) {
      this.#titles = line.split(/\s+/);
      this.#first = undefined;
    } else if (/^Loop time/.test(line)) this.#titles = undefined;
    else if (this.#titles) return this.#row(line, this.#titles);
    return undefined;
  }

  #row(line: string, titles: readonly string[]): Progress | undefined {
    const numbers = line.split(/\s+/).map(Number);
    if (numbers.length !== titles.length || numbers.some(Number.isNaN)) return undefined;
    const [step] = numbers;
    const time = this.#now();
    this.#first ??= { step, time };
    const days = (time - this.#first.time) / 86_400_000;
    const ns = ((step - this.#first.step) * (this.#psPerStep ?? Number.NaN)) / 1000;
    return {
      step,
      values: new Map(titles.map((title, k) => [title, numbers[k]])),
      ...(days > 0 && ns > 0 && { nsPerDay: ns / days }),
    };
  }
}

const COLUMNS: readonly [name: string, titles: RegExp, unit: string][] = [
  ['T', /^Temp$/, ' K'],
  ['E', /^(TotEng|PotEng|E_pair)$/, ''],
  ['disagreement', /^[cv]_.*disagree/i, ''],
];

/** One line: step, ns/day, temperature, energy, worst disagreement (a thermo column whose name says so). */
export function progressText({ step, values, nsPerDay }: Progress): string {
  const parts = [`step ${step}`];
  if (nsPerDay !== undefined) parts.push(`${nsPerDay.toPrecision(3)} ns/day`);
  for (const [name, title, unit] of COLUMNS) {
    const found = [...values].find(([key]) => title.test(key));
    if (found) parts.push(`${name} ${Number(found[1].toPrecision(7))}${unit}`);
  }
  return parts.join('  ');
}
