import { readThermo, type ThermoTable } from '../../formats/lammps/log.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { MissingDataError } from '../core/errors.ts';
import { writeBytes } from '../scan/byte-sink.ts';
import { readBytes } from '../scan/byte-source.ts';
import type { Chart, Series } from './chart.ts';
import { reportPage, type Section } from './page.ts';

/** Which thermo columns are drawn together, with the unit of LAMMPS `metal`. */
const PLOTS: readonly { readonly title: string; readonly y: string; readonly columns: readonly string[] }[] = [
  { title: 'Potential energy', y: 'energy / eV', columns: ['PotEng'] },
  { title: 'Total energy', y: 'energy / eV', columns: ['TotEng'] },
  { title: 'Temperature', y: 'temperature / K', columns: ['Temp'] },
  { title: 'Pressure', y: 'pressure / bar', columns: ['Press', 'Pxx', 'Pyy', 'Pzz'] },
  { title: 'Volume', y: 'volume / Å³', columns: ['Volume'] },
];

interface Run {
  readonly name: string;
  readonly table: ThermoTable;
  /** ps, one per row. */
  readonly time: Float64Array;
}

/**
 * One self-contained HTML page of the thermo tables in LAMMPS logs of unit style `metal`; returns its path. `timestep` (ps) serves
 * logs without a Time column. A table that was cut off is shown and said to be.
 */
export async function reportRuns(logs: readonly string[], output: string, timestep: number): Promise<string> {
  const runs: Run[] = [];
  const notes: Diagnostic[] = [];
  for (const path of logs) {
    let number = 0;
    for await (const table of readThermo(readBytes(path), { path, onDiagnostic: (d) => notes.push(d) })) {
      number++;
      if (table.rows > 0) runs.push({ name: `${path}, run ${number}`, table, time: timeOf(table, timestep) });
    }
  }
  if (runs.length === 0) throw new MissingDataError(`no thermo output in ${logs.join(', ')}`, 'give LAMMPS log files');
  const page = reportPage('Molecular dynamics', [summary(runs, notes), ...plots(runs), conservation(runs)]);
  await writeBytes(
    output,
    (async function* () {
      yield page;
    })(),
  );
  return output;
}

function timeOf({ values, rows }: ThermoTable, timestep: number): Float64Array {
  return (
    values['Time'] ?? values['Step']?.map((step) => step * timestep) ?? Float64Array.from({ length: rows }, (_, k) => k)
  );
}

function summary(runs: readonly Run[], notes: readonly Diagnostic[]): Section {
  const mean = (values?: Float64Array) =>
    values ? (values.reduce((a, b) => a + b, 0) / values.length).toPrecision(7) : '';
  return {
    title: 'Runs',
    ...(notes.length > 0 && { text: notes.map((d) => d.message).join('; ') }),
    table: {
      head: ['run', 'rows', 'from ps', 'to ps', 'mean K', 'mean eV', 'mean bar', 'ended'],
      rows: runs.map(({ name, table, time }) => [
        name,
        table.rows,
        time[0].toPrecision(6),
        time[time.length - 1].toPrecision(6),
        mean(table.values['Temp']),
        mean(table.values['PotEng']),
        mean(table.values['Press']),
        table.complete ? 'yes' : 'no',
      ]),
    },
  };
}

function plots(runs: readonly Run[]): Section[] {
  return PLOTS.flatMap(({ title, y, columns }) => {
    const series: Series[] = runs.flatMap(({ name, table, time }) =>
      columns
        .filter((column) => table.values[column])
        .map((column) => ({ name: `${column}, ${name}`, points: points(time, table.values[column]) })),
    );
    return series.length === 0 ? [] : [{ title, charts: [{ title, x: 'time / ps', y, series }] }];
  });
}

/** TotEng − TotEng(0): flat for NVE, not for thermostatted runs. */
function conservation(runs: readonly Run[]): Section {
  const chart: Chart = {
    title: 'Total energy less its first value',
    x: 'time / ps',
    y: 'energy / eV',
    series: runs
      .filter(({ table }) => table.values['TotEng'])
      .map(({ name, table, time }) => ({
        name,
        points: points(
          time,
          table.values['TotEng'].map((e) => e - table.values['TotEng'][0]),
        ),
      })),
  };
  return { title: 'Conservation', text: 'Flat for NVE; a thermostat exchanges energy.', charts: [chart] };
}

function points(x: Float64Array, y: Float64Array): [number, number][] {
  return Array.from(x, (value, k): [number, number] => [value, y[k]]).filter(([, value]) => Number.isFinite(value));
}
