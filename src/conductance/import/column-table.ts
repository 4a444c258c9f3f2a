import { FormatError, MissingDataError } from '../../core/errors.ts';
import { BOLTZMANN } from '../../core/units.ts';
import { textLines } from '../traces/csv.ts';
import { flawOf } from './conductance-value.ts';

/** Which columns (from 1) of a table of numbers hold the energy and the transmissions. */
export interface TableLayout {
  /** Lines that begin with it are passed over. */
  readonly comment: string;
  readonly energy: number;
  /** Several are added up: spins, channels. */
  readonly transmissions: readonly number[];
  /** Transmissions from this column to the end of the line, instead: eigenvalues. */
  readonly from?: number;
  /** Subtracted from the energies, eV. */
  readonly fermi: number;
  /** Factor of the sum; ½ where the columns are single spins. */
  readonly factor: number;
}

/**
 * TBtrans and TranSIESTA `*.AVTRANS*`, not spin-polarized: column 1 is E − E_F in eV, column 2 the transmission per spin, which is
 * G in G0 (siesta manual, TBtrans).
 */
export const TBTRANS: TableLayout = { comment: '#', energy: 1, transmissions: [2], fermi: 0, factor: 1 };

export interface TransmissionTable {
  /** eV from the Fermi energy, ascending. */
  readonly energies: Float64Array;
  /** G0. */
  readonly transmissions: Float64Array;
  /** The parts that were added up, a row for each energy. */
  readonly parts: readonly (readonly number[])[];
  /** First lines as they were understood, for the eyes of the user. */
  readonly sample: readonly string[];
}

const SAMPLE = 3;
/** Transmissions below this are noise of the program that wrote them; more negative ones are an error. */
const NOISE = -1e-6;

/** Reads a table of energies and transmissions. Throws FormatError for rows that are not numbers or lack a column. */
export async function readTransmissions(path: string, layout: TableLayout): Promise<TransmissionTable> {
  const rows: { energy: number; total: number; parts: number[] }[] = [];
  const sample: string[] = [];
  for await (const { line, text } of textLines(path, 'columns')) {
    const words = text.trim().split(/[\s,;]+/);
    if (words[0] === '' || (layout.comment !== '' && text.trimStart().startsWith(layout.comment))) continue;
    const number = (column: number) => {
      const value = words[column - 1] === undefined ? Number.NaN : Number(words[column - 1]);
      if (Number.isFinite(value)) return value;
      throw new FormatError(
        'columns',
        { path, line },
        `expected a number in column ${column}, found ${words[column - 1] === undefined ? `${words.length} columns` : `"${words[column - 1]}"`}`,
      );
    };
    const energy = number(layout.energy) - layout.fermi;
    const columns = layout.from === undefined ? layout.transmissions : range(layout.from, words.length);
    const parts = columns.map((column) => positive(number(column), { path, line }));
    const total = layout.factor * parts.reduce((sum, t) => sum + t, 0);
    if (sample.length < SAMPLE) sample.push(`E − E_F = ${energy} eV, T = ${total}`);
    rows.push({ energy, total, parts });
  }
  if (rows.length === 0) throw new FormatError('columns', { path }, 'expected rows of numbers, found none');
  rows.sort((a, b) => a.energy - b.energy);
  return {
    energies: Float64Array.from(rows, (row) => row.energy),
    transmissions: Float64Array.from(rows, (row) => row.total),
    parts: rows.map((row) => row.parts),
    sample,
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, k) => from + k);
}

function positive(value: number, at: { readonly path: string; readonly line: number }): number {
  if (value < 0 && value > NOISE) return 0;
  const flaw = flawOf(value);
  if (flaw) throw new FormatError('columns', at, `expected a transmission, found ${flaw}`);
  return value;
}

/**
 * Zero-bias conductance in G0: T at the Fermi energy by linear interpolation, or ∫ T (−∂f/∂E) dE at `temperature` K. Throws
 * MissingDataError where the energies do not reach around the Fermi energy.
 */
export function conductanceAtFermi(table: TransmissionTable, temperature: number, path: string): number {
  const { energies, transmissions } = table;
  const last = energies.length - 1;
  const reach = temperature > 0 ? 6 * BOLTZMANN * temperature : 0;
  if (!(energies[0] <= -reach && energies[last] >= reach))
    throw new MissingDataError(
      `${path}: energies from ${energies[0]} to ${energies[last]} eV do not reach ${reach.toPrecision(3)} eV around the Fermi energy`,
      temperature > 0 ? 'compute a wider range, or take --temperature 0' : 'compute T at E_F, or give --fermi',
    );
  if (temperature > 0) return thermalAverage(table, temperature);
  const { index, part } = atFermi(energies);
  return part === 0 ? transmissions[index] : (1 - part) * transmissions[index] + part * transmissions[index + 1];
}

/** Eigenvalues at the energy nearest to the Fermi energy, descending. */
export function channelsAtFermi({ energies, parts }: TransmissionTable): readonly number[] {
  const { index, part } = atFermi(energies);
  return [...parts[part > 0.5 ? index + 1 : index]].sort((a, b) => b - a);
}

function atFermi(energies: Float64Array): { readonly index: number; readonly part: number } {
  const above = energies.findIndex((e) => e >= 0);
  if (above === -1) return { index: energies.length - 1, part: 0 };
  if (above === 0 || energies[above] === 0) return { index: above, part: 0 };
  const low = energies[above - 1];
  return { index: above - 1, part: -low / (energies[above] - low) };
}

/** T is linear between the energies, so each interval is integrated with f itself: ∫ T (−f') = −[T f] + ∫ T' f. */
function thermalAverage({ energies, transmissions }: TransmissionTable, temperature: number): number {
  const kT = BOLTZMANN * temperature;
  const f = (e: number) => 1 / (1 + Math.exp(e / kT));
  // ∫ f dE = E − kT ln(1 + e^(E/kT))
  const primitive = (e: number) => -kT * Math.log1p(Math.exp(-e / kT));
  let sum = 0;
  for (let k = 1; k < energies.length; k++) {
    const [a, b] = [energies[k - 1], energies[k]];
    if (b === a) continue;
    const slope = (transmissions[k] - transmissions[k - 1]) / (b - a);
    sum += transmissions[k - 1] * f(a) - transmissions[k] * f(b) + slope * (primitive(b) - primitive(a));
  }
  return sum;
}
