import { mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Database } from 'node-sqlite3-wasm';
import { FormatError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, PerAtom } from '../../src/core/frame.ts';
import type { Format, ReadOptions } from '../format.ts';
import { ASE_CARRIES, type AseImage, frameOfImage } from './image.ts';
import { parsePythonJson } from './python-json.ts';

const NAME = 'ase-db';
const MAGIC = 'SQLite format 3\0';
type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** ASE database in SQLite (`ase db`, `ase.db.connect`), one row a structure, in order of its id. */
export const aseDatabase = {
  name: NAME,
  aliases: ['db'],
  description: 'ASE database, SQLite (.db)',
  reference: 'https://wiki.fysik.dtu.dk/ase/ase/db/db.html',
  fileNames: [/\.db$/i],
  carries: ASE_CARRIES,
  sniff: (head) => (Buffer.from(head.subarray(0, MAGIC.length)).toString('latin1') === MAGIC ? 0.9 : 0),
  readPath: readDatabase,
} as const satisfies Format;

async function* readDatabase(path: string, _options: ReadOptions): AsyncGenerator<Frame, void> {
  const fail = (message: string, frame?: number) =>
    new FormatError(NAME, { path, ...(frame !== undefined && { frame }) }, message);
  await stat(path);
  for (const rest of [`${path}-journal`, `${path}-wal`])
    if (
      await stat(rest).then(
        (found) => found.size > 0,
        () => false,
      )
    )
      throw fail(`expected a database that nobody writes, found ${rest}; let the writing program finish`);
  const { Database } = (await import('node-sqlite3-wasm')).default;
  // The library locks by a folder beside the path it is given: by a link in a folder of our own, nothing is made beside the file.
  const folder = await mkdtemp(join(tmpdir(), 'nnp-ase-db-'));
  let database: Database | undefined;
  try {
    const link = join(folder, 'structures.db');
    await symlink(resolve(path), link);
    database = new Database(link, { readOnly: true, fileMustExist: true });
    if (!database.get("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'systems'"))
      throw fail('expected the table "systems" of an ASE database, found none');
    const next = 'SELECT * FROM systems WHERE id > ? ORDER BY id LIMIT 1';
    let last = 0;
    for (let frame = 0; ; frame++) {
      const row = database.get(next, [last]) as Row | undefined | null;
      if (!row) return;
      last = Number(row['id']);
      const failHere = (found: string) => fail(found, frame);
      yield frameOfImage(imageOf(row, failHere), { path, frame }, failHere);
    }
  } catch (error) {
    // What SQLite itself says: not a database, malformed disk image.
    if (error instanceof Error && error.name === 'SQLite3Error') throw fail(error.message);
    throw error;
  } finally {
    database?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function imageOf(row: Row, fail: (found: string) => FormatError): AseImage {
  const reals = (name: string) =>
    row[name] === null || row[name] === undefined ? undefined : numbersOf(row, name, Float64Array, fail);
  const need = (name: string) => {
    const found = reals(name);
    if (!found) throw fail(`expected ${name} of a structure, found none`);
    return found;
  };
  const numbers = row['numbers'] === null ? new Int32Array(0) : numbersOf(row, 'numbers', Int32Array, fail);
  const arrays: Record<string, PerAtom> = {};
  const natoms = Math.max(1, numbers.length);
  for (const name of ['initial_magmoms', 'magmoms', 'charges'] as const) {
    const data = reals(name);
    if (data) arrays[name] = { columns: data.length / natoms, data };
  }
  if (row['tags'] !== null) arrays['tags'] = { columns: 1, data: numbersOf(row, 'tags', Int32Array, fail) };
  const bits = Number(row['pbc'] ?? 0);
  const [masses, momenta, initialCharges, forces, stress] = [
    'masses',
    'momenta',
    'initial_charges',
    'forces',
    'stress',
  ].map(reals);
  const { energy, free_energy: freeEnergy } = row;
  return {
    numbers,
    positions: need('positions'),
    cell: need('cell'),
    pbc: [(bits & 1) !== 0, (bits & 2) !== 0, (bits & 4) !== 0],
    ...(masses && { masses }),
    ...(momenta && { momenta }),
    ...(initialCharges && { initialCharges }),
    ...(typeof energy === 'number' && { energy }),
    ...(typeof freeEnergy === 'number' && { freeEnergy }),
    ...(forces && { forces }),
    ...(stress && { stress }),
    arrays,
    info: infoOf(row, reals('dipole'), fail),
  };
}

/** A column of numbers: little-endian bytes, as ASE stores arrays. */
function numbersOf<T extends Float64Array | Int32Array>(
  row: Row,
  name: string,
  Kind: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  fail: (found: string) => FormatError,
): T {
  const bytes = row[name];
  if (!(bytes instanceof Uint8Array) || bytes.length % Kind.BYTES_PER_ELEMENT !== 0)
    throw fail(`expected numbers of ${Kind.BYTES_PER_ELEMENT} bytes in ${name}, found ${describe(bytes)}`);
  return new Kind(bytes.slice().buffer);
}

function describe(value: Row[string]): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value).slice(0, 40);
}

function infoOf(row: Row, dipole: Float64Array | undefined, fail: (found: string) => FormatError) {
  const info: Record<string, InfoValue> = { ...(jsonOf(row, 'key_value_pairs', fail) as Record<string, InfoValue>) };
  const { constraints } = row;
  if (typeof constraints === 'string' && constraints !== '[]') info['constraints'] = constraints;
  for (const name of ['unique_id', 'calculator', 'magmom'] as const)
    if (row[name] !== null && row[name] !== undefined) info[name] = row[name] as InfoValue;
  if (dipole) info['dipole'] = [...dipole];
  return info;
}

function jsonOf(row: Row, name: string, fail: (found: string) => FormatError): unknown {
  const text = row[name];
  if (typeof text !== 'string') return {};
  try {
    return parsePythonJson(text) ?? {};
  } catch {
    throw fail(`expected JSON in ${name}, found ${text.slice(0, 40)}`);
  }
}
