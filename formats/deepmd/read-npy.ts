import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { ReadOptions } from '../format.ts';
import { NpyFile } from './npy.ts';
import { frameOf, readSystem, type System, systemFolders } from './system.ts';

const FORMAT = 'deepmd-npy';
/** Bytes of all arrays together that are read at once. */
const BLOCK = 4 << 20;

/** Frames of a system, or of all systems below a folder; sets in the order of their names. Memory: a block of frames. */
export async function* readDeepmdNpy(path: string, options: ReadOptions): AsyncGenerator<Frame, void> {
  const systems: System[] = [];
  for (const folder of await systemFolders(path, FORMAT)) {
    const system = await readSystem(folder, options, FORMAT);
    systems.push(system);
    for (const set of await setsOf(system)) await (await openSet(system, set)).close();
  }
  let index = 0;
  for (const system of systems)
    for (const set of await setsOf(system)) {
      const opened = await openSet(system, set);
      try {
        for await (const frame of opened.frames(index)) {
          yield frame;
          index++;
        }
      } finally {
        await opened.close();
      }
    }
}

/** `set.*` folders, sorted by name as DeePMD-kit does. */
async function setsOf({ path }: System): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const sets = entries.filter((e) => !e.isFile() && e.name.startsWith('set.')).map((e) => join(path, e.name));
  if (sets.length === 0) throw new FormatError(FORMAT, { path }, 'expected folders set.000, set.001, …, found none');
  return sets.sort();
}

/** Opens all arrays of a set and checks their shapes against each other. */
async function openSet(system: System, path: string): Promise<OpenSet> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.npy')).sort();
  const files = new Map<string, NpyFile>();
  const set = new OpenSet(system, path, files);
  try {
    for (const name of names) files.set(basename(name, '.npy'), await NpyFile.open(join(path, name)));
    set.check();
  } catch (error) {
    await set.close();
    throw error;
  }
  return set;
}

class OpenSet {
  readonly #system: System;
  readonly #path: string;
  readonly #files: Map<string, NpyFile>;

  constructor(system: System, path: string, files: Map<string, NpyFile>) {
    this.#system = system;
    this.#path = path;
    this.#files = files;
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }

  check(): void {
    const natoms = this.#system.types.length;
    const fail = (file: string, message: string) => new FormatError(FORMAT, { path: join(this.#path, file) }, message);
    const coord = this.#files.get('coord');
    if (!coord) throw fail('coord.npy', 'expected this file, found none');
    if (this.#system.periodic && !this.#files.has('box'))
      throw fail('box.npy', 'expected this file, or an empty file nopbc beside type.raw, found neither');
    const widths: Readonly<Record<string, number>> = {
      coord: 3 * natoms,
      force: 3 * natoms,
      box: 9,
      energy: 1,
      virial: 9,
      real_atom_types: natoms,
    };
    for (const [name, file] of this.#files) {
      const width = widths[name];
      if (width !== undefined && file.width !== width)
        throw fail(`${name}.npy`, `expected ${width} columns for ${natoms} atoms, found ${file.width}`);
      if (file.rows !== coord.rows)
        throw fail(`${name}.npy`, `expected ${coord.rows} frames as in coord.npy, found ${file.rows}`);
    }
    if (this.#files.has('real_atom_types') && !this.#system.names)
      throw fail('../type_map.raw', 'expected this file for mixed types, found none');
  }

  async *frames(index: number): AsyncGenerator<Frame, void> {
    const files = [...this.#files];
    const rows = this.#files.get('coord')?.rows ?? 0;
    const perFrame = files.reduce((sum, [, file]) => sum + 8 * file.width, 0);
    const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / Math.max(1, perFrame))));
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first);
      const blocks = new Map<string, Float64Array>();
      for (const [name, file] of files) blocks.set(name, await file.read(first, count));
      for (let k = 0; k < count; k++) yield this.#frame(blocks, k, count, index + first + k);
    }
  }

  #frame(blocks: ReadonlyMap<string, Float64Array>, k: number, count: number, index: number): Frame {
    const row = (name: string) => {
      const block = blocks.get(name);
      return block?.slice((k * block.length) / count, ((k + 1) * block.length) / count);
    };
    const own = ['coord', 'box', 'energy', 'force', 'virial', 'real_atom_types'];
    const others = [...blocks.keys()].filter((name) => !own.includes(name));
    return frameOf(
      this.#system,
      {
        coord: row('coord') as Float64Array,
        box: row('box'),
        energy: row('energy')?.[0],
        force: row('force'),
        virial: row('virial'),
        realTypes: row('real_atom_types'),
        others: others.map((name) => [name, row(name) as Float64Array] as const),
      },
      { path: join(this.#path, 'coord.npy'), frame: index },
      FORMAT,
    );
  }
}
