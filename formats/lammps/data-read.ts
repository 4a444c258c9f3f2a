import { atomicNumber, elementOfMass, massOf, symbolOf } from '../../src/core/elements.ts';
import { FormatError, type SourceLocation } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { isIntegerField } from './atom-styles.ts';
import { typeMapNumbers } from './columns.ts';
import { type DataHeader, readDataHeader, splitComment } from './data-header.ts';
import {
  type DataRows,
  readAtoms,
  readMasses,
  readTypeLabels,
  readVelocities,
  type TypeTable,
  toNextSection,
} from './data-sections.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { untilTheEnd } from './text-end.ts';
import { isUnitStyle, UnitResolver } from './unit-style.ts';

const FORMAT = 'lammps-data';

/** The one frame of a LAMMPS data file (manual page "read_data"), atoms in file order, positions as they stand. */
export function readData(source: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Frame, void> {
  const scanner = new TextScanner(source, options.path, FORMAT);
  return untilTheEnd(dataFrame(scanner, options), scanner, options);
}

interface DataFile {
  readonly header: DataHeader;
  readonly types: TypeTable;
  style?: string;
  atoms?: DataRows;
  velocities?: DataRows;
}

async function* dataFrame(scanner: TextScanner, options: ReadOptions): AsyncGenerator<Frame, void> {
  const header = await readDataHeader(scanner, options);
  const types: TypeTable = { masses: [], comments: [], labels: new Map() };
  const file: DataFile = { header, types };
  const skipped: string[] = [];
  let skip = false;
  while (await toNextSection(scanner, skip)) {
    await scanner.line();
    const name = splitComment(scanner).text;
    skip = false;
    if (name === 'Masses') await readMasses(scanner, header, types);
    else if (name === 'Atom Type Labels') await readTypeLabels(scanner, header, types);
    else if (name === 'Velocities') file.velocities = await readVelocities(scanner, header);
    else if (name === 'Atoms') {
      const { style, rows } = await readAtoms(scanner, header, types, options);
      file.atoms = rows;
      file.style = style;
    } else {
      skipped.push(name);
      skip = true;
    }
  }
  if (header.natoms > 0 && !file.atoms) throw scanner.truncated('the section Atoms');
  if (skipped.length > 0)
    options.onDiagnostic({
      severity: 'info',
      code: 'ignored-sections',
      message: `sections without a place in a frame are left out: ${skipped.join(', ')}`,
      at: { path: options.path },
    });
  yield buildFrame(file, options);
}

function buildFrame({ header, types, style, atoms, velocities }: DataFile, options: ReadOptions): Frame {
  const at: SourceLocation = { path: options.path, frame: 0, line: 1 };
  const { natoms, title, box } = header;
  const [, stated] = /\bunits = (\w+)/.exec(title) ?? [];
  const [, timestep] = /\btimestep = (\d+)/.exec(title) ?? [];
  const scale = new UnitResolver(options).scale(stated && isUnitStyle(stated) ? stated : undefined, at);
  const { factors } = scale;
  const column = (name: string, factor = 1) => {
    const values = atoms?.values[atoms.names.indexOf(name)];
    return values && Float64Array.from(values, factor === 1 ? (v) => v : (v) => v * factor);
  };
  const triple = (rows: DataRows, names: readonly string[], factor = 1, order?: Int32Array) => {
    const columns = names.map((name) => rows.values[rows.names.indexOf(name)]);
    return Float64Array.from(
      { length: 3 * natoms },
      (_, k) => columns[k % 3][order ? order[(k / 3) | 0] : (k / 3) | 0] * factor,
    );
  };
  const type = Int32Array.from(column('type') ?? []);
  const arrays = arraysOf(atoms, types, type);
  reportRepeatedIds(arrays['id'], atoms, options);
  const numbersOfTypes = elementsOfTypes(header, types, options);
  const masses = massesOf(types, type, factors?.mass) ?? column('mass', factors?.mass);
  const charges = column('q', factors?.charge);
  const order = velocities && atoms && rowOrder(atoms, velocities, options);
  const length = factors?.length;
  const scaled = (values: Float64Array) => (length === undefined ? values : values.map((v) => v * length));
  for (const [k, name] of (velocities?.names ?? []).entries())
    if (k > 2 && velocities && order)
      arrays[name] = { columns: 1, data: Float64Array.from(order, (row) => velocities.values[k][row]) };
  return {
    natoms,
    cell: scaled(box.cell),
    pbc: [true, true, true],
    numbers: Uint8Array.from(type, (t) => numbersOfTypes[t]),
    positions: atoms && natoms > 0 ? triple(atoms, ['x', 'y', 'z'], length) : new Float64Array(0),
    ...(velocities && order && { velocities: triple(velocities, ['vx', 'vy', 'vz'], factors?.velocity, order) }),
    ...(masses && { masses }),
    ...(charges && { charges }),
    arrays,
    info: {
      ...(title && { title }),
      origin: Array.from(scaled(Float64Array.from(box.origin))),
      ...(timestep !== undefined && { timestep: Number(timestep) }),
      ...(style && { atom_style: style }),
      ...(scale.style !== undefined && { units: scale.style }),
    },
    origin: at,
  };
}

/** Ids, types and every column that has no field of its own in a Frame. */
function arraysOf(atoms: DataRows | undefined, types: TypeTable, type: Int32Array): Record<string, PerAtom> {
  const arrays: Record<string, PerAtom> = {};
  if (!atoms || atoms.ids.length === 0) return arrays;
  const isSmall = atoms.ids.every((id) => typeof id === 'number' && id <= 0x7fffffff && id >= -0x80000000);
  const ids = isSmall ? Int32Array.from(atoms.ids as number[]) : BigInt64Array.from(atoms.ids, BigInt);
  arrays['id'] = { columns: 1, data: ids };
  arrays['type'] = { columns: 1, data: type };
  if (types.labels.size > 0) {
    const names = new Map(Array.from(types.labels, ([label, t]) => [t, label]));
    arrays['typelabel'] = { columns: 1, data: Array.from(type, (t) => names.get(t) ?? String(t)) };
  }
  const own = new Set(['type', 'x', 'y', 'z', 'q', 'mass']);
  for (const [k, name] of atoms.names.entries()) {
    if (own.has(name)) continue;
    const isInteger = isIntegerField(name) || /^i[xyz]$/.test(name);
    const fits = isInteger && atoms.values[k].every((v) => (v | 0) === v);
    arrays[name] = { columns: 1, data: fits ? Int32Array.from(atoms.values[k]) : Float64Array.from(atoms.values[k]) };
  }
  return arrays;
}

function massesOf(types: TypeTable, type: Int32Array, factor = 1): Float64Array | undefined {
  if (types.masses.length === 0) return undefined;
  return Float64Array.from(type, (t) => (types.masses[t] ?? Number.NaN) * factor);
}

/**
 * Atomic numbers of the types: by the caller's type map, else by the comment in Masses or the type label where it is a symbol
 * and does not contradict the mass, else by the mass. What came from masses is reported.
 */
function elementsOfTypes(header: DataHeader, types: TypeTable, options: ReadOptions): Uint8Array {
  const out = new Uint8Array(header.ntypes + 1);
  if (options.typeMap) {
    out.set(typeMapNumbers(options.typeMap).subarray(0, header.ntypes), 1);
    return out;
  }
  const labels = new Map(Array.from(types.labels, ([label, t]) => [t, label]));
  const isReduced = types.masses.every((mass) => mass === undefined || mass === 1) || options.lammpsUnits === 'lj';
  const inferred: string[] = [];
  for (let type = 1; type <= header.ntypes; type++) {
    const mass = types.masses[type];
    const byMass = mass === undefined || isReduced ? 0 : elementOfMass(mass);
    const named = [types.comments[type], labels.get(type)].map((word) => symbolNumber(word)).find((z) => z > 0) ?? 0;
    const fits = mass === undefined || isReduced || byMass === 0 || Math.abs(massOf(named) - mass) < 0.5;
    out[type] = named > 0 && fits ? named : byMass;
    if (out[type] > 0 && out[type] !== named) inferred.push(`${type} = ${symbolOf(out[type])} (${mass})`);
  }
  if (inferred.length > 0)
    options.onDiagnostic({
      severity: 'info',
      code: 'elements-from-masses',
      message: `elements of types are taken from their masses: ${inferred.join(', ')}; a type map overrides them`,
      at: { path: options.path },
    });
  return out;
}

/** Atomic number of a word that is exactly a symbol (`Ca`, not `CA` or `ca`, which are often atom names). */
function symbolNumber(word: string | undefined): number {
  const z = word === undefined ? 0 : atomicNumber(word);
  return z > 0 && symbolOf(z) === word ? z : 0;
}

/** Row in `velocities` of each atom. */
function rowOrder(atoms: DataRows, velocities: DataRows, options: ReadOptions): Int32Array {
  const rowOf = new Map(velocities.ids.map((id, row) => [id, row]));
  return Int32Array.from(atoms.ids, (id) => {
    const row = rowOf.get(id);
    if (row !== undefined) return row;
    const at = { path: options.path, line: velocities.line };
    throw new FormatError(FORMAT, at, `expected a velocity of atom ${id}, found none in the section`);
  });
}

function reportRepeatedIds(ids: PerAtom | undefined, atoms: DataRows | undefined, options: ReadOptions): void {
  const row = ids && atoms ? new RepeatedIds().find(ids.data) : -1;
  if (row < 0 || !atoms) return;
  options.onDiagnostic({
    severity: 'warning',
    code: 'repeated-id',
    message: `atom id ${atoms.ids[row]} stands twice`,
    at: { path: options.path, line: atoms.line + row },
  });
}
