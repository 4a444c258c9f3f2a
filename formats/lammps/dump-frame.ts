import { atomicNumber, symbolOf } from '../../src/core/elements.ts';
import { FormatError, type SourceLocation } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import type { UnitStyle } from '../../src/core/units.ts';
import type { ReadOptions } from '../format.ts';
import type { Box } from './box.ts';
import { fromScaled, perAtom, pickColumn, pickTriple, type RowError, type StepRows } from './column-values.ts';
import { type ColumnPlan, typeMapNumbers } from './columns.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { type Scale, UnitResolver } from './unit-style.ts';

/** What every kind of dump says about a step besides the rows. */
export interface StepHeader {
  readonly timestep: number | bigint;
  /** In the time unit of the file. */
  readonly time?: number;
  /** Unit style that the file states. */
  readonly units?: string;
  readonly natoms: number;
  readonly box: Box;
  /** Three flags such as `pp`; undefined = the file has none. */
  readonly boundary?: readonly string[];
  /** Further things the file says, by name. */
  readonly more?: Readonly<Record<string, InfoValue>>;
}

/** Where a step stands: for the Frame and for errors at a row. */
export interface StepPlace {
  readonly at: SourceLocation;
  /** Place of row `row` (from 0). */
  row(row: number): SourceLocation;
}

/** Turns steps into Frames; one for a file, so that remarks that concern the file are made once. */
export class FrameBuilder {
  readonly #options: ReadOptions;
  readonly #format: string;
  readonly #units: UnitResolver;
  readonly #typeNumbers: Uint8Array | undefined;
  readonly #repeatedIds = new RepeatedIds();
  readonly #said = new Set<string>();

  constructor(format: string, options: ReadOptions) {
    this.#format = format;
    this.#options = options;
    this.#units = new UnitResolver(options);
    this.#typeNumbers = options.typeMap && typeMapNumbers(options.typeMap);
  }

  /** Without position columns the positions are NaN: the caller decides whether that may be. */
  build(step: StepHeader, plan: ColumnPlan, rows: StepRows, place: StepPlace): Frame {
    const { natoms, boundary } = step;
    const scale = this.#units.scale(step.units, place.at);
    const { factors } = scale;
    const fail: RowError = (row, message) => new FormatError(this.#format, place.row(row), message);
    const cell = scaled(step.box.cell, factors?.length);
    const origin = scaled(Float64Array.from(step.box.origin), factors?.length);
    const arrays: Record<string, PerAtom> = {};
    const isWords = plan.element >= 0 && rows.words[plan.element] !== undefined;
    for (const column of plan.element < 0 || isWords ? plan.rest : [...plan.rest, plan.element])
      arrays[plan.names[column]] = perAtom(rows, plan, column, natoms, fail);
    if (arrays['id']) this.#reportRepeatedId(arrays['id'], place);
    const numbers = this.#elements(natoms, rows, plan, { arrays, place, fail });
    return {
      natoms,
      cell,
      pbc: periodic(boundary),
      numbers,
      positions: positions(natoms, rows, plan, { cell, origin, factors }),
      ...(plan.velocity && { velocities: pickTriple(rows, natoms, plan.velocity, factors?.velocity) }),
      ...(plan.mass >= 0 && { masses: pickColumn(rows, natoms, plan.mass, factors?.mass) }),
      ...(plan.charge >= 0 && { charges: pickColumn(rows, natoms, plan.charge, factors?.charge) }),
      ...(plan.force && { labels: { forces: pickTriple(rows, natoms, plan.force, forceFactor(factors)) } }),
      arrays,
      info: infoOf(step, plan, origin, scale),
      origin: place.at,
    };
  }

  /** One remark of each kind a file. */
  say(severity: 'info' | 'warning', code: string, message: string, at: SourceLocation): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#options.onDiagnostic({ severity, code, message, at, once: true });
  }

  /**
   * Atomic numbers by the caller's type map, else by the element column, else 0. Names that are no plain symbols stay in
   * `arrays.species`.
   */
  #elements(
    natoms: number,
    rows: StepRows,
    plan: ColumnPlan,
    { arrays, place, fail }: { arrays: Record<string, PerAtom>; place: StepPlace; fail: RowError },
  ): Uint8Array {
    const numbers = new Uint8Array(natoms);
    const words = plan.element < 0 ? undefined : rows.words[plan.element];
    if (words) {
      const symbols = words.map(atomicNumber);
      for (let row = 0, k = plan.element; row < natoms; row++, k += rows.columns) numbers[row] = symbols[rows.data[k]];
      if (words.some((word, k) => symbolOf(symbols[k]) !== word))
        arrays['species'] = perAtom(rows, plan, plan.element, natoms, fail);
      this.#reportDefaultElements(words, arrays['type'], place.at);
    }
    const types = arrays['type']?.data;
    const map = this.#typeNumbers;
    if (!map || !(types instanceof Int32Array)) return numbers;
    for (let row = 0; row < natoms; row++) {
      const type = types[row];
      if (type < 1 || type > map.length)
        throw fail(row, `expected a type of the given type map (1 to ${map.length}), found ${type}`);
      numbers[row] = map[type - 1];
    }
    return numbers;
  }

  /** Without `dump_modify element` LAMMPS writes C for every type (manual page "dump_modify"). */
  #reportDefaultElements(words: readonly string[], types: PerAtom | undefined, at: SourceLocation): void {
    if (words.length !== 1 || words[0] !== 'C' || !types || this.#typeNumbers) return;
    let row = 1;
    while (row < types.data.length && types.data[row] === types.data[0]) row++;
    if (row >= types.data.length) return;
    const text = 'all elements are C although the types differ, as LAMMPS writes without dump_modify element';
    this.say('warning', 'default-elements', `${text}; give a type map`, at);
  }

  #reportRepeatedId({ data }: PerAtom, place: StepPlace): void {
    const row = this.#repeatedIds.find(data);
    if (row < 0) return;
    const message = `atom id ${data[row]} stands twice in one frame`;
    this.#options.onDiagnostic({ severity: 'warning', code: 'repeated-id', message, at: place.row(row) });
  }
}

function infoOf(step: StepHeader, plan: ColumnPlan, origin: Float64Array, scale: Scale): Record<string, InfoValue> {
  const { timestep, time, boundary } = step;
  const names = plan.position?.names;
  return {
    timestep,
    origin: Array.from(origin),
    ...(boundary && { boundary }),
    ...(scale.style !== undefined && { units: scale.style }),
    ...(time !== undefined && { time: time * (scale.factors?.time ?? 1) }),
    ...(names && names[0] !== 'x' && { position_columns: names }),
    ...step.more,
  };
}

function positions(
  natoms: number,
  rows: StepRows,
  plan: ColumnPlan,
  box: { cell: Float64Array; origin: Float64Array; factors: UnitStyle | undefined },
): Float64Array {
  if (!plan.position) return new Float64Array(3 * natoms).fill(Number.NaN);
  if (plan.position.scaled) return fromScaled(pickTriple(rows, natoms, plan.position.at), box.cell, box.origin);
  return pickTriple(rows, natoms, plan.position.at, box.factors?.length);
}

function scaled(values: Float64Array, factor: number | undefined): Float64Array {
  return factor === undefined ? values : values.map((v) => v * factor);
}

function forceFactor(factors: UnitStyle | undefined): number | undefined {
  return factors && factors.energy / factors.length;
}

/** Old dumps have no flags: periodic is the default of LAMMPS. */
function periodic(boundary: readonly string[] | undefined): [boolean, boolean, boolean] {
  if (!boundary) return [true, true, true];
  return [boundary[0][0] === 'p', boundary[1][0] === 'p', boundary[2][0] === 'p'];
}
