import { dirname, isAbsolute, join } from 'node:path';
import { atomicNumber } from '../core/elements.ts';
import { type ConfigTable, type ConfigValue, readConfig } from '../train/config-reader.ts';
import { CUBIC_LATTICES, CUBIC_PLANES, type CubicLattice, type CubicPlane } from './structures/crystal.ts';
import type { CrystalSource, FileSource, StructurePlan, Variation } from './structures/structure-plan.ts';

type Ensemble = 'nve' | 'nvt' | 'npt';
const ENSEMBLES: readonly Ensemble[] = ['nve', 'nvt', 'npt'];

/** An entry of `explore.runs`: molecular dynamics with the committee, once per temperature, pressure and copy. */
export interface RunPlan {
  readonly name: string;
  /** Name of an entry of `structures`: the start is drawn from it anew for every run. */
  readonly start: string;
  /** First and last round it is part of. */
  readonly rounds: readonly [number, number];
  readonly copies: number;
  /** K. */
  readonly temperatures: readonly number[];
  /** bar. */
  readonly pressures: readonly number[];
  readonly steps: number;
  /** ps. */
  readonly timestep: number;
  /** Steps between frames that are looked at. */
  readonly every: number;
  readonly ensemble: Ensemble;
  /** LAMMPS input script instead of the built-in one of the ensemble. */
  readonly input?: string;
  /** Seconds. */
  readonly timeout: number;
}

export interface SelectionPlan {
  /** eV/Å, largest deviation of the force on an atom: accurate < lo <= candidate < hi <= failed. */
  readonly lo: number;
  readonly hi: number;
  readonly perRound: number;
  readonly perRun: number;
  /** A frame this close to one that is labelled or selected is left out; in ranges of the symmetry functions over the training set. */
  readonly novelty: number;
}

interface TrainPlan {
  /** Training configuration; without it settings are made from the data of each round. */
  readonly config?: string;
  readonly committee: number;
  readonly epochs?: number;
  /** Share of the labelled frames that training never sees. */
  readonly test: number;
}

/** A validated configuration of `learn`. Paths are relative to the file it came from, made absolute or relative to the process. */
export interface LearnConfig {
  readonly seed: number;
  /** Processor cores that labelling, exploration and training may use. */
  readonly cores: number;
  /** Rounds of exploration after round 0. */
  readonly rounds: number;
  /** Share of candidates and failed frames below which exploration has converged. */
  readonly converged: number;
  /** Frames to label over all rounds. */
  readonly maxLabels: number;
  readonly structures: readonly StructurePlan[];
  /** Read by src/label. */
  readonly labeller: ConfigValue;
  readonly train: TrainPlan;
  readonly explore: { readonly engine: 'lammps' | 'builtin'; readonly lmp: string; readonly runs: readonly RunPlan[] };
  readonly select: SelectionPlan;
}

/** Reads a configuration (YAML). Throws FormatError with path:line for anything unknown, missing or out of range. */
export function parseLearnConfig(text: string, path: string): LearnConfig {
  const root = readConfig(text, path, 'learn config').table([
    'seed',
    'cores',
    'rounds',
    'converged',
    'max_labels',
    'structures',
    'labeller',
    'train',
    'explore',
    'select',
  ]);
  const folder = dirname(path);
  const structures = named(root.need('structures'), (value) => structurePlan(value, folder));
  const explore = root.need('explore').table(['engine', 'lmp', 'runs']);
  const names = structures.map(({ name }) => name);
  const engine = (explore.get('engine')?.text(['lammps', 'builtin']) ?? 'lammps') as 'lammps' | 'builtin';
  const counted = structures.reduce((sum, { count }) => sum + count, 0);
  if (counted < 4)
    throw root
      .need('structures')
      .error(`counts that add up to at least 4 structures of round 0 (they make ${counted})`);
  return {
    seed: root.number('seed', 1, { min: 0, max: 2 ** 31, integer: true }),
    cores: root.number('cores', 1, { min: 1, max: 1024, integer: true }),
    rounds: root.number('rounds', 5, { min: 0, max: 1000, integer: true }),
    converged: root.number('converged', 0.01, { min: 0, max: 1 }),
    maxLabels: root.number('max_labels', 1e6, { min: 4, max: 1e9, integer: true }),
    structures,
    labeller: root.need('labeller'),
    train: trainPlan(root.get('train'), folder),
    explore: {
      engine,
      lmp: explore.get('lmp')?.text() ?? 'lmp',
      runs: named(explore.need('runs'), (value) => runPlan(value, { folder, names, engine })),
    },
    select: selectionPlan(root.need('select')),
  };
}

/** A list whose entries have different names, which become names of folders. */
function named<T extends { readonly name: string }>(list: ConfigValue, read: (value: ConfigValue) => T): T[] {
  const items = list.list();
  if (items.length === 0) throw list.error('at least one entry');
  const seen = new Set<string>();
  return items.map((item) => {
    const plan = read(item);
    if (!/^[A-Za-z0-9][\w.+-]*$/.test(plan.name)) throw item.error('a name of letters, digits and . _ + -');
    if (seen.has(plan.name)) throw item.error(`a name that no other entry has, not "${plan.name}"`);
    seen.add(plan.name);
    return plan;
  });
}

const STRUCTURE_KEYS = [
  'name',
  'count',
  'strain',
  'shear',
  'rattle',
  'file',
  'element',
  'lattice',
  'a',
  'orientation',
  'cells',
  'vacancies',
  'vacuum',
  'diameter',
] as const;

function structurePlan(value: ConfigValue, folder: string): StructurePlan {
  const table = value.table(STRUCTURE_KEYS);
  const file = table.get('file');
  if (file)
    for (const key of STRUCTURE_KEYS.slice(6)) {
      const given = table.get(key);
      if (given) throw given.error(`no ${key} beside a file`);
    }
  const source: CrystalSource | FileSource = file
    ? { kind: 'file', path: beside(folder, file.text()) }
    : crystalSource(table);
  return {
    name: table.need('name').text(),
    count: table.number('count', 1, { min: 0, max: 100_000, integer: true }),
    variation: variation(table),
    source,
  };
}

type StructureTable = ConfigTable<(typeof STRUCTURE_KEYS)[number]>;

function variation(table: StructureTable): Variation {
  const rattle = table.get('rattle');
  const range = rattle?.isList ? rattle.list().map((item) => item.number({ min: 0, max: 10 })) : undefined;
  if (rattle && range && (range.length !== 2 || range[0] > range[1])) throw rattle.error('[smallest, largest] in Å');
  const single = rattle && !range ? rattle.number({ min: 0, max: 10 }) : 0;
  return {
    strain: table.number('strain', 0, { min: 0, max: 0.5 }),
    shear: table.number('shear', 0, { min: 0, max: 0.5 }),
    rattle: range ? [range[0], range[1]] : [single, single],
  };
}

function crystalSource(table: StructureTable): CrystalSource {
  const element = table.need('element');
  const z = atomicNumber(element.text());
  if (z === 0) throw element.error('an element symbol');
  const cells = table.need('cells');
  const counts = cells.list().map((item) => item.number({ min: 1, max: 1000, integer: true }));
  if (counts.length !== 3) throw cells.error('three numbers of cells');
  const diameter = table.get('diameter');
  const vacuum = table.number('vacuum', 0, { min: 0, max: 1000 });
  if (diameter && vacuum === 0) throw diameter.error('a vacuum above 0 Å beside the diameter of a wire');
  return {
    kind: 'crystal',
    element: z,
    lattice: table.need('lattice').text(CUBIC_LATTICES) as CubicLattice,
    a: table.need('a').number({ min: 0.5, max: 50 }),
    orientation: orientation(table.get('orientation')),
    cells: [counts[0], counts[1], counts[2]],
    vacancies: table.number('vacancies', 0, { min: 0, max: 100_000, integer: true }),
    vacuum,
    ...(diameter && { diameter: diameter.number({ min: 0.1, max: 1000 }) }),
  };
}

/** `110` without quotes is a number in YAML. */
function orientation(value: ConfigValue | undefined): CubicPlane {
  if (!value) return '100';
  const plane = String(value.plain());
  if (!(CUBIC_PLANES as readonly string[]).includes(plane)) throw value.error(`one of ${CUBIC_PLANES.join(', ')}`);
  return plane as CubicPlane;
}

function trainPlan(value: ConfigValue | undefined, folder: string): TrainPlan {
  const table = value?.table(['config', 'committee', 'epochs', 'test']);
  const config = table?.get('config')?.text();
  const epochs = table?.get('epochs')?.number({ min: 1, max: 1e6, integer: true });
  return {
    ...(config !== undefined && { config: beside(folder, config) }),
    ...(epochs !== undefined && { epochs }),
    committee: table?.number('committee', 4, { min: 2, max: 64, integer: true }) ?? 4,
    test: table?.number('test', 0.1, { min: 0, max: 0.9 }) ?? 0.1,
  };
}

interface RunContext {
  readonly folder: string;
  /** Of the entries of `structures`. */
  readonly names: readonly string[];
  readonly engine: 'lammps' | 'builtin';
}

function runPlan(value: ConfigValue, { folder, names, engine }: RunContext): RunPlan {
  const table = value.table([
    'name',
    'start',
    'rounds',
    'copies',
    'temperature',
    'pressure',
    'steps',
    'timestep',
    'every',
    'ensemble',
    'input',
    'timeout',
  ]);
  const start = table.need('start').text(names);
  const input = table.get('input');
  const ensemble = table.get('ensemble');
  if (input && engine === 'builtin') throw input.error('engine: lammps for an input script');
  if (input && ensemble) throw input.error('an input script or an ensemble, not both');
  if (ensemble && engine === 'builtin') ensemble.text(['nve', 'nvt']);
  const steps = table.need('steps').number({ min: 1, max: 1e9, integer: true });
  const every = table.number('every', Math.max(1, Math.floor(steps / 100)), { min: 1, max: steps, integer: true });
  return {
    name: table.get('name')?.text() ?? start,
    start,
    rounds: roundRange(table.get('rounds')),
    copies: table.number('copies', 1, { min: 1, max: 1000, integer: true }),
    temperatures: numbers(table.get('temperature'), 300, { min: 0.01, max: 1e5 }),
    pressures: numbers(table.get('pressure'), 0, { min: -1e7, max: 1e8 }),
    steps,
    timestep: table.number('timestep', 0.001, { min: 1e-6, max: 0.1 }),
    every,
    ensemble: (ensemble?.text(ENSEMBLES) ?? 'nvt') as Ensemble,
    ...(input && { input: beside(folder, input.text()) }),
    timeout: table.number('timeout', 3600, { min: 1, max: 1e7 }),
  };
}

function numbers(value: ConfigValue | undefined, otherwise: number, range: { min: number; max: number }): number[] {
  return value?.items().map((item) => item.number(range)) ?? [otherwise];
}

function roundRange(value: ConfigValue | undefined): readonly [number, number] {
  if (!value) return [1, Infinity];
  const limits = value.items().map((item) => item.number({ min: 1, max: 1000, integer: true }));
  if (limits.length > 2 || limits[0] > limits[limits.length - 1]) throw value.error('a round, or [first, last]');
  return [limits[0], limits[limits.length - 1]];
}

function selectionPlan(value: ConfigValue): SelectionPlan {
  const table = value.table(['lo', 'hi', 'per_round', 'per_run', 'novelty']);
  const lo = table.need('lo').number({ min: 0, max: 1e3 });
  const hi = table.need('hi').number({ min: 0, max: 1e3 });
  if (!(lo < hi)) throw table.need('hi').error(`a level above lo (${lo} eV/Å)`);
  const perRound = table.number('per_round', 50, { min: 1, max: 1e6, integer: true });
  const perRun = table.number('per_run', perRound, { min: 1, max: 1e6, integer: true });
  return { lo, hi, perRound, perRun, novelty: table.number('novelty', 0, { min: 0, max: 100 }) };
}

/** A path of the configuration: relative to its folder. */
function beside(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
