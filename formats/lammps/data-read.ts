import { FormatError, type SourceLocation } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { isIntegerField } from './atom-styles.ts';
import { type DataHeader, readDataHeader, splitComment } from './data-header.ts';
import {
  type DataRows,
  missingSections,
  readAtoms,
  readMasses,
  readTypeLabels,
  readVelocities,
  skipSection,
  type TypeTable,
  toNextSection,
} from './data-sections.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { untilTheEnd } from './text-end.ts';
import { elementsOfTypes } from './type-elements.ts';
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
  let sections = 0;
  while (await toNextSection(scanner)) {
    await scanner.line();
    const name = splitComment(scanner).text;
    sections++;
    if (name === 'Masses') await readMasses(scanner, header, types);
    else if (name === 'Atom Type Labels') await readTypeLabels(scanner, header, types);
    else if (name === 'Velocities') file.velocities = await readVelocities(scanner, header);
    else if (name === 'Atoms') {
      if (file.atoms) throw scanner.error('expected one section Atoms, found a second one');
      const { style, rows } = await readAtoms(scanner, header, types, options);
      file.atoms = rows;
      file.style = style;
    } else {
      skipped.push(name);
      await skipSection(scanner, name, header);
    }
  }
  if (header.natoms > 0 && !file.atoms) throw scanner.truncated('the section Atoms');
  const missing = missingSections(header, skipped);
  if (missing.length > 0 && sections > 0)
    options.onDiagnostic({
      severity: 'warning',
      code: 'missing-sections',
      message: `the header counts ${missing.join(', ')}, but there is no such section: the file may be cut off between sections`,
      at: { path: options.path, line: scanner.lineNumber },
    });
  if (sections === 0)
    options.onDiagnostic({
      severity: 'info',
      code: 'header-only',
      message: 'the file ends with its header: of a file that is cut off here, lines of the box may be missing',
      at: { path: options.path, line: scanner.lineNumber },
    });
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

/** Row in `velocities` of each atom; both sections have as many rows. */
function rowOrder(atoms: DataRows, velocities: DataRows, options: ReadOptions): Int32Array {
  const rowOf = new Map(velocities.ids.map((id, row) => [id, row]));
  const known = new Set(atoms.ids);
  const wrong = velocities.ids.findIndex((id, row) => !known.has(id) || rowOf.get(id) !== row);
  if (wrong >= 0) {
    const at = { path: options.path, line: velocities.line + wrong };
    throw new FormatError(FORMAT, at, `expected one velocity of each atom, found one of atom ${velocities.ids[wrong]}`);
  }
  return Int32Array.from(atoms.ids, (id) => rowOf.get(id) ?? 0);
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
