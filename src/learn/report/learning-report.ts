import type { Frame } from '../../core/frame.ts';
import type { Chart, Series } from '../../report/chart.ts';
import { reportPage, type Section, type Table } from '../../report/page.ts';
import { parityCharts } from '../../train/error-report.ts';
import { ERROR_HEAD, errorRows } from '../../train/error-table.ts';
import { SECONDS_KEY } from '../label-stage.ts';
import type { Round } from '../learn.ts';
import type { SelectionPlan } from '../learn-config.ts';
import type { RoundErrors } from './round-errors.ts';
import { ROUND_HEAD, roundRow } from './round-rows.ts';

export interface LearningFacts {
  readonly title: string;
  readonly rounds: readonly Round[];
  /** One for each round. */
  readonly errors: readonly RoundErrors[];
  /** Labelled frames of each round. */
  readonly frames: readonly (readonly Frame[])[];
  readonly levels: Pick<SelectionPlan, 'lo' | 'hi'>;
  /** Name and value. */
  readonly facts: readonly (readonly [string, string | number])[];
}

/** One HTML page of all rounds that needs nothing else. */
export function learningPage(report: LearningFacts): string {
  const { title, facts } = report;
  const last = report.errors.at(-1);
  const sections: (Section | undefined)[] = [
    { title: 'Run', table: { head: ['', ''], rows: facts } },
    { title: 'Rounds', table: roundsTable(report), charts: learningCharts(report) },
    last?.test && {
      title: 'Errors of the last committee',
      text: 'Test: frames of all rounds that no committee has learned from. New frames: labels of the last round, against the committee before it.',
      table: { head: ['set', 'group', ...ERROR_HEAD], rows: errorRows(setsOf(last)) },
    },
    last?.test && { title: 'Parity, test frames, last committee', charts: parityCharts(last.test.structures) },
    { title: 'Disagreement', charts: [disagreementChart(report), shareChart(report)] },
    { title: 'Disagreement and error', text: CALIBRATION, charts: calibrationCharts(report) },
    { title: 'Labels', charts: costCharts(report) },
    { title: 'Composition of the data set', table: compositionTable(report) },
    { title: 'Exploration runs', table: runsTable(report) },
    { title: 'Frames without a label', table: failuresTable(report) },
  ];
  return reportPage(
    title,
    sections.filter((section) => section !== undefined),
  );
}

const CALIBRATION =
  'Each point is a frame selected in a round: the largest disagreement of the committee about a force when it was selected, and the ' +
  'largest error of a force against the label that came afterwards.';

function setsOf({ test, unseen }: RoundErrors) {
  return { ...(test && { test: test.metrics }), ...(unseen && { 'new frames': unseen.metrics }) };
}

function roundsTable({ rounds, errors, frames }: LearningFacts): Table {
  return { head: ROUND_HEAD, rows: rounds.map((round, k) => roundRow(round, errors[k], frames[k])) };
}

type Point = readonly [number, number];

function learningCharts({ rounds, errors }: LearningFacts): Chart[] {
  const line = (name: string, value: (e: RoundErrors) => number | undefined): Series => ({
    name,
    points: rounds.map(({ round }, k): Point => [round, value(errors[k]) ?? Number.NaN]).filter(([, y]) => y > 0),
  });
  const both = (title: string, y: string, of: (set: RoundErrors['test']) => number | undefined): Chart => ({
    title,
    x: 'round',
    y,
    logY: true,
    series: [
      line('test', ({ test }) => of(test)),
      line('new frames before they were learned', ({ unseen }) => of(unseen)),
    ],
  });
  let sum = 0;
  const growth = rounds.map(({ round, label }): Point => {
    sum += label.ids.length;
    return [round, sum];
  });
  return [
    both('Forces over the rounds', 'MAE / eV/Å', (set) => set?.metrics.total().forces.mae),
    both('Energies over the rounds', 'MAE / meV/atom', (set) => set?.metrics.total().energy.mae),
    { title: 'Labelled frames', x: 'round', y: 'frames', series: [{ name: 'labelled', points: growth }] },
  ];
}

const BINS = 60;

/** Shares of frames in bins of equal ratio, one line for each round, and the levels. */
function disagreementChart({ rounds, levels }: LearningFacts): Chart {
  const explored = rounds.filter(({ runs }) => runs.length > 0);
  const [least, most] = [levels.lo / 30, levels.hi * 5].map(Math.log10);
  const series = explored.map(({ round, runs }): Series => {
    const counts = new Array<number>(BINS).fill(0);
    let total = 0;
    for (const { disagreements } of runs)
      for (const value of disagreements) {
        const bin = value === null ? BINS - 1 : Math.floor(((Math.log10(value) - least) / (most - least)) * BINS);
        counts[Math.min(BINS - 1, Math.max(0, bin))]++;
        total++;
      }
    const points = counts.map((n, k): Point => [least + ((k + 0.5) / BINS) * (most - least), (100 * n) / total]);
    return { name: `round ${round}`, points, step: true };
  });
  const peak = Math.max(1, ...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const level = (name: string, value: number): Series => ({
    name: `${name} = ${value}`,
    faint: true,
    points: [
      [Math.log10(value), 0],
      [Math.log10(value), peak],
    ],
  });
  return {
    title: 'Largest disagreement of a frame',
    x: 'log10 of the disagreement about a force / eV/Å',
    y: 'frames / %',
    series: [...series, level('lo', levels.lo), level('hi', levels.hi)],
  };
}

function shareChart({ rounds }: LearningFacts): Chart {
  const explored = rounds.filter(({ select }) => select.frames > 0);
  const share = (name: 'accurate' | 'candidate' | 'failed'): Series => ({
    name,
    points: explored.map(({ round, select }): Point => [round, (100 * select[name]) / select.frames]),
  });
  return {
    title: 'Frames of exploration by level',
    x: 'round',
    y: 'frames / %',
    series: [share('accurate'), share('candidate'), share('failed')],
  };
}

function calibrationCharts({ rounds, errors }: LearningFacts): Chart[] {
  const series = rounds.flatMap(({ round }, k): Series[] => {
    const points = errors[k].newFrames.map(({ disagreement, error }): Point => [disagreement, error]);
    const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
    return finite.length > 0 ? [{ name: `round ${round}`, points: finite, scatter: true }] : [];
  });
  if (series.length === 0) return [];
  const x = 'largest disagreement about a force / eV/Å';
  return [{ title: 'Disagreement against error', x, y: 'largest error of a force / eV/Å', series }];
}

function costCharts({ rounds, frames }: LearningFacts): Chart[] {
  let count = 0;
  const series = rounds.map(({ round }, k): Series => {
    const points = frames[k].map((frame): Point => [++count, Number(frame.info[SECONDS_KEY])]);
    return { name: `round ${round}`, points: points.filter(([, y]) => Number.isFinite(y)), scatter: true };
  });
  return [{ title: 'Cost of a label', x: 'labelled frame', y: 'wall time / s', series }];
}

/** Frames of each kind by round. */
function compositionTable({ rounds, frames }: LearningFacts): Table {
  const kind = (frame: Frame) => String(frame.info['config_type'] ?? '');
  const kinds = [...new Set(frames.flat().map(kind))].sort();
  const rows = kinds.map((name) => {
    const counts = frames.map((own) => own.filter((frame) => kind(frame) === name).length);
    const atoms = frames.flat().filter((frame) => kind(frame) === name);
    const sizes = [...new Set(atoms.map(({ natoms }) => natoms))].sort((a, b) => a - b).join(', ');
    return [name, sizes, ...counts, counts.reduce((a, b) => a + b, 0)];
  });
  return { head: ['kind', 'atoms', ...rounds.map(({ round }) => `round ${round}`), 'all'], rows };
}

function runsTable({ rounds }: LearningFacts): Table {
  const rows = rounds.flatMap(({ round, runs }) =>
    runs.map(({ run, temperature, steps, disagreements, ended, message, seconds }) => {
      const known = disagreements.filter((value) => value !== null);
      const mean = known.length > 0 ? (known.reduce((a, b) => a + b, 0) / known.length).toFixed(4) : '';
      const most = known.length > 0 ? Math.max(...known).toFixed(4) : '';
      const why = message === undefined ? ended : `${ended}: ${message.slice(0, 160)}`;
      return [run, round, temperature, steps.length, steps.at(-1) ?? '', mean, most, seconds.toFixed(1), why];
    }),
  );
  const head = ['run', 'round', 'T (K)', 'frames', 'last step', 'mean disagreement (eV/A)', 'largest', 'wall time (s)'];
  return { head: [...head, 'ended'], rows };
}

function failuresTable({ rounds }: LearningFacts): Table {
  const rows = rounds.flatMap(({ round, label }) =>
    label.failures.map(({ id, reason }) => [id.slice(0, 12), round, reason.slice(0, 300)]),
  );
  return { head: ['frame', 'round', 'reason'], rows };
}
