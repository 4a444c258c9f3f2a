import type { ErrorTable, Metrics } from './metrics.ts';

const COLUMNS: readonly (readonly [string, (table: ErrorTable) => string])[] = [
  ['structures', ({ structures }) => String(structures)],
  ['E MAE (meV/atom)', ({ energy }) => shown(energy.mae, 3)],
  ['E RMSE', ({ energy }) => shown(energy.rmse, 3)],
  ['F MAE (eV/A)', ({ forces }) => shown(forces.mae, 4)],
  ['F RMSE', ({ forces }) => shown(forces.rmse, 4)],
  ['F max', ({ forces }) => shown(forces.max, 3)],
  ['F angle (deg)', ({ forces }) => shown(forces.angle, 2)],
  ['W MAE (meV/atom)', ({ virial }) => shown(virial.mae, 1)],
];

export const ERROR_HEAD: readonly string[] = COLUMNS.map(([name]) => name);

/** One cell for each of `ERROR_HEAD`; empty where nothing was compared. */
function errorCells(table: ErrorTable): string[] {
  return COLUMNS.map(([, cell]) => cell(table));
}

/** Rows of named sets: all of a set, then each of its groups. */
export function errorRows(sets: Readonly<Record<string, Metrics>>): string[][] {
  return Object.entries(sets).flatMap(([set, metrics]) => [
    [set, '', ...errorCells(metrics.total())],
    ...[...metrics.groups()].filter(([name]) => name !== '').map(([name, table]) => [set, name, ...errorCells(table)]),
  ]);
}

/** Errors of named sets as an aligned text table: a row per set and per group of it. */
export function errorTable(sets: Readonly<Record<string, Metrics>>): string {
  return alignedTable(['set', 'group', ...ERROR_HEAD], errorRows(sets));
}

/** Lines of left-aligned columns. */
function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((word, c) => Math.max(word.length, ...rows.map((cells) => cells[c].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => cell.padEnd(widths[c]))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}

function shown(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits);
}
