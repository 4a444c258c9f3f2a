import type { ErrorTable, Metrics } from './metrics.ts';

const HEAD = ['set', 'group', 'structures', 'E MAE (meV/atom)', 'E RMSE', 'F MAE (eV/A)', 'F RMSE', 'F max'];

/** Errors of named sets as an aligned text table: a row per set and per group of it. */
export function errorTable(sets: Readonly<Record<string, Metrics>>): string {
  const rows = Object.entries(sets).flatMap(([set, metrics]) => [
    row(set, '', metrics.total()),
    ...[...metrics.groups()].filter(([name]) => name !== '').map(([name, table]) => row(set, name, table)),
  ]);
  const widths = HEAD.map((word, c) => Math.max(word.length, ...rows.map((cells) => cells[c].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => cell.padEnd(widths[c]))
      .join('  ')
      .trimEnd();
  return `${[HEAD, ...rows].map(line).join('\n')}\n`;
}

function row(set: string, group: string, { structures, energy, forces }: ErrorTable): string[] {
  const numbers = [energy.mae.toFixed(3), energy.rmse.toFixed(3), forces.mae.toFixed(4), forces.rmse.toFixed(4)];
  return [set, group, String(structures), ...numbers, forces.max.toFixed(3)];
}
