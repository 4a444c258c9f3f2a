import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { extxyz } from '../../formats/extxyz/extxyz.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { formatLocation, MissingDataError, StoreError } from '../core/errors.ts';
import type { Frame, InfoValue, Labels } from '../core/frame.ts';
import { repeatsLabel } from '../core/label-copies.ts';
import { codeOf, isDiskFull, replaceFile, storeError, syncFolder, writeAt } from './durable-file.ts';
import type { FolderLock } from './folder-lock.ts';
import type { FrameStore, Provenance } from './frame-store.ts';
import { type Manifest, type ShardEntry, shardName, writeManifest } from './manifest.ts';
import { frameId, framesOf, ID_KEY } from './shard-file.ts';
import type { Recovered } from './shard-recovery.ts';

interface Waiting {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly resolve: (id: string) => void;
  readonly reject: (error: unknown) => void;
}

interface Opening {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Ids of the full shards. */
  readonly known: Set<string>;
  readonly last: Recovered & { readonly torn: boolean };
  readonly lock: FolderLock;
  readonly onDiagnostic: DiagnosticSink;
}

/** Bytes written and made durable in one go: frames that come at the same time share one fsync. */
const BATCH = 4 << 20;

const ANY_LABEL: Labels = { energy: 0, forces: new Float64Array(0), virial: new Float64Array(0) };

/** The list of ids beside a full shard. */
export function idsName(shard: string): string {
  return shard.replace(/extxyz$/, 'ids');
}

/** A store that is open for writing; made by `openStore`. */
export class ShardStore implements FrameStore {
  readonly folder: string;
  readonly #created: string;
  readonly #shardBytes: number;
  readonly #known: Set<string>;
  readonly #lock: FolderLock;
  readonly #onDiagnostic: DiagnosticSink;
  readonly #full: ShardEntry[];
  #file: FileHandle;
  /** Of the last shard, acknowledged. */
  #bytes: number;
  #ids: string[];
  #hash: Hash;
  readonly #coming = new Map<string, Promise<string>>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;
  #closed = false;

  private constructor(opening: Opening, file: FileHandle) {
    const { folder, manifest, known, last } = opening;
    this.folder = folder;
    this.#created = manifest.created;
    this.#shardBytes = manifest.shardBytes;
    this.#known = known;
    for (const id of last.ids) known.add(id);
    this.#lock = opening.lock;
    this.#onDiagnostic = opening.onDiagnostic;
    this.#full = manifest.shards.slice(0, -1);
    this.#file = file;
    this.#bytes = last.bytes;
    this.#ids = [...last.ids];
    this.#hash = last.hash;
  }

  static async open(opening: Opening): Promise<ShardStore> {
    const { folder, manifest, last } = opening;
    const path = join(folder, shardName(manifest.shards.length - 1));
    const file = await openForWriting(path);
    try {
      if (last.torn) await file.truncate(last.bytes);
      // What an interrupted run wrote but did not make durable is acknowledged from now on.
      await file.datasync();
      await syncFolder(folder);
      return new ShardStore(opening, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get size(): number {
    return this.#known.size;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  async append(frame: Frame, provenance: Provenance): Promise<string> {
    if (this.#closed) throw new StoreError(`${this.folder}: the store is closed`);
    const id = frameId(frame);
    if (this.#known.has(id)) return id;
    const coming = this.#coming.get(id);
    if (coming) return coming;
    const done = this.#take(id, frame, provenance).finally(() => this.#coming.delete(id));
    this.#coming.set(id, done);
    return done;
  }

  async *frames(): AsyncGenerator<Frame, void> {
    const shards = [...this.#full, { name: shardName(this.#full.length), bytes: this.#bytes }];
    for (const { name, bytes } of shards) yield* framesOf(join(this.folder, name), { from: 0, to: bytes });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await Promise.allSettled(this.#coming.values());
      await this.#writing;
      await this.#file.close();
      if (this.#broken === undefined) await this.#writeManifest(this.#lastEntry());
    } finally {
      await this.#lock.release();
    }
  }

  async #take(id: string, frame: Frame, provenance: Provenance): Promise<string> {
    const bytes = await this.#text(id, frame, provenance);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, bytes, resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** The frame as it stands in the shard. Throws MissingDataError for what must not be stored. */
  async #text(id: string, frame: Frame, provenance: Provenance): Promise<Uint8Array> {
    const problem = reasonNotToStore(frame);
    const place = frame.origin ? `${formatLocation(frame.origin)}: ` : '';
    if (problem) throw new MissingDataError(`${place}${problem}`, 'such a frame is not stored');
    // What is named like a label but is none of this frame would be read back as one.
    const isLabel = (name: string) => repeatsLabel(name, ANY_LABEL);
    const info: Record<string, InfoValue> = { ...frame.info }; // with what the reader noted of its layout
    for (const key of Object.keys(info).filter(isLabel)) delete info[key];
    const arrays = Object.entries(frame.arrays).filter(([name]) => !isLabel(name));
    Object.assign(info, provenance, { added: new Date().toISOString(), [ID_KEY]: id });
    const stored: Frame = { ...frame, arrays: Object.fromEntries(arrays), info };
    const one = (async function* () {
      yield stored;
    })();
    let text = '';
    for await (const piece of extxyz.write(one, { labelKeys: 'ase', onDiagnostic: this.#onDiagnostic })) text += piece;
    return Buffer.from(text);
  }

  /** Until nobody waits: as many frames as fit into a batch, one fsync, then they are acknowledged. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      let size = 0;
      let count = 0;
      while (count < this.#waiting.length && (count === 0 || size + this.#waiting[count].bytes.length <= BATCH))
        size += this.#waiting[count++].bytes.length;
      const batch = this.#waiting.splice(0, count);
      try {
        if (this.#broken !== undefined) throw this.#broken;
        if (this.#bytes >= this.#shardBytes) await this.#beginShard();
        await this.#writeBatch(Buffer.concat(batch.map(({ bytes }) => bytes)));
      } catch (error) {
        for (const { reject } of batch) reject(error);
        continue;
      }
      for (const { id, resolve } of batch) {
        this.#known.add(id);
        this.#ids.push(id);
        resolve(id);
      }
    }
  }

  async #writeBatch(bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, shardName(this.#full.length));
    try {
      await writeAt(this.#file, bytes, this.#bytes);
      await this.#file.datasync();
    } catch (error) {
      await this.#takeBack(error, path);
      throw storeError(error, path);
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** After a failed write the shard ends again where it was acknowledged; where that fails, opening the store does it. */
  async #takeBack(error: unknown, path: string): Promise<void> {
    try {
      await this.#file.truncate(this.#bytes);
      await this.#file.datasync();
      if (isDiskFull(error)) return;
    } catch {
      // the first error says more
    }
    // An fsync that failed once may succeed the next time without having written anything.
    this.#broken = storeError(error, path);
  }

  async #beginShard(): Promise<void> {
    const entry = { ...this.#lastEntry(), sha256: this.#hash.copy().digest('hex') };
    const path = join(this.folder, idsName(entry.name));
    await replaceFile(path, this.#ids.map((id) => `${id}\n`).join(''));
    const file = await openForWriting(join(this.folder, shardName(this.#full.length + 1)));
    try {
      await file.truncate(0);
      await this.#writeManifest(entry, { name: shardName(this.#full.length + 1), frames: 0, bytes: 0 });
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file.close();
    this.#file = file;
    this.#full.push(entry);
    this.#bytes = 0;
    this.#ids = [];
    this.#hash = createHash('sha256');
  }

  #lastEntry(): ShardEntry {
    return { name: shardName(this.#full.length), frames: this.#ids.length, bytes: this.#bytes };
  }

  async #writeManifest(...last: readonly ShardEntry[]): Promise<void> {
    const shards = [...this.#full, ...last];
    await writeManifest(this.folder, { created: this.#created, shardBytes: this.#shardBytes, shards });
  }
}

/** For positional writes, made where it is missing. */
async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw storeError(error, path);
  }
  try {
    return await open(path, 'wx+');
  } catch (error) {
    throw storeError(error, path);
  }
}

/** Why a frame cannot be stored; undefined = it can. */
export function reasonNotToStore({ natoms, positions, cell, labels }: Frame): string | undefined {
  if (natoms === 0) return 'a frame without atoms';
  if (labels?.converged === false) return 'its labels are not converged';
  const areFinite = (values: Float64Array) => values.every(Number.isFinite);
  if (!areFinite(positions) || (cell && !areFinite(cell))) return 'a coordinate is not a finite number';
  for (const name of ['energy', 'energySigma0'] as const) {
    const value = labels?.[name];
    if (value !== undefined && !Number.isFinite(value)) return `the energy is ${value}`;
  }
  if (labels?.forces && (labels.forces.length !== 3 * natoms || !areFinite(labels.forces)))
    return 'its forces are not three finite numbers an atom';
  if (labels?.virial && !areFinite(labels.virial)) return 'its virial is not finite';
  return undefined;
}
