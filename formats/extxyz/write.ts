import { volume } from '../../src/core/cell.ts';
import { massOf, symbolOf } from '../../src/core/elements.ts';
import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame, InfoValue, Labels, PerAtom } from '../../src/core/frame.ts';
import { virialToStress } from '../../src/core/tensor.ts';
import { AMU_A2_PS2 } from '../../src/core/units.ts';
import type { WriteOptions } from '../format.ts';
import { CHARGE_COLUMNS, MASS_COLUMNS } from './atom-columns.ts';
import { LABEL_DIALECTS, type LabelKeys, labelKeysOf } from './label-keys.ts';
import { findLabels, tensorOf } from './labels.ts';
import { layoutOf } from './layout.ts';
import type { ColumnType } from './properties.ts';
import { UNIT_KEYS } from './unit-keys.ts';
import { keyText, realText, valueText } from './value-text.ts';

type Report = (code: string, message: string) => void;

/** Everything of a frame under the names it is written with. */
interface Written {
  readonly info: Map<string, InfoValue>;
  readonly reals: Set<string>;
  readonly arrays: Map<string, PerAtom>;
}

const STRUCTURE_KEYS = ['Lattice', 'Properties', 'pbc'];
const PIECE = 1 << 16;

/**
 * Frames as extended xyz, numbers in the shortest form that reads back exactly. `info` and `arrays` are written as they came;
 * labels that they already hold, by any key table, are left as they stand there. Otherwise, and wherever `labelKeys` is given,
 * labels are written under the names of that table (default `ase`: `energy`; with both energies `free_energy` for the
 * force-consistent one and `energy` for the one extrapolated to zero smearing). What cannot be written is reported.
 */
export async function* writeExtxyz(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  const said = new Set<string>();
  const report: Report = (code, message) => {
    if (said.has(message)) return;
    said.add(message);
    options.onDiagnostic({ severity: 'warning', code, message });
  };
  labelKeysOf(options.labelKeys);
  let index = 0;
  for await (const frame of frames) yield* frameText(frame, index++, options.labelKeys, report);
}

function* frameText(frame: Frame, index: number, dialect: string | undefined, report: Report): Generator<string> {
  for (const [what, data] of [['positions', frame.positions] as const, ['a cell', frame.cell] as const])
    if (data?.some((x) => !Number.isFinite(x)))
      throw new MissingDataError(`frame ${index} has ${what} with values that are not finite`, 'leave the frame out');
  const written: Written = {
    info: new Map(Object.entries(frame.info)),
    reals: new Set(layoutOf(frame)?.reals),
    arrays: new Map(Object.entries(frame.arrays)),
  };
  placeLabels(frame, dialect, written, report);
  placeAtomFields(frame, dialect, written, report);
  const columns = columnsOf(frame, written, report);
  const properties = columns.map((c) => `${c.name}:${c.type}:${c.count}`).join(':');
  let piece = `${frame.natoms}\n${commentText(frame, properties, written, report)}\n`;
  for (let row = 0; row < frame.natoms; row++) {
    let line = '';
    for (const { count, text } of columns)
      for (let k = row * count; k < (row + 1) * count; k++) line += line === '' ? text(k) : ` ${text(k)}`;
    piece += `${line}\n`;
    if (piece.length > PIECE) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** Puts the labels under the keys of the table, unless info and arrays already say the same by some table. */
function placeLabels(frame: Frame, dialect: string | undefined, written: Written, report: Report): void {
  const { info, arrays, reals } = written;
  const labels = frame.labels ?? {};
  const unitKeys = Object.keys(UNIT_KEYS).filter((key) => info.has(key));
  if (
    dialect === undefined &&
    unitKeys.length === 0 &&
    LABEL_DIALECTS.some((name) => alreadyStated(frame, labelKeysOf(name)))
  )
    return;
  const any = labelKeysOf(undefined);
  const keys = labelKeysOf(dialect ?? 'ase');
  const fresh = freshLabels(frame, labels, keys, report);
  const inOtherUnits = unitKeys.length > 0;
  const same = (key: string, value: InfoValue) => inOtherUnits || sameAsLabel(key, value, any, frame);
  for (const [key, value] of info) {
    const isLabel = [any.energy, any.freeEnergy, any.stress, any.virial].some((names) => names.includes(key));
    if (unitKeys.includes(key)) report('unit-keys-dropped', `${key} is not written: labels are in eV and angstrom`);
    else if (isLabel && fresh.info.has(key) && !same(key, value))
      report('label-replaced', `${key} of the input is not the label: the label is written instead`);
    else if (!(isLabel && same(key, value)) && !fresh.info.has(key)) continue;
    info.delete(key);
  }
  for (const key of any.forces) {
    const data = arrays.get(key)?.data;
    if (data && (inOtherUnits || fresh.forces === key || (labels.forces && equalNumbers(data, labels.forces))))
      arrays.delete(key);
  }
  for (const [key, value] of fresh.info) {
    info.set(key, value);
    reals.add(key);
  }
  if (fresh.forces && labels.forces) arrays.set(fresh.forces, { columns: 3, data: labels.forces });
}

/** True when reading info and arrays by this table gives the labels of the frame. */
function alreadyStated(frame: Frame, keys: LabelKeys): boolean {
  const { info, arrays, cell } = frame;
  const isLammps = Object.hasOwn(info, 'Timestep') && Object.hasOwn(info, 'Potential_energy');
  const table = isLammps ? { ...keys, energy: [...keys.energy, 'Potential_energy'] } : keys;
  const found: Labels =
    findLabels({ info, arrays, cell, keys: table, units: NO_CONVERSION, warn: () => {} }).labels ?? {};
  const labels = frame.labels ?? {};
  const same = (a: Float64Array | undefined, b: Float64Array | undefined) =>
    a === b || (!!a && !!b && equalNumbers(a, b));
  return (
    found.energy === labels.energy &&
    found.energySigma0 === labels.energySigma0 &&
    same(found.forces, labels.forces) &&
    same(found.virial, labels.virial)
  );
}

const NO_CONVERSION = { energy: 1, force: 1, stress: 1, virial: 1 };

function freshLabels(frame: Frame, labels: Labels, keys: LabelKeys, report: Report) {
  const info = new Map<string, InfoValue>();
  const { energy, energySigma0, virial } = labels;
  if (energySigma0 === undefined) {
    if (energy !== undefined) info.set(keys.energy[0], energy);
  } else {
    info.set(keys.energy[0], energySigma0);
    if (energy !== undefined) info.set(keys.freeEnergy[0], energy);
    else
      report('energy-kind', `${keys.energy[0]} is extrapolated to zero smearing; no force-consistent energy is known`);
  }
  if (virial) {
    const cellVolume = frame.cell ? volume(frame.cell) : 0;
    if (keys.writes === 'stress' && cellVolume > 0) info.set(keys.stress[0], [...virialToStress(virial, cellVolume)]);
    else info.set(keys.virial[0], [...virial]);
  }
  for (const [key, value] of info)
    if (![value].flat().every((x) => Number.isFinite(x))) {
      report('not-finite', `${key} is not finite and not written`);
      info.delete(key);
    }
  return { info, forces: labels.forces ? keys.forces[0] : undefined };
}

function sameAsLabel(key: string, value: InfoValue, keys: LabelKeys, { labels, cell }: Frame): boolean {
  if (!labels) return false;
  if (keys.energy.includes(key) || keys.freeEnergy.includes(key))
    return value === labels.energy || value === labels.energySigma0;
  const tensor = tensorOf(value);
  if (!tensor || !labels.virial) return false;
  const factor = keys.stress.includes(key) ? -(cell ? volume(cell) : 0) : 1;
  const size = Math.max(...labels.virial.map(Math.abs));
  return labels.virial.every((v, k) => Math.abs(v - tensor[k] * factor) <= 1e-9 * size);
}

/** Velocities (as ASE momenta), masses and charges, where no column says the same. */
function placeAtomFields(frame: Frame, dialect: string | undefined, { arrays }: Written, report: Report): void {
  const { velocities, masses, charges, numbers } = frame;
  const place = (names: readonly string[], data: Float64Array | undefined, name: string) => {
    const stated = names.find((n) => arrays.get(n)?.data instanceof Float64Array && arrays.get(n)?.columns === 1);
    const column = stated === undefined ? undefined : arrays.get(stated)?.data;
    if (!data || (column && equalNumbers(column, data))) return;
    if (stated !== undefined) arrays.delete(stated);
    arrays.set(stated ?? name, { columns: 1, data });
  };
  place(MASS_COLUMNS, masses, 'masses');
  place(CHARGE_COLUMNS, charges, dialect === 'n2p2' || dialect === 'nep' ? 'charge' : 'initial_charges');
  if (!velocities || arrays.has('momenta') || arrays.get('vel')?.data === velocities) return;
  const mass = (k: number) => masses?.[k] ?? massOf(numbers[k]);
  if (numbers.some((_, k) => !(mass(k) > 0))) {
    report('velocities-dropped', 'velocities are not written: momenta need the masses of all atoms');
    return;
  }
  const factor = Math.sqrt(AMU_A2_PS2);
  arrays.set('momenta', { columns: 3, data: velocities.map((v, k) => v * mass(Math.floor(k / 3)) * factor) });
}

interface WrittenColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly count: number;
  readonly text: (k: number) => string;
}

/** The columns in the order they came, then new ones; what cannot be a column is reported. */
function columnsOf(frame: Frame, { arrays }: Written, report: Report): WrittenColumn[] {
  const { natoms, numbers, positions } = frame;
  const layout = layoutOf(frame);
  const labels = arrays.get('species');
  const z = arrays.get('Z')?.data;
  const zOnly =
    layout?.columns.some((c) => c.name === 'Z') &&
    !layout.columns.some((c) => c.name === 'species') &&
    z !== undefined &&
    equalNumbers(z as ArrayLike<number>, numbers);
  if (!zOnly && !(labels?.columns === 1 && Array.isArray(labels.data)))
    arrays.set('species', { columns: 1, data: Array.from(numbers, symbolOf) });
  arrays.set('pos', { columns: 3, data: positions });
  const order = [...(layout?.columns.map((c) => c.name) ?? []), 'species', 'pos', ...arrays.keys()];
  const columns: WrittenColumn[] = [];
  for (const name of new Set(order)) {
    const array = arrays.get(name);
    if (!array) continue;
    const column = columnOf(name, array, natoms);
    if (typeof column === 'string') {
      if (name === 'species') throw new MissingDataError(`species cannot be written: ${column}`, 'give a type map');
      report('column-dropped', `column ${name} is not written: ${column}`);
    } else columns.push(column);
  }
  return columns;
}

/** How a column is written, or why it cannot be. */
function columnOf(name: string, { columns: count, data, logical }: PerAtom, natoms: number): WrittenColumn | string {
  if (!/^[^\s:=",{}[\]\\']+$/.test(name)) return 'its name has characters that Properties cannot hold';
  if (data.length !== natoms * count || count < 1) return `it has ${data.length} values for ${natoms} atoms`;
  if (data instanceof Float64Array) {
    if (data.some((x) => !Number.isFinite(x))) return 'it holds NaN or infinity';
    return { name, count, type: 'R', text: (k) => (Object.is(data[k], -0) ? '-0.0' : String(data[k])) };
  }
  if (logical) return { name, count, type: 'L', text: (k) => (data[k] ? 'T' : 'F') };
  if (!Array.isArray(data)) return { name, count, type: 'I', text: (k) => String(data[k]) };
  const words = data as readonly string[];
  if (words.some((word) => !/^\S+$/.test(word))) return 'it has words that are empty or hold blanks';
  return { name, count, type: 'S', text: (k) => words[k] };
}

function commentText(frame: Frame, properties: string, { info, reals }: Written, report: Report): string {
  const { cell, pbc } = frame;
  const layout = layoutOf(frame);
  const entries = new Map<string, string>();
  if (cell) entries.set('Lattice', `"${Array.from(cell, realText).join(' ')}"`);
  entries.set('Properties', properties);
  for (const [key, value] of info) {
    if (STRUCTURE_KEYS.includes(key) || key === '') {
      report('key-dropped', `key "${key}" is not written: it means something else in extxyz`);
      continue;
    }
    const style = { real: reals.has(key), bracketed: layout?.bracketed.has(key) === true };
    const text = valueText(value, style);
    if (text === undefined) report('key-dropped', `key ${key} is not written: it holds NaN or infinity`);
    else entries.set(key, text);
  }
  if (!layout || layout.keys.includes('pbc') || pbc.some((p) => p !== (cell !== null)))
    entries.set('pbc', `"${pbc.map((p) => (p ? 'T' : 'F')).join(' ')}"`);
  const order = new Set([...(layout?.keys ?? []).filter((key) => entries.has(key)), ...entries.keys()]);
  return [...order].map((key) => `${keyText(key)}=${entries.get(key)}`).join(' ');
}

function equalNumbers(a: ArrayLike<number | bigint | string>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < b.length; k++) if (a[k] !== b[k]) return false;
  return true;
}
