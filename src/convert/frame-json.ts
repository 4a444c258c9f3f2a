import { volume } from '../core/cell.ts';
import { symbolOf } from '../core/elements.ts';
import type { Frame, InfoValue, PerAtom } from '../core/frame.ts';
import { toVoigt, virialToStress } from '../core/tensor.ts';

type Column = PerAtom['data'];

/** A value a JSON line can hold: NaN is null, infinities and integers beyond 2^53 are strings. */
function scalar(value: string | number | bigint | boolean): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? String(value) : `"${value}"`;
  if (typeof value === 'boolean' || Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'null' : `"${value}"`;
}

function infoValue(value: InfoValue): string {
  if (typeof value !== 'object') return scalar(value);
  if (Array.isArray(value)) return `[${value.map(infoValue).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, v]) => `${JSON.stringify(key)}:${infoValue(v as InfoValue)}`)
    .join(',')}}`;
}

/** Rows of `columns` values; one column gives a flat list. Large arrays come in pieces. */
function* rows(data: Column, columns: number, logical = false): Generator<string> {
  const text = (k: number) => scalar(logical ? data[k] !== 0 : data[k]);
  let piece = '[';
  for (let k = 0; k < data.length; k += columns) {
    if (k > 0) piece += ',';
    if (columns === 1) piece += text(k);
    else {
      piece += '[';
      for (let c = 0; c < columns; c++) piece += c === 0 ? text(k) : `,${text(k + c)}`;
      piece += ']';
    }
    if (piece.length > 1 << 16) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}]`;
}

/** Names as the file has them where the reader keeps labels, else symbols; `X` is the unknown element. */
function species(frame: Frame): readonly string[] {
  const labels = frame.arrays['species']?.data;
  return Array.isArray(labels) ? labels : Array.from(frame.numbers, symbolOf);
}

/**
 * One frame as one line of JSON in pieces, by the contract of the corpus check: lengths Å and energies eV, or the units of the
 * file where the frame was read with `asRead`; stress eV/Å³, tension > 0, xx yy zz yz xz xy; virial eV, 3x3.
 */
export function* frameJson(frame: Frame): Generator<string> {
  const { labels, cell, arrays, info } = frame;
  yield `{"natoms":${frame.natoms},"cell":`;
  if (cell) yield* rows(cell, 3);
  else yield 'null';
  yield `,"pbc":${JSON.stringify(frame.pbc)},"species":${JSON.stringify(species(frame))},"positions":`;
  yield* rows(frame.positions, 3);
  yield* named('velocities', frame.velocities, 3);
  yield* named('forces', labels?.forces, 3);
  yield* named('masses', frame.masses, 1);
  yield* named('charges', frame.charges, 1);
  const energy = labels?.energySigma0 ?? labels?.energy;
  if (energy !== undefined) yield `,"energy":${scalar(energy)}`;
  if (labels?.energy !== undefined && labels.energySigma0 !== undefined)
    yield `,"free_energy":${scalar(labels.energy)}`;
  yield* named('virial', labels?.virial, 3);
  if (labels?.virial && cell && volume(cell) > 0)
    yield* named('stress', toVoigt(virialToStress(labels.virial, volume(cell)), 'ase'), 1);
  yield* named('types', arrays['type']?.data, 1);
  yield* named('ids', arrays['id']?.data, 1);
  for (const key of ['timestep', 'origin']) if (key in info) yield `,"${key}":${infoValue(info[key])}`;
  const all = { ...info, ...(labels?.converged === undefined ? {} : { scf_converged: labels.converged }) };
  yield `,"info":${infoValue(all)}`;
  const others = Object.entries(arrays).filter(([name]) => name !== 'type' && name !== 'id' && name !== 'species');
  if (others.length > 0) {
    yield ',"arrays":{';
    for (const [k, [name, array]] of others.entries()) {
      yield `${k > 0 ? ',' : ''}${JSON.stringify(name)}:`;
      yield* rows(array.data, array.columns, array.logical);
    }
    yield '}';
  }
  yield '}\n';
}

function* named(name: string, data: Column | readonly number[] | undefined, columns: number): Generator<string> {
  if (data === undefined) return;
  yield `,"${name}":`;
  yield* rows(data as Column, columns);
}
