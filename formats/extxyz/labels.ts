import { volume } from '../../src/core/cell.ts';
import type { InfoValue, Labels, PerAtom } from '../../src/core/frame.ts';
import { fromVoigt, stressToVirial } from '../../src/core/tensor.ts';
import type { LabelKeys } from './label-keys.ts';

/** Factors into eV, eV/Å, eV/Å³ and eV. */
export interface LabelUnits {
  readonly energy: number;
  readonly force: number;
  readonly stress: number;
  readonly virial: number;
}

export interface LabelSource {
  readonly info: Readonly<Record<string, InfoValue>>;
  readonly arrays: Readonly<Record<string, PerAtom>>;
  readonly cell: Float64Array | null;
  readonly keys: LabelKeys;
  readonly units: LabelUnits;
  readonly warn: (code: string, message: string) => void;
}

/** The key or column that each label was read from. */
export interface LabelOrigin {
  energy?: string;
  energySigma0?: string;
  forces?: string;
  virial?: string;
  stress?: string;
}

export interface FoundLabels {
  readonly labels: Labels | undefined;
  readonly from: LabelOrigin;
}

/** Largest relative difference of −V·stress and virial that rounding in the file explains. */
const AGREE = 1e-3;

/** The part of a key table that a frame with these info keys and columns can have: found once for all frames that have them. */
export function presentKeys(table: LabelKeys, keys: readonly string[], columns: readonly string[]): LabelKeys {
  const within = (names: readonly string[], there: readonly string[]) => names.filter((name) => there.includes(name));
  return {
    energy: within(table.energy, keys),
    freeEnergy: within(table.freeEnergy, keys),
    forces: within(table.forces, columns),
    stress: within(table.stress, keys),
    virial: within(table.virial, keys),
    writes: table.writes,
  };
}

/** What was read from where, in words: `energy = REF_energy`. */
export function originTexts({ energy, energySigma0, forces, virial, stress }: LabelOrigin): string[] {
  return [
    ...(energySigma0 === undefined ? [] : [`energy(sigma->0) = ${energySigma0}`]),
    ...(energy === undefined ? [] : [`energy = ${energy}`]),
    ...(virial === undefined ? [] : [`virial = ${virial}`]),
    ...(stress === undefined ? [] : [`virial = -volume*${stress}`]),
    ...(forces === undefined ? [] : [`forces = ${forces}`]),
  ];
}

/** Labels by the key table. What does not fit (text, wrong shape, no cell) stays in info and is reported. */
export function findLabels(source: LabelSource): FoundLabels {
  const { keys, units } = source;
  const from: LabelOrigin = {};
  const energy = findNumber(source, keys.energy);
  const free = findNumber(source, keys.freeEnergy);
  const forces = findForces(source);
  const virial = findVirial(source, from);
  const labels: { -readonly [K in keyof Labels]: Labels[K] } = {};
  const force = free ?? energy;
  if (force) {
    labels.energy = scaled(force.value, units.energy);
    from.energy = force.key;
  }
  if (free && energy) {
    labels.energySigma0 = scaled(energy.value, units.energy);
    from.energySigma0 = energy.key;
  }
  if (forces) {
    labels.forces = units.force === 1 ? forces.data : forces.data.map((f) => f * units.force);
    from.forces = forces.key;
  }
  if (virial) labels.virial = virial;
  return { labels: force || forces || virial ? labels : undefined, from };
}

const scaled = (value: number, factor: number) => (factor === 1 ? value : value * factor);

function findNumber({ info, warn }: LabelSource, keys: readonly string[]) {
  let found: { key: string; value: number } | undefined;
  for (const key of keys) {
    if (!Object.hasOwn(info, key)) continue;
    const raw = info[key];
    const value = typeof raw === 'bigint' ? Number(raw) : raw;
    if (typeof value !== 'number') {
      warn('label-not-a-number', `${key} is not a number (${String(raw).slice(0, 40)}): not used as a label`);
      continue;
    }
    found ??= { key, value };
    if (Math.abs(found.value - value) > 1e-9 * Math.abs(value))
      warn(
        'ambiguous-labels',
        `${found.key} (${found.value}) and ${key} (${value}) differ: ${found.key} is used; choose a key table to decide`,
      );
  }
  return found;
}

function findForces({ arrays, keys, warn }: LabelSource) {
  let found: { key: string; data: Float64Array } | undefined;
  for (const key of keys.forces) {
    const array = Object.hasOwn(arrays, key) ? arrays[key] : undefined;
    if (!array) continue;
    if (array.columns !== 3 || !(array.data instanceof Float64Array)) {
      warn('label-shape', `column ${key} is not R:3: not used as forces`);
      continue;
    }
    const { data } = array;
    if (!found) found = { key, data };
    else if (found.data.some((f, k) => Math.abs(f - data[k]) > 1e-9 * Math.abs(f)))
      warn('ambiguous-labels', `columns ${found.key} and ${key} differ: ${found.key} is used`);
  }
  return found;
}

/** The virial (eV), from a virial key or −V·stress; both are compared. */
function findVirial(source: LabelSource, from: LabelOrigin): Float64Array | undefined {
  const { keys, units, cell, warn } = source;
  const virial = findTensor(source, keys.virial, units.virial);
  const stress = findTensor(source, keys.stress, units.stress);
  const cellVolume = cell ? volume(cell) : 0;
  if (stress && cellVolume === 0)
    warn('stress-without-cell', `${stress.key} needs a cell to become a virial: not used as a label`);
  const fromStress = stress && cellVolume > 0 ? stressToVirial(stress.value, cellVolume) : undefined;
  if (virial && fromStress && stress) {
    const largest = Math.max(...virial.value.map(Math.abs), ...fromStress.map(Math.abs));
    if (virial.value.some((v, k) => Math.abs(v - fromStress[k]) > AGREE * largest + 1e-6)) {
      warn(
        'stress-virial',
        `${stress.key} and ${virial.key} contradict each other (virial is not -volume*stress): neither is a label`,
      );
      return undefined;
    }
  }
  if (virial) from.virial = virial.key;
  else if (fromStress && stress) from.stress = stress.key;
  return virial?.value ?? fromStress;
}

function findTensor({ info, warn }: LabelSource, keys: readonly string[], factor: number) {
  for (const key of keys) {
    if (!Object.hasOwn(info, key)) continue;
    const value = tensorOf(info[key]);
    if (!value) {
      warn('label-shape', `${key} is not 9 (or 6) finite numbers: not used as a label`);
      continue;
    }
    if (!isSymmetric(value))
      warn('asymmetric-stress', `${key} is not symmetric: its 9 numbers are kept, six components are not defined`);
    return { key, value: factor === 1 ? value : value.map((v) => v * factor) };
  }
  return undefined;
}

function isSymmetric(m: Float64Array): boolean {
  let size = 0;
  for (let k = 0; k < 9; k++) size = Math.max(size, Math.abs(m[k]));
  const differ = (a: number, b: number) => Math.abs(a - b) > 1e-5 * size;
  return !(differ(m[1], m[3]) || differ(m[2], m[6]) || differ(m[5], m[7]));
}

/** 9 numbers row by row, or 6 in the order xx yy zz yz xz xy; undefined for anything else. */
export function tensorOf(value: InfoValue): Float64Array | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length === 9) {
    const tensor = new Float64Array(9);
    let k = 0;
    while (k < 9 && Number.isFinite(value[k])) tensor[k] = value[k++];
    if (k === 9) return tensor;
  }
  const flat = (value as readonly InfoValue[]).flat(2).map((x) => (typeof x === 'bigint' ? Number(x) : x));
  if (!flat.every((x): x is number => typeof x === 'number' && Number.isFinite(x))) return undefined;
  if (flat.length === 9) return new Float64Array(flat);
  return flat.length === 6 ? fromVoigt(flat, 'ase') : undefined;
}
