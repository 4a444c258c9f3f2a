import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { symbolOf } from '../../src/core/elements.ts';
import { MissingDataError, UsageError } from '../../src/core/errors.ts';
import type { Frame, InfoValue } from '../../src/core/frame.ts';
import { repeatsLabel } from '../../src/core/label-copies.ts';
import type { WriteOptions } from '../format.ts';
import { npyHeader } from './npy.ts';
import { PER_ATOM, STRUCTURE } from './quantities.ts';
import { exists } from './system.ts';

/** Values that wait in memory before they are written, over all groups. */
const PENDING_VALUES = 1 << 20;

/** How the arrays of a group are stored: `.npy` files in `set.000`, or `.raw` text files. */
export type Storage = 'npy' | 'raw';

/**
 * Writes frames as DeePMD systems, one for each composition, atom order, periodicity and set of labels: a single system at
 * `path`, several in folders below it. Everything goes to a temporary folder beside `path`, which is renamed at the end.
 * Throws UsageError when `path` exists, MissingDataError for atoms without an element.
 */
export async function writeDeepmd(
  frames: AsyncIterable<Frame>,
  path: string,
  options: WriteOptions & { readonly storage: Storage },
): Promise<void> {
  const target = resolve(path);
  if (await exists(target)) throw new UsageError(`${path} exists; DeePMD systems are written to a new folder`);
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.deepmd.tmp`);
  await mkdir(temporary, { recursive: true });
  try {
    const systems = new Systems(temporary, options);
    let index = 0;
    for await (const frame of frames) await systems.add(frame, index++);
    const only = await systems.finish();
    await rename(only ?? temporary, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

class Systems {
  readonly #folder: string;
  readonly #options: WriteOptions & { readonly storage: Storage };
  readonly #names: string[];
  readonly #groups = new Map<string, Group>();
  #pending = 0;

  constructor(folder: string, options: WriteOptions & { readonly storage: Storage }) {
    this.#folder = folder;
    this.#options = options;
    this.#names = [...(options.typeMap ?? [])];
  }

  async add(frame: Frame, index: number): Promise<void> {
    const { labels, cell, pbc } = frame;
    if (frame.natoms === 0) throw new MissingDataError(`frame ${index} has no atoms`, 'leave it out');
    const types = this.#types(frame, index);
    if (
      [frame.positions, frame.cell, labels?.forces, labels?.virial].some((data) =>
        data?.some((x) => !Number.isFinite(x)),
      )
    )
      throw new MissingDataError(`frame ${index} has values that are not finite`, 'leave it out');
    const traits = [cell, labels?.energy, labels?.forces, labels?.virial].map((x) =>
      x === undefined || x === null ? 0 : 1,
    );
    const periodic = pbc.includes(true);
    if (periodic && !cell) throw new MissingDataError(`frame ${index} is periodic but has no cell`, 'give it a cell');
    if (periodic && pbc.includes(false))
      this.#say('periodicity', 'frames that are periodic in some directions are written as periodic in all');
    if (labels?.energy === undefined && labels?.energySigma0 !== undefined)
      this.#say(
        'energy-kind',
        'energies extrapolated to zero smearing are not written: no force-consistent energy is known',
      );
    const key = `${types.join(',')}|${traits.join('')}${periodic}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = new Group(
        join(this.#folder, `${formula(frame)}_${this.#groups.size}`),
        types,
        periodic,
        this.#options.storage,
      );
      this.#groups.set(key, group);
      await group.begin();
    }
    this.#pending += group.add(frame, this.#say);
    if (this.#pending < PENDING_VALUES) return;
    for (const g of this.#groups.values()) await g.flush();
    this.#pending = 0;
  }

  /** Completes all files; the folder of the only system, if there is one only. */
  async finish(): Promise<string | undefined> {
    for (const group of this.#groups.values()) await group.finish(this.#names, this.#say);
    const groups = [...this.#groups.values()];
    return groups.length === 1 ? groups[0].path : undefined;
  }

  #types({ numbers, arrays }: Frame, index: number): number[] {
    const labels = arrays['species']?.data;
    return Array.from(numbers, (number, k) => {
      const name = Array.isArray(labels) && number === 0 ? String(labels[k]) : symbolOf(number);
      if (name === 'X') throw new MissingDataError(`atom ${k + 1} of frame ${index} has no element`, 'give a type map');
      const known = this.#names.indexOf(name);
      if (known >= 0) return known;
      if (this.#options.typeMap)
        throw new MissingDataError(
          `frame ${index} has ${name}, which is not in the type map`,
          'add it to the type map',
        );
      return this.#names.push(name) - 1;
    });
  }

  readonly #said = new Set<string>();
  readonly #say = (code: string, message: string): void => {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.onDiagnostic({ severity: 'warning', code, message });
  };
}

const exactText = (x: number) => (Object.is(x, -0) ? '-0' : String(x));

type Say = (code: string, message: string) => void;

/** One system on disk. The `.npy` headers are written again when the number of frames is known. */
class Group {
  readonly path: string;
  readonly #types: readonly number[];
  readonly #periodic: boolean;
  readonly #storage: Storage;
  readonly #arrays = new Map<string, { width: number; rows: number; pending: number[] }>();
  #frames = 0;

  constructor(path: string, types: readonly number[], periodic: boolean, storage: Storage) {
    this.path = path;
    this.#types = types;
    this.#periodic = periodic;
    this.#storage = storage;
  }

  async begin(): Promise<void> {
    await mkdir(this.#setFolder, { recursive: true });
  }

  /** Takes over the values of a frame; how many there are. */
  add(frame: Frame, say: Say): number {
    const values = new Map<string, ArrayLike<number>>([['coord', frame.positions]]);
    const { labels, cell } = frame;
    if (cell) values.set('box', cell);
    if (labels?.energy !== undefined) values.set('energy', [labels.energy]);
    if (labels?.forces) values.set('force', labels.forces);
    if (labels?.virial) values.set('virial', labels.virial);
    for (const [name, data] of extras(frame, say)) values.set(name, data);
    let count = 0;
    for (const [name, data] of values) {
      if (this.#frames === 0) this.#arrays.set(name, { width: data.length, rows: 0, pending: [] });
      const array = this.#arrays.get(name);
      if (!array || array.rows !== this.#frames || array.width !== data.length) {
        say('key-dropped', `${name} is not written for all frames of a system: it is not in all of them`);
        continue;
      }
      for (let k = 0; k < data.length; k++) array.pending.push(data[k]);
      array.rows++;
      count += data.length;
    }
    this.#frames++;
    return count;
  }

  async flush(): Promise<void> {
    for (const [name, { pending, width, rows }] of this.#arrays) {
      if (pending.length === 0) continue;
      const path = this.#file(name);
      if (this.#storage === 'raw') {
        let text = '';
        for (let k = 0; k < pending.length; k += width)
          text += `${pending
            .slice(k, k + width)
            .map(exactText)
            .join(' ')}\n`;
        await appendFile(path, text);
      } else {
        if (rows * width === pending.length) await writeFile(path, npyHeader('<f8', [0]));
        const bytes = Buffer.alloc(8 * pending.length);
        for (let k = 0; k < pending.length; k++) bytes.writeDoubleLE(pending[k], 8 * k);
        await appendFile(path, bytes);
      }
      pending.length = 0;
    }
  }

  async finish(names: readonly string[], say: Say): Promise<void> {
    await this.flush();
    for (const [name, { rows, width }] of this.#arrays) {
      const path = this.#file(name);
      if (rows !== this.#frames) {
        say('key-dropped', `${name} is not written for all frames of a system: it is not in all of them`);
        await rm(path, { force: true });
      } else if (this.#storage === 'npy') {
        const shape = name === 'energy' || (width === 1 && !PER_ATOM.has(name)) ? [rows] : [rows, width];
        const file = await open(path, 'r+');
        try {
          await file.write(npyHeader('<f8', shape), 0, 128, 0);
          await file.sync();
        } finally {
          await file.close();
        }
      }
    }
    await writeFile(join(this.path, 'type.raw'), this.#types.map((t) => `${t}\n`).join(''));
    await writeFile(join(this.path, 'type_map.raw'), names.map((name) => `${name}\n`).join(''));
    if (!this.#periodic) await writeFile(join(this.path, 'nopbc'), '');
  }

  get #setFolder(): string {
    return this.#storage === 'raw' ? this.path : join(this.path, 'set.000');
  }

  #file(name: string): string {
    return join(this.#setFolder, `${name}.${this.#storage}`);
  }
}

/** Numbers of `info` and `arrays` that can be arrays of their own; everything else is reported. */
function extras({ info, arrays, natoms, labels }: Frame, say: Say): [string, ArrayLike<number>][] {
  const found: [string, ArrayLike<number>][] = [];
  const fits = (name: string) => /^[A-Za-z]\w*$/.test(name) && !STRUCTURE.includes(name);
  for (const [name, value] of Object.entries(info)) {
    if (repeatsLabel(name, labels)) continue;
    const numbers = numbersOf(value);
    if (numbers && fits(name) && !PER_ATOM.has(name)) found.push([name, numbers]);
    else say('key-dropped', `${name} is not written: DeePMD holds numbers only, under names of its own`);
  }
  for (const [name, { data, columns }] of Object.entries(arrays)) {
    if (name === 'type' || name === 'species' || repeatsLabel(name, labels)) continue;
    if (data instanceof Float64Array && PER_ATOM.has(name) && data.length === natoms * columns)
      found.push([name, data]);
    else say('column-dropped', `column ${name} is not written: DeePMD has no such array per atom`);
  }
  return found;
}

function numbersOf(value: InfoValue): number[] | undefined {
  const flat = (Array.isArray(value) ? value.flat(4) : [value]) as readonly InfoValue[];
  return flat.length > 0 && flat.every((x): x is number => typeof x === 'number') ? [...flat] : undefined;
}

/** `H2O`: elements in order of appearance. */
function formula({ numbers }: Frame): string {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].map(([number, count]) => `${symbolOf(number)}${count}`).join('') || 'empty';
}
