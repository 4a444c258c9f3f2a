import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readThermo } from '../../formats/lammps/log.ts';
import { openFrames } from '../convert/open.ts';
import { volume } from '../core/cell.ts';
import { symbolOf } from '../core/elements.ts';
import { ProgramError, ProjectError } from '../core/errors.ts';
import { toVoigt } from '../core/tensor.ts';
import { BAR, LAMMPS_UNITS } from '../core/units.ts';
import { readBytes } from '../scan/byte-source.ts';
import type { Evaluation, StructureInput } from '../serve/evaluator.ts';
import { loadEvaluator } from '../serve/load-evaluator.ts';
import { verifyRun } from '../verify/verify-run.ts';
import { dataFile, probeStructure } from './probe.ts';
import type { Route, RouteRun } from './routes.ts';

/** One thing that was tried: a relative difference and its limit. */
export interface Check {
  readonly route: string;
  readonly name: string;
  /** NaN where it could not be done. */
  readonly difference: number;
  readonly limit: number;
  readonly passed: boolean;
  /** Why it could not be done. */
  readonly problem?: string;
}

type Target = Pick<RouteRun, 'lammps' | 'library' | 'source'>;

/** Displacement in Å and strain of the finite differences. */
const STEP = 1e-4;
const STRAIN = 1e-5;
const SECONDS = 120;

/**
 * Proves a route by running LAMMPS on a sheared cell of invented atoms: against the same potential evaluated by the TypeScript
 * program (atom order, units, signs and order of the virial, NPT), against itself by finite differences, and on 1 and 2 ranks.
 */
export async function prove(route: Route, target: Target): Promise<Check[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nnp-doctor-'));
  const checks: Check[] = [];
  const add = (name: string, difference: number, limit: number) =>
    checks.push({ route: route.name, name, difference, limit, passed: difference <= limit });
  try {
    const evaluator = await loadEvaluator({ ...target.source, backend: 'typescript' });
    const structure = probeStructure(evaluator.species);
    await writeFile(join(folder, 'start.data'), dataFile(structure, evaluator.species));
    const wanted = await evaluator.evaluateStructure(structure);
    const run = new ProofRun(route, target, evaluator.species, folder);
    for (const trial of [checkStatics, checkNpt, checkUnits, checkRanks]) {
      try {
        await trial(run, { wanted, cell: structure.cell, evaluate: (s) => evaluator.evaluateStructure(s) }, add);
      } catch (error) {
        if (!(error instanceof ProjectError)) throw error;
        const name = trial.name.replace('check', '').toLowerCase();
        checks.push({
          route: route.name,
          name,
          difference: Number.NaN,
          limit: 0,
          passed: false,
          problem: error.message,
        });
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return checks;
}

interface Wanted {
  /** Of the probe structure, by the TypeScript program. */
  readonly wanted: Evaluation;
  readonly cell: Float64Array;
  readonly evaluate: (structure: StructureInput) => Promise<Evaluation>;
}
type Add = (name: string, difference: number, limit: number) => void;

/** Runs of one route in one folder. */
class ProofRun {
  readonly folder: string;
  readonly target: Target;
  readonly types: readonly number[];
  readonly #route: Route;

  constructor(route: Route, target: Target, types: readonly number[], folder: string) {
    this.#route = route;
    this.target = target;
    this.types = types;
    this.folder = folder;
  }

  /** The rows of every run of the script: pe and six pressures by column name. Throws ProgramError when LAMMPS fails. */
  async rows(rest: string, { units = 'metal', ranks = 1 } = {}): Promise<Record<string, number>[]> {
    if (!this.#route.run) throw new ProgramError(`${this.#route.name} cannot be proved`);
    const input = `units ${units}\natom_style atomic\natom_modify map array\nread_data start.data\n#PAIR
thermo_style custom step pe pxx pyy pzz pxy pxz pyz\nthermo_modify format float %.17g\n${rest}`;
    let said = '';
    const onOutput = (text: string) => {
      said = (said + text).slice(-2000);
    };
    const { target, types, folder: cwd } = this;
    const code = await this.#route.run({ ...target, types, input, ranks, cwd, timeout: SECONDS, onOutput });
    if (code !== 0)
      throw new ProgramError(`LAMMPS ended with ${code}: ${/^ERROR.*/m.exec(said)?.[0] ?? said.slice(-300)}`);
    const path = join(cwd, 'log.lammps');
    const rows: Record<string, number>[] = [];
    for await (const { columns, values, rows: n } of readThermo(readBytes(path), { path, onDiagnostic: () => {} }))
      for (let k = 0; k < n; k++) rows.push(Object.fromEntries(columns.map((column) => [column, values[column][k]])));
    return rows;
  }

  /** (n,3) by atom id, of the dump `forces.dump`. */
  async forces(): Promise<Float64Array> {
    const text = await readFile(join(this.folder, 'forces.dump'), 'utf8');
    const lines = text.slice(text.indexOf('ITEM: ATOMS')).split('\n').slice(1).filter(Boolean);
    const rows = lines.map((line) => line.trim().split(/\s+/).map(Number));
    const out = new Float64Array(3 * rows.length).fill(Number.NaN);
    for (const [id, ...force] of rows) out.set(force, 3 * (id - 1));
    return out;
  }
}

const DUMP_FORCES = 'dump d all custom 1 forces.dump id fx fy fz\ndump_modify d format float %.17g\nrun 0\nundump d\n';
const PRESSURES = ['Pxx', 'Pyy', 'Pzz', 'Pxy', 'Pxz', 'Pyz'];
const ATOMS = [7, 20];

/** Moves two atoms along x, y, z and strains the box six ways, forth and back. */
function scan(): string {
  const lines: string[] = [];
  for (const id of ATOMS)
    for (const axis of [0, 1, 2]) {
      const move = (by: number) =>
        `displace_atoms g${id} move ${[0, 1, 2].map((d) => (d === axis ? by : 0)).join(' ')} units box`;
      lines.push(`group g${id} id ${id}`, move(STEP), 'run 0', move(-2 * STEP), 'run 0', move(STEP));
    }
  for (const change of [
    (by: number) => `x scale ${by} xy final $(${by}*xy) xz final $(${by}*xz)`,
    (by: number) => `y scale ${by} yz final $(${by}*yz)`,
    (by: number) => `z scale ${by}`,
  ]) {
    const strain = (by: number) => `change_box all ${change(by)} remap units box`;
    lines.push(strain(1 + STRAIN), 'run 0', strain((1 - STRAIN) / (1 + STRAIN)), 'run 0', strain(1 / (1 - STRAIN)));
  }
  for (const change of [
    (by: number) => `xy delta $(${by}*ly) xz delta $(${by}*yz)`,
    (by: number) => `xz delta $(${by}*lz)`,
    (by: number) => `yz delta $(${by}*lz)`,
  ]) {
    const shear = (by: number) => `change_box all ${change(by)} remap units box`;
    lines.push(shear(STRAIN), 'run 0', shear(-2 * STRAIN), 'run 0', shear(STRAIN));
  }
  return `${lines.join('\n')}\n`;
}

async function checkStatics(run: ProofRun, { wanted, cell }: Wanted, add: Add): Promise<void> {
  const [first, ...rest] = await run.rows(`${DUMP_FORCES}${scan()}pair_modify nofdotr\nrun 0\n`);
  const forces = await run.forces();
  add('energy is that of the potential', Math.abs(first['PotEng'] - wanted.energy) / Math.abs(wanted.energy), 1e-10);
  add('forces are, atom by atom', relative(forces, wanted.forces), 1e-9);
  const pressures = PRESSURES.map((name) => first[name]);
  const expected = toVoigt(wanted.virial, 'lammps').map((w) => w / volume(cell) / BAR);
  add('pressures are: sign, order, unit', relative(pressures, expected), 1e-6);
  const own = PRESSURES.map((name) => rest[rest.length - 1]?.[name] ?? Number.NaN);
  add('pressures of the virial that the route itself gives', relative(own, pressures), 1e-8);
  const slopes = (from: number, count: number, step: number) =>
    Array.from({ length: count }, (_, k) => {
      const [up, down] = [rest[from + 2 * k], rest[from + 2 * k + 1]];
      return ((down?.['PotEng'] ?? Number.NaN) - (up?.['PotEng'] ?? Number.NaN)) / (2 * step);
    });
  const scale = largest(forces);
  const moved = ATOMS.flatMap((id) => Array.from(forces.subarray(3 * id - 3, 3 * id)));
  add('forces are -dE/dx of the route', farthest(slopes(0, moved.length, STEP), moved) / scale, 1e-5);
  const virial = pressures.map((p) => p * volume(cell) * BAR);
  add('virial is -dE/dstrain of the route', relative(slopes(2 * moved.length, 6, STRAIN), virial), 1e-5);
}

async function checkNpt(run: ProofRun, { evaluate }: Wanted, add: Add): Promise<void> {
  const rows = await run.rows(
    `velocity all create 300 4928 loop geom\ntimestep 0.0002\nfix 1 all npt temp 300 300 0.1 tri 0 0 0.1
dump d all custom 10 npt.dump id element x y z vx vy vz fx fy fz
dump_modify d format float %.17g element ${run.types.map(symbolOf).join(' ')}\nthermo 10\nrun 20\n`,
  );
  const thermo = new Map(rows.map((row) => [row['Step'], row]));
  const read = { path: join(run.folder, 'npt.dump'), strict: true, onDiagnostic: () => {}, lammpsUnits: 'metal' };
  const { frames } = await openFrames('lammps-dump', read);
  const worst = { energy: Number.NaN, forces: Number.NaN, pressure: Number.NaN };
  const keep = (a: number, b: number | undefined) =>
    Number.isNaN(a) ? (b ?? Number.NaN) : Math.max(a, b ?? Number.NaN);
  for await (const check of verifyRun(frames, thermo, evaluate)) {
    worst.energy = keep(worst.energy, check.energyRelative);
    worst.forces = keep(worst.forces, check.forceRelative);
    worst.pressure = keep(worst.pressure, check.pressureRelative);
  }
  add('NPT of a sheared cell: energies', worst.energy, 1e-9);
  add('NPT of a sheared cell: forces', worst.forces, 1e-8);
  add('NPT of a sheared cell: pressures', worst.pressure, 2e-6);
}

async function checkUnits(run: ProofRun, { wanted }: Wanted, add: Add): Promise<void> {
  const [row] = await run.rows(DUMP_FORCES, { units: 'real' });
  const { energy } = LAMMPS_UNITS['real'];
  const found = row['PotEng'] * energy;
  add('units real: energy', Math.abs(found - wanted.energy) / Math.abs(wanted.energy), 1e-10);
  const forces = await run.forces();
  add(
    'units real: forces',
    relative(
      forces.map((f) => f * energy),
      wanted.forces,
    ),
    1e-9,
  );
}

async function checkRanks(run: ProofRun, { wanted }: Wanted, add: Add): Promise<void> {
  const [one] = await run.rows('run 0\n');
  const [two] = await run.rows(DUMP_FORCES, { ranks: 2 });
  add('2 ranks: energy', Math.abs(two['PotEng'] - one['PotEng']) / Math.abs(one['PotEng']), 1e-12);
  add('2 ranks: forces', relative(await run.forces(), wanted.forces), 1e-9);
  const pressures = [two, one].map((row) => PRESSURES.map((name) => row[name]));
  add('2 ranks: pressures', relative(pressures[0], pressures[1]), 1e-9);
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** max |a - b|; NaN when the lengths differ or a value is missing. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  return Array.from(a).reduce((most, x, k) => Math.max(most, Math.abs(x - b[k])), 0);
}

const relative = (a: ArrayLike<number>, b: ArrayLike<number>) => farthest(a, b) / largest(b);
