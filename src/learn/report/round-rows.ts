import type { Frame } from '../../core/frame.ts';
import { SECONDS_KEY } from '../label-stage.ts';
import type { Round } from '../learn.ts';
import type { RoundErrors } from './round-errors.ts';

interface RoundFacts {
  readonly round: Round;
  readonly errors: RoundErrors;
  readonly seconds: readonly number[];
}

const share = (part: number, { round }: RoundFacts) =>
  round.select.frames > 0 ? (100 * part) / round.select.frames : Number.NaN;

/** Column names with units, decimals for people, values. */
const COLUMNS: readonly (readonly [string, number, (facts: RoundFacts) => number | undefined])[] = [
  ['round', 0, ({ round }) => round.round],
  ['runs', 0, ({ round }) => round.runs.length],
  ['frames', 0, ({ round }) => round.select.frames],
  ['accurate_percent', 1, (facts) => share(facts.round.select.accurate, facts)],
  ['candidate_percent', 1, (facts) => share(facts.round.select.candidate, facts)],
  ['failed_percent', 1, (facts) => share(facts.round.select.failed, facts)],
  ['selected', 0, ({ round }) => round.select.selected],
  ['labelled', 0, ({ round }) => round.label.ids.length],
  ['not_labelled', 0, ({ round }) => round.label.failures.length],
  ['mean_label_s', 1, ({ seconds }) => seconds.reduce((a, b) => a + b, 0) / seconds.length],
  ['training_frames', 0, ({ round }) => round.train.training],
  ['training_cpu_s', 0, ({ round }) => round.train.cpuSeconds],
  ['test_frames', 0, ({ errors }) => errors.test?.structures.length],
  ['test_energy_mae_meV_per_atom', 3, ({ errors }) => errors.test?.metrics.total().energy.mae],
  ['test_energy_rmse_meV_per_atom', 3, ({ errors }) => errors.test?.metrics.total().energy.rmse],
  ['test_force_mae_eV_per_A', 5, ({ errors }) => errors.test?.metrics.total().forces.mae],
  ['test_force_rmse_eV_per_A', 5, ({ errors }) => errors.test?.metrics.total().forces.rmse],
  ['new_energy_mae_meV_per_atom', 3, ({ errors }) => errors.unseen?.metrics.total().energy.mae],
  ['new_force_mae_eV_per_A', 5, ({ errors }) => errors.unseen?.metrics.total().forces.mae],
];

/** Column names for people: units in parentheses. */
export const ROUND_HEAD: readonly string[] = COLUMNS.map(([name]) =>
  name
    .replace(/_percent$/, ' (%)')
    .replace(/_s$/, ' (s)')
    .replace(/_meV_per_atom$/, ' (meV/atom)')
    .replace(/_eV_per_A$/, ' (eV/A)')
    .replaceAll('_', ' ')
    .replace('mae', 'MAE')
    .replace('rmse', 'RMSE'),
);

function factsOf(round: Round, errors: RoundErrors, frames: readonly Frame[]): RoundFacts {
  const seconds = frames.map(({ info }) => Number(info[SECONDS_KEY])).filter(Number.isFinite);
  return { round, errors, seconds };
}

/** One cell for each of `ROUND_HEAD`; empty where there is nothing. */
export function roundRow(round: Round, errors: RoundErrors, frames: readonly Frame[]): string[] {
  const facts = factsOf(round, errors, frames);
  return COLUMNS.map(([, digits, value]) => {
    const x = value(facts);
    return x === undefined || !Number.isFinite(x) ? '' : x.toFixed(digits);
  });
}

/** The same as an object of numbers, null where there is nothing. */
export function roundNumbers(
  round: Round,
  errors: RoundErrors,
  frames: readonly Frame[],
): Record<string, number | null> {
  const facts = factsOf(round, errors, frames);
  return Object.fromEntries(
    COLUMNS.map(([name, , value]) => {
      const x = value(facts);
      return [name, x === undefined || !Number.isFinite(x) ? null : x];
    }),
  );
}

export function roundsCsv(rows: readonly Record<string, number | null>[]): string {
  const lines = rows.map((row) => COLUMNS.map(([name]) => row[name] ?? '').join(','));
  return `${[COLUMNS.map(([name]) => name).join(','), ...lines].join('\n')}\n`;
}
