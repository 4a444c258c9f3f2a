import { symbolOf } from '../core/elements.ts';
import type { Chart, Series } from '../report/chart.ts';
import { reportPage, type Section, type Table } from '../report/page.ts';
import type { ComparedSet, ComparedStructure } from './compared-set.ts';
import { ERROR_HEAD, errorRows } from './error-table.ts';
import type { Metrics } from './metrics.ts';
import { structureErrors } from './structure-errors.ts';
import type { EpochErrors } from './trainer.ts';

export interface ErrorReport {
  readonly title: string;
  /** Rows of name and value. */
  readonly facts: readonly (readonly [string, string | number])[];
  /** The last one is drawn: the test set where there is one. */
  readonly sets: readonly ComparedSet[];
  readonly curve?: readonly EpochErrors[];
}

/** Points per series of a plot; of more, evenly spaced ones and the worst are drawn. */
const POINTS = 1200;
const WORST = 12;
const BINS = 41;

/** A self-contained HTML page: errors, parity plots, histograms, learning curves, worst structures. */
export function errorReportPage({ title, facts, sets, curve }: ErrorReport): string {
  const shown = sets[sets.length - 1];
  const sections: (Section | undefined)[] = [
    { title: 'Run', table: { head: ['', ''], rows: facts } },
    { title: 'Errors', table: { head: ['set', 'group', ...ERROR_HEAD], rows: errorRows(metricsByName(sets)) } },
    { title: 'Fit and forces by element', table: elementTable(sets) },
    { title: `Parity, ${shown.name}`, charts: parityCharts(shown.structures) },
    { title: `Distribution of errors, ${shown.name}`, charts: histograms(shown.structures) },
    { title: `Direction and length of forces, ${shown.name}`, charts: forceCharts(shown.structures) },
    curve && curve.length > 0 ? { title: 'Learning curves', charts: learningCharts(curve) } : undefined,
    { title: 'Worst structures', table: worstTable(sets) },
  ];
  return reportPage(
    title,
    sections.filter((section) => section !== undefined),
  );
}

function metricsByName(sets: readonly ComparedSet[]): Record<string, Metrics> {
  return Object.fromEntries(sets.map(({ name, metrics }) => [name, metrics]));
}

function elementTable(sets: readonly ComparedSet[]): Table {
  const digits = (value: number, n: number) => (Number.isNaN(value) ? '' : value.toFixed(n));
  return {
    head: ['set', 'element', 'F MAE (eV/A)', 'F RMSE', 'F max', '|F| MAE', 'angle (deg)', 'R2 of F', 'R2 of E/atom'],
    rows: sets.flatMap(({ name, metrics }) =>
      [...metrics.elements()].map(([symbol, f]) => [
        name,
        symbol,
        digits(f.mae, 4),
        digits(f.rmse, 4),
        digits(f.max, 3),
        digits(f.magnitude, 4),
        digits(f.angle, 2),
        digits(f.r2, 5),
        digits(metrics.total().energy.r2, 6),
      ]),
    ),
  };
}

type Point = readonly [number, number];

export function parityCharts(structures: readonly ComparedStructure[]): Chart[] {
  const charts: Chart[] = [];
  const add = (title: string, unit: string, clouds: Map<string, Point[]>) => {
    if (clouds.size > 0) charts.push(parity(title, unit, clouds));
  };
  const energies = new Map<string, Point[]>();
  const forces = new Map<string, Point[]>();
  const virials = new Map<string, Point[]>();
  for (const { natoms, numbers, energy, virial, label, group, ...rest } of structures) {
    if (label.energy !== undefined) push(energies, group, label.energy / natoms, energy / natoms);
    label.forces?.forEach((f, k) => {
      push(forces, numbers ? symbolOf(numbers[Math.floor(k / 3)]) : '', f, rest.forces[k]);
    });
    label.virial?.forEach((w, k) => {
      if (virial) push(virials, group, w / natoms, virial[k] / natoms);
    });
  }
  add('Energy per atom', 'eV/atom', energies);
  add('Force components', 'eV/Å', forces);
  add('Virial per atom', 'eV/atom', virials);
  return charts;
}

function push(clouds: Map<string, Point[]>, name: string, x: number, y: number): void {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  const key = name === '' ? 'all' : name;
  const cloud = clouds.get(key);
  if (cloud) cloud.push([x, y]);
  else clouds.set(key, [[x, y]]);
}

function parity(title: string, unit: string, clouds: ReadonlyMap<string, readonly Point[]>): Chart {
  let [low, high] = [Infinity, -Infinity];
  for (const points of clouds.values())
    for (const [x] of points) {
      if (x < low) low = x;
      if (x > high) high = x;
    }
  const diagonal: Series = {
    name: 'equal',
    points: [
      [low, low],
      [high, high],
    ],
  };
  const series = [...clouds].map(([name, points]): Series => ({ name, points: thinned(points), scatter: true }));
  return { title, x: `reference / ${unit}`, y: `predicted / ${unit}`, series: [diagonal, ...series] };
}

/** At most about `POINTS`: the worst tenth of them and evenly spaced others. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= POINTS) return points;
  const worst = points.toSorted(([a, b], [c, d]) => Math.abs(d - c) - Math.abs(b - a)).slice(0, POINTS / 10);
  const step = Math.ceil(points.length / (0.9 * POINTS));
  return [...points.filter((_, k) => k % step === 0), ...worst];
}

function histograms(structures: readonly ComparedStructure[]): Chart[] {
  const energy = structures.map((structure) => structureErrors(structure).energy);
  const force = structures.flatMap(({ forces, label }) => Array.from(label.forces ?? [], (f, k) => forces[k] - f));
  return [
    histogram('Energy errors', 'error / meV/atom', energy),
    histogram('Force errors', 'error / eV/Å', force),
  ].filter((chart) => chart !== undefined);
}

/** Counts in equal bins that hold 99 % of the values; the rest is in the outermost ones. */
function histogram(title: string, x: string, all: readonly number[]): Chart | undefined {
  const values = all.filter(Number.isFinite);
  if (values.length === 0) return undefined;
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  const half = sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1] || 1;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value + half) / (2 * half)) * BINS);
    counts[Math.min(BINS - 1, Math.max(0, bin))]++;
  }
  const points = counts.map((count, k): Point => [((2 * k + 1) / BINS - 1) * half, count]);
  return { title, x, y: 'number', series: [{ name: 'errors', points, bars: true }] };
}

function forceCharts(structures: readonly ComparedStructure[]): Chart[] {
  const angles: Point[] = [];
  const lengths: Point[] = [];
  for (const { natoms, forces, label } of structures) {
    if (!label.forces) continue;
    for (let i = 0; i < natoms; i++) {
      const a = forces.subarray(3 * i, 3 * i + 3);
      const b = label.forces.subarray(3 * i, 3 * i + 3);
      const size = Math.hypot(...a);
      const reference = Math.hypot(...b);
      if (!(reference > 0.01) || !(size > 0)) continue;
      const cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (size * reference);
      angles.push([reference, (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, cosine)))]);
      lengths.push([reference, size - reference]);
    }
  }
  if (angles.length === 0) return [];
  const even = (points: readonly Point[]) => {
    const step = Math.ceil(points.length / (2 * POINTS));
    return points.filter((_, k) => k % step === 0);
  };
  const cloud = (name: string, points: readonly Point[]): Series => ({ name, points: even(points), scatter: true });
  const x = 'length of the reference force / eV/Å';
  return [
    { title: 'Angle between forces', x, y: 'angle / degrees', series: [cloud('atoms', angles)] },
    { title: 'Error of the length', x, y: 'error / eV/Å', series: [cloud('atoms', lengths)] },
  ];
}

function learningCharts(curve: readonly EpochErrors[]): Chart[] {
  const series = (value: (row: EpochErrors) => readonly [number, number]): Series[] =>
    (['training', 'validation'] as const).map((name, k) => ({
      name,
      points: curve.map((row): Point => [row.cpuSeconds, value(row)[k]]).filter(([, y]) => Number.isFinite(y) && y > 0),
    }));
  const x = 'CPU time / s';
  return [
    {
      title: 'Energy',
      x,
      y: 'MAE / meV/atom',
      logY: true,
      series: series((row) => [row.training.energy.mae, row.validation.energy.mae]),
    },
    {
      title: 'Forces',
      x,
      y: 'MAE / eV/Å',
      logY: true,
      series: series((row) => [row.training.forces.mae, row.validation.forces.mae]),
    },
  ];
}

function worstTable(sets: readonly ComparedSet[]): Table {
  const rows = sets.flatMap(({ name, structures }) =>
    structures.map((structure) => ({ name, structure, errors: structureErrors(structure) })),
  );
  const worst = rows.toSorted((a, b) => b.errors.forceMax - a.errors.forceMax || 0).slice(0, WORST);
  const byEnergy = rows
    .filter(({ errors }) => Number.isFinite(errors.energy))
    .toSorted((a, b) => Math.abs(b.errors.energy) - Math.abs(a.errors.energy))
    .slice(0, WORST);
  const cells = (because: string) => (row: (typeof rows)[number]) => [
    `${row.structure.origin.path}, frame ${row.structure.origin.frame ?? '?'}`,
    because,
    row.name,
    row.structure.group,
    row.errors.energy.toFixed(2),
    row.errors.forceMae.toFixed(4),
    row.errors.forceMax.toFixed(3),
  ];
  return {
    head: ['structure (frame from 0)', 'because of', 'set', 'group', 'E error (meV/atom)', 'F MAE (eV/A)', 'F max'],
    rows: [...byEnergy.map(cells('energy')), ...worst.map(cells('force'))],
  };
}
