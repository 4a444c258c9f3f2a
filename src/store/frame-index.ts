import { rmSync } from 'node:fs';
import { copyFile, link, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { maxForce } from '../convert/summary.ts';
import { symbolOf } from '../core/elements.ts';
import { StoreError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { codeOf, storeError } from './durable-file.ts';
import type { COLUMNS, Condition } from './filter.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { goodFrames, type ShardFrame } from './shard-file.ts';

/** What the index knows of a frame; null = not known. */
export interface IndexRow {
  readonly id: string;
  readonly shard: string;
  /** First byte in the shard, and number of bytes. */
  readonly offset: number;
  readonly length: number;
  readonly natoms: number;
  /** Hill order without blanks: K54, H2O. */
  readonly formula: string;
  /** eV. */
  readonly energy_per_atom: number | null;
  /** eV/Å. */
  readonly max_force: number | null;
  /** eV/Å; largest over the atoms. */
  readonly disagreement: number | null;
  readonly source: string | null;
  readonly labeller: string | null;
  readonly config_type: string | null;
  /** ISO time. */
  readonly added: string | null;
}

const NAME = 'index.sqlite';
/** Raised when the columns change. */
const VERSION = 1;
const SCHEMA = `
CREATE TABLE store (created TEXT NOT NULL);
CREATE TABLE shards (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE TABLE frames (id TEXT PRIMARY KEY, shard TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
  natoms INTEGER NOT NULL, formula TEXT NOT NULL, energy_per_atom REAL, max_force REAL, disagreement REAL,
  source TEXT, labeller TEXT, config_type TEXT, added TEXT) WITHOUT ROWID;
CREATE INDEX by_place ON frames (shard, offset);
PRAGMA user_version = ${VERSION};`;

/** The index of a store, read only. */
export interface FrameIndex {
  size(): number;
  /** Rows in the order of the store. */
  rows(condition?: Condition, limit?: number): IterableIterator<IndexRow>;
  /** Frames by value of a column, the most frequent first. */
  counts(column: (typeof COLUMNS)[number], most: number): { value: string | null; frames: number }[];
  /** Smallest and largest value of a column; null without any. */
  range(column: (typeof COLUMNS)[number]): { min: number | null; max: number | null };
  close(): void;
}

/**
 * Brings the index of a store up to date and opens it. It is only a cache: what the shards hold beyond it is added, and one that is
 * missing, damaged or of another store is made anew. The store may be growing meanwhile. Throws StoreError when there is no store.
 */
export async function openIndex(folder: string): Promise<FrameIndex> {
  const manifest = await readManifest(folder);
  if (!manifest) throw new StoreError(`${folder}: expected a store (a folder with manifest.json), found none`);
  const path = join(folder, NAME);
  const view = ownName(path);
  try {
    await removeLeftovers(folder);
    const wanted = await shardSizes(folder, manifest);
    const state = (await secondName(path, view)) ? stateOf(view, manifest, wanted) : 'useless';
    if (state !== 'current') {
      await update(path, folder, { manifest, sizes: wanted, base: state === 'behind' ? view : undefined });
      await rm(view, { force: true });
      await secondName(path, view);
    }
    return new OpenIndex(new sqlite.Database(view, { readOnly: true, fileMustExist: true }), view);
  } catch (error) {
    removeView(view);
    throw storeError(error, path);
  }
}

class OpenIndex implements FrameIndex {
  readonly #database: sqlite.Database;
  readonly #view: string;

  constructor(database: sqlite.Database, view: string) {
    this.#database = database;
    this.#view = view;
  }

  *rows(condition?: Condition, limit?: number): IterableIterator<IndexRow> {
    const where = condition ? ` WHERE ${condition.sql}` : '';
    const most = limit === undefined ? '' : ' LIMIT ?';
    const statement = this.#database.prepare(`SELECT * FROM frames${where} ORDER BY shard, offset${most}`);
    try {
      const values = [...(condition?.values ?? []), ...(limit === undefined ? [] : [limit])];
      for (const row of statement.iterate(values)) yield row as unknown as IndexRow;
    } finally {
      statement.finalize();
    }
  }

  size(): number {
    return Number(this.#database.get('SELECT count(*) AS frames FROM frames')?.['frames']);
  }

  counts(column: (typeof COLUMNS)[number], most: number): { value: string | null; frames: number }[] {
    const sql = `SELECT "${column}" AS value, count(*) AS frames FROM frames GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?`;
    return this.#database.all(sql, [most]) as unknown as { value: string | null; frames: number }[];
  }

  range(column: (typeof COLUMNS)[number]): { min: number | null; max: number | null } {
    const found = this.#database.get(`SELECT min("${column}") AS min, max("${column}") AS max FROM frames`);
    return found as unknown as { min: number | null; max: number | null };
  }

  close(): void {
    this.#database.close();
    removeView(this.#view);
  }
}

/**
 * A name of its own for each reader: SQLite's file layer here locks by a folder beside the name, which keeps readers from one
 * another and stays when one is killed. The file itself is only ever replaced. False when there is none.
 */
async function secondName(path: string, view: string): Promise<boolean> {
  try {
    await link(path, view).catch((error) =>
      codeOf(error) === 'ENOENT' ? Promise.reject(error) : copyFile(path, view),
    );
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function ownName(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
}

function removeView(view: string): void {
  rmSync(view, { force: true });
  rmSync(`${view}.lock`, { recursive: true, force: true });
}

/** Bytes by shard, as they are now. */
async function shardSizes(folder: string, { shards }: Manifest): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { name, bytes } of shards) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (!found && bytes > 0) throw new StoreError(`${join(folder, name)}: expected ${bytes} bytes, found no file`);
    sizes.set(name, found?.size ?? 0);
  }
  return sizes;
}

function stateOf(path: string, { created }: Manifest, sizes: ReadonlyMap<string, number>) {
  let database: sqlite.Database | undefined;
  try {
    database = new sqlite.Database(path, { readOnly: true, fileMustExist: true });
    if (database.get('PRAGMA user_version')?.['user_version'] !== VERSION) return 'useless';
    if (database.get('SELECT created FROM store')?.['created'] !== created) return 'useless';
    const known = database.all('SELECT name, bytes FROM shards') as unknown as { name: string; bytes: number }[];
    if (known.some(({ name, bytes }) => bytes > (sizes.get(name) ?? -1))) return 'useless';
    const bytes = new Map(known.map((shard) => [shard.name, shard.bytes]));
    return [...sizes].every(([name, size]) => bytes.get(name) === size) ? 'current' : 'behind';
  } catch {
    return 'useless';
  } finally {
    database?.close();
  }
}

interface Update {
  readonly manifest: Manifest;
  readonly sizes: ReadonlyMap<string, number>;
  /** An index that lacks only the newest frames. */
  readonly base: string | undefined;
}

/** Works on a copy that takes the place of the index at the end: whoever reads or is killed meanwhile finds a whole one. */
async function update(path: string, folder: string, { manifest, sizes, base }: Update): Promise<void> {
  const draft = ownName(path);
  try {
    if (base) await copyFile(base, draft);
    const database = new sqlite.Database(draft);
    try {
      database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
      if (!base) {
        database.exec(SCHEMA);
        database.run('INSERT INTO store VALUES (?)', [manifest.created]);
      }
      for (const [name, size] of sizes) await addShard(database, folder, name, size);
    } finally {
      database.close();
    }
    await rename(draft, path);
  } finally {
    removeView(draft);
  }
}

async function addShard(database: sqlite.Database, folder: string, name: string, size: number): Promise<void> {
  const known = Number(database.get('SELECT bytes FROM shards WHERE name = ?', [name])?.['bytes'] ?? 0);
  const places = '?, '.repeat(12);
  const insert = database.prepare(`INSERT OR REPLACE INTO frames VALUES (${places}?)`);
  let end = known;
  database.exec('BEGIN');
  try {
    for await (const found of goodFrames(join(folder, name), { from: known, to: size })) {
      insert.run(rowOf(name, found));
      end = found.offset + found.length;
    }
    database.run('INSERT OR REPLACE INTO shards VALUES (?, ?)', [name, end]);
    database.exec('COMMIT');
  } finally {
    insert.finalize();
  }
}

function rowOf(shard: string, { id, frame, offset, length }: ShardFrame) {
  const { natoms, labels, info } = frame;
  const energy = labels?.energy ?? labels?.energySigma0;
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
  const text = (key: string) => (info[key] === undefined ? null : String(info[key]));
  return [
    ...[id, shard, offset, length, natoms, hillFormula(frame)],
    ...[
      energy === undefined ? null : number(energy / natoms),
      number(maxForce(frame)),
      number(info['disagreement'] ?? info['max_devi_f']),
    ],
    ...[text('source'), text('labeller'), text('config_type'), text('added')],
  ];
}

/** Carbon, hydrogen, then the others by name; without carbon all by name (Hill 1900). */
function hillFormula({ numbers }: Frame): string {
  const counts = new Map<string, number>();
  for (const z of numbers) counts.set(symbolOf(z), (counts.get(symbolOf(z)) ?? 0) + 1);
  const first = counts.has('C') ? ['C', 'H'] : [];
  const place = (symbol: string) => (first.includes(symbol) ? `${first.indexOf(symbol)}` : `2${symbol}`);
  const symbols = [...counts.keys()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return symbols.map((symbol) => `${symbol}${counts.get(symbol) === 1 ? '' : counts.get(symbol)}`).join('');
}

/** Of processes that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^index\.sqlite\..*\.tmp(\.lock)?$/.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > OLD) await rm(path, { recursive: true, force: true });
  }
}

/** ms; leftovers younger than this may be in use. */
const OLD = 600_000;
