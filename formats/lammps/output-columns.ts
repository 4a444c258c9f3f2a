import { symbolOf } from '../../src/core/elements.ts';
import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame, PerAtom } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { typeMapNumbers } from './columns.ts';
import type { OutputScale } from './output-scale.ts';

/** A column of a dump to be written. */
export interface OutputColumn {
  readonly name: string;
  text(row: number): string;
  /** Missing for words. */
  value?(row: number): number;
}

/** LAMMPS types of the elements: by the type map, else in order of first appearance in the whole file. */
export class TypeNumbers {
  /** Atomic numbers of the types 1, 2, … */
  readonly elements: number[];
  readonly #options: WriteOptions;

  constructor(options: WriteOptions) {
    this.#options = options;
    this.elements = options.typeMap ? Array.from(typeMapNumbers(options.typeMap)) : [];
  }

  /** Types (n): those that were read, unless a type map is given or the elements alone are known. */
  of(frame: Frame): PerAtom['data'] {
    const read = frame.arrays['type'];
    const isGiven = this.#options.typeMap !== undefined;
    if (read?.columns === 1 && !(isGiven && frame.numbers.every((z) => z > 0))) return read.data;
    const typeOf = new Int32Array(256);
    this.elements.forEach((z, k) => {
      if (typeOf[z] === 0) typeOf[z] = k + 1;
    });
    return Int32Array.from(frame.numbers, (z) => {
      if (typeOf[z] === 0 && isGiven)
        throw new MissingDataError(`the type map has no ${symbolOf(z)}`, 'name every element of the frames in it');
      if (typeOf[z] === 0) typeOf[z] = this.#newType(z, frame);
      return typeOf[z];
    });
  }

  #newType(z: number, frame: Frame): number {
    if (z === 0)
      this.#options.onDiagnostic({
        severity: 'warning',
        code: 'unknown-elements',
        message: 'atoms of unknown elements, which may be different ones, all become one LAMMPS type',
        ...(frame.origin && { at: frame.origin }),
      });
    return this.elements.push(z);
  }
}

/** Columns under which other formats keep what a frame also has as a field of its own. */
const COPIES: readonly (readonly [RegExp, (frame: Frame) => unknown])[] = [
  [/^(ref_|dft_)?forces?$/i, (frame) => frame.labels?.forces],
  [/^(momenta|velo|vel|velocities)$/, (frame) => frame.velocities],
  [/^mass(es)?$/, (frame) => frame.masses],
  [/^(initial_)?charges?$/, (frame) => frame.charges],
];

/**
 * The columns of a frame in the units of the file: those of `options.columns`, else id type [element] positions and what else
 * the frame has. Throws MissingDataError for a column that it does not have.
 */
export function outputColumns(
  frame: Frame,
  types: TypeNumbers,
  scale: OutputScale,
  options: WriteOptions,
): OutputColumn[] {
  const { arrays, numbers, velocities, labels, charges, masses } = frame;
  const id = arrays['id'];
  const columns: OutputColumn[] = [
    id?.columns === 1
      ? column('id', id.data, 1, 0)
      : { name: 'id', text: (row) => `${row + 1}`, value: (row) => row + 1 },
    column('type', types.of(frame), 1, 0),
  ];
  const labelled = arrays['species'];
  if (labelled?.columns === 1 && Array.isArray(labelled.data)) columns.push(words('element', labelled.data));
  else if (numbers.some((z) => z > 0)) columns.push({ name: 'element', text: (row) => symbolOf(numbers[row]) });
  const read = frame.info['position_columns'];
  const isUnwrapped = Array.isArray(read) && /^xs?u$/.test(String(read[0]));
  const add = (names: string, data: Float64Array | undefined, factor: number) => {
    const list = names.split(' ');
    if (data) columns.push(...list.map((name, k) => column(name, data, list.length, k, factor)));
  };
  add(isUnwrapped ? 'xu yu zu' : 'x y z', frame.positions, scale.length);
  add('vx vy vz', velocities, scale.velocity);
  add('fx fy fz', labels?.forces, scale.force);
  add('q', charges, scale.charge);
  add('mass', masses, scale.mass);
  addArrays(columns, frame, options);
  return options.columns ? options.columns.map((name) => chosen(columns, name)) : columns;
}

function chosen(columns: readonly OutputColumn[], name: string): OutputColumn {
  const found = columns.find((c) => c.name === name);
  if (found) return found;
  throw new MissingDataError(
    `a frame has no column ${name} for the dump`,
    `it has ${columns.map((c) => c.name).join(' ')}`,
  );
}

function addArrays(columns: OutputColumn[], frame: Frame, options: WriteOptions): void {
  const taken = new Set(columns.map((c) => c.name));
  for (const [key, array] of Object.entries(frame.arrays)) {
    if (key === 'id' || key === 'type' || key === 'species') continue;
    if (COPIES.some(([name, field]) => name.test(key) && field(frame) !== undefined)) continue;
    for (let k = 0; k < array.columns; k++) {
      const wanted = array.columns === 1 ? key : `${key}[${k + 1}]`;
      let name = wanted.replace(/\s+/g, '_') || '_';
      while (taken.has(name)) name += '_';
      taken.add(name);
      if (name !== wanted)
        options.onDiagnostic({
          severity: 'info',
          code: 'renamed-column',
          message: `column "${wanted}" is written as ${name}`,
        });
      const { data } = array;
      columns.push(Array.isArray(data) ? words(name, data, array.columns, k) : column(name, data, array.columns, k));
    }
  }
}

function column(name: string, data: PerAtom['data'], stride: number, offset: number, factor = 1): OutputColumn {
  if (Array.isArray(data)) return words(name, data, stride, offset);
  if (data instanceof Float64Array) {
    const value = (row: number) => data[row * stride + offset] / factor;
    return { name, text: (row) => numberText(value(row)), value };
  }
  return { name, text: (row) => `${data[row * stride + offset]}`, value: (row) => Number(data[row * stride + offset]) };
}

/** nan and inf as LAMMPS prints them. */
function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** Words without blanks: a blank would be a further column. */
function words(name: string, data: readonly string[], stride = 1, offset = 0): OutputColumn {
  return { name, text: (row) => data[row * stride + offset].replace(/\s+/g, '_') || '_' };
}
