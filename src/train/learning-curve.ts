import type { ErrorTable } from './metrics.ts';
import type { EpochErrors } from './trainer.ts';

const COLUMNS = [
  'energy_mae_meV_per_atom',
  'energy_rmse_meV_per_atom',
  'force_mae_eV_per_A',
  'force_rmse_eV_per_A',
  'force_max_eV_per_A',
  'virial_mae_meV_per_atom',
];

/** One line per epoch; empty cells where nothing was compared. */
export function learningCurveCsv(curve: readonly EpochErrors[]): string {
  const head = [
    'epoch',
    'cpu_s',
    'score',
    ...COLUMNS.map((c) => `train_${c}`),
    ...COLUMNS.map((c) => `validation_${c}`),
  ];
  const lines = curve.map((row) =>
    [row.epoch, row.cpuSeconds.toFixed(2), row.score, ...cells(row.training), ...cells(row.validation)].join(','),
  );
  return `${[head.join(','), ...lines].join('\n')}\n`;
}

function cells({ energy, forces, virial }: ErrorTable): string[] {
  const values = [energy.mae, energy.rmse, forces.mae, forces.rmse, forces.max, virial.mae];
  // JSON of a checkpoint turns NaN into null.
  return values.map((value) => (Number.isFinite(value) ? value.toPrecision(6) : ''));
}
