import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { atomicNumber } from '../../src/core/elements.ts';
import { FormatError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import type { ReadOptions } from '../format.ts';
import { PER_ATOM } from './quantities.ts';

const MAX_DEPTH = 8;

/** What the folder of a system says beside its arrays. */
export interface System {
  readonly path: string;
  readonly types: Int32Array;
  readonly names: readonly string[] | undefined;
  readonly periodic: boolean;
  readonly options: ReadOptions;
}

/** Folders with a `type.raw`, sorted: the given one, or those below it. Throws FormatError when there is none. */
export async function systemFolders(path: string, format: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (depth > 0 && error.code === 'ENOTDIR') return [];
      throw error;
    });
    if (entries.some((e) => e.name === 'type.raw')) return void found.push(folder);
    if (depth === MAX_DEPTH) return;
    const folders = entries.filter((e) => e.isDirectory() || e.isSymbolicLink()).map((e) => e.name);
    for (const name of folders.sort()) await visit(join(folder, name), depth + 1);
  };
  await visit(path, 0);
  if (found.length === 0) throw new FormatError(format, { path }, 'expected a DeePMD system (type.raw), found none');
  return found;
}

/** Reads `type.raw`, `type_map.raw` and `nopbc`. Errors name the file and line. */
export async function readSystem(path: string, options: ReadOptions, format: string): Promise<System> {
  const typePath = join(path, 'type.raw');
  const mapPath = join(path, 'type_map.raw');
  const mapText = (await exists(mapPath)) ? await readFile(mapPath, 'utf8') : undefined;
  const names = mapText?.split(/\s+/).filter(Boolean) ?? options.typeMap;
  const types: number[] = [];
  let lineNumber = 0;
  for (const line of (await readFile(typePath, 'utf8')).split('\n')) {
    lineNumber++;
    const fail = (message: string) => new FormatError(format, { path: typePath, line: lineNumber }, message);
    for (const word of line.split(/\s+/).filter(Boolean)) {
      if (!/^\d{1,9}$/.test(word)) throw fail(`expected a type number from 0, found "${word.slice(0, 40)}"`);
      const type = Number(word);
      if (names && type >= names.length)
        throw fail(
          `expected a type below ${names.length} (names in ${mapText ? 'type_map.raw' : 'the type map'}), found ${type}`,
        );
      types.push(type);
    }
  }
  return { path, types: Int32Array.from(types), names, periodic: !(await exists(join(path, 'nopbc'))), options };
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Arrays of one frame as they lie in the files. */
export interface RawFrame {
  readonly coord: Float64Array;
  readonly box: Float64Array | undefined;
  readonly energy: number | undefined;
  readonly force: Float64Array | undefined;
  readonly virial: Float64Array | undefined;
  /** Mixed type: the types of this frame, -1 = padding. */
  readonly realTypes: Float64Array | undefined;
  readonly others: readonly (readonly [name: string, values: Float64Array])[];
}

/** A frame of a system; padding atoms are left out. */
export function frameOf(system: System, raw: RawFrame, origin: NonNullable<Frame['origin']>, format: string): Frame {
  const all = raw.realTypes ?? system.types;
  const kept = raw.realTypes ? [...all.keys()].filter((k) => all[k] >= 0) : undefined;
  const perAtom = (values: Float64Array) => (kept ? rowsOf(values, values.length / all.length, kept) : values);
  const types = kept ? Int32Array.from(kept, (k) => all[k]) : system.types.slice();
  const { names } = system;
  if (names) {
    const wrong = types.find((type) => type >= names.length);
    if (wrong !== undefined)
      throw new FormatError(
        format,
        besides(origin, 'real_atom_types'),
        `expected types below ${names.length} (type_map.raw), found ${wrong}`,
      );
  }
  const natoms = types.length;
  const arrays: [string, PerAtom][] = [];
  const info: [string, InfoValue][] = [];
  if (!names) arrays.push(['type', { columns: 1, data: types }]);
  const numbers = Uint8Array.from(types, (type) => (names ? atomicNumber(names[type]) : 0));
  if (names?.some((name) => atomicNumber(name) === 0))
    arrays.push(['species', { columns: 1, data: Array.from(types, (type) => names[type]) }]);
  for (const [name, values] of raw.others) {
    if (PER_ATOM.has(name) && all.length > 0 && values.length % all.length === 0)
      arrays.push([name, { columns: values.length / all.length, data: perAtom(values) }]);
    else info.push([name, values.length === 1 ? values[0] : Array.from(values)]);
  }
  const positions = perAtom(raw.coord);
  checkNumbers(system, { ...raw, coord: positions }, origin, format);
  const labels = {
    ...(raw.energy === undefined || Number.isNaN(raw.energy) ? {} : { energy: raw.energy }),
    ...(raw.force ? { forces: perAtom(raw.force) } : {}),
    ...(raw.virial ? { virial: raw.virial } : {}),
  };
  const { periodic } = system;
  return {
    natoms,
    cell: raw.box ?? null,
    pbc: [periodic, periodic, periodic],
    numbers,
    positions,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    arrays: Object.fromEntries(arrays),
    info: Object.fromEntries(info),
    origin,
  };
}

/** The place of the same frame in another file of the set. */
function besides(origin: NonNullable<Frame['origin']>, name: string): NonNullable<Frame['origin']> {
  return { ...origin, path: join(dirname(origin.path), `${name}${extname(origin.path)}`) };
}

/** Positions and cells must be finite; a label that is not is told. */
function checkNumbers(system: System, raw: RawFrame, origin: NonNullable<Frame['origin']>, format: string): void {
  for (const [name, values] of [
    ['coord', raw.coord],
    ['box', raw.box],
  ] as const) {
    const wrong = values?.find((value) => !Number.isFinite(value));
    if (wrong !== undefined)
      throw new FormatError(format, besides(origin, name), `expected finite numbers, found ${wrong}`);
  }
  for (const [name, values] of [
    ['energy', raw.energy === undefined ? undefined : Float64Array.of(raw.energy)],
    ['force', raw.force],
    ['virial', raw.virial],
  ] as const) {
    const wrong = values?.find((value) => !Number.isFinite(value));
    if (wrong !== undefined)
      system.options.onDiagnostic({
        severity: 'warning',
        code: 'missing-value',
        message: `found ${wrong} among the numbers of ${name}: the value is missing`,
        at: besides(origin, name),
      });
  }
}

function rowsOf(values: Float64Array, columns: number, rows: readonly number[]): Float64Array {
  const out = new Float64Array(rows.length * columns);
  rows.forEach((row, k) => {
    out.set(values.subarray(row * columns, (row + 1) * columns), k * columns);
  });
  return out;
}
