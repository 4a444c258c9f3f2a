import type { InfoValue } from '../../src/core/frame.ts';
import { BOHR, GPA, HARTREE, KBAR } from '../../src/core/units.ts';
import type { LabelUnits } from './labels.ts';

/** Keys of the dpdata dialect that state the unit of a label. Source: dpdata, plugins/extxyz. */
export const UNIT_KEYS: Readonly<Record<string, keyof LabelUnits>> = {
  'energy-unit': 'energy',
  'force-unit': 'force',
  'forces-unit': 'force',
  'stress-unit': 'stress',
  'virial-unit': 'virial',
};

const NAMES = Object.keys(UNIT_KEYS);

const ENERGY: Readonly<Record<string, number>> = {
  ev: 1,
  mev: 1e-3,
  hartree: HARTREE,
  ha: HARTREE,
  rydberg: HARTREE / 2,
  ry: HARTREE / 2,
};
const LENGTH: Readonly<Record<string, number>> = { angstrom: 1, a: 1, ang: 1, bohr: BOHR, nm: 10 };
const PRESSURE: Readonly<Record<string, number>> = { gpa: GPA, kbar: KBAR, kb: KBAR, bar: KBAR / 1e3 };

/** True when keys of this dialect are among the keys of a comment line. */
export function statesUnits(keys: readonly string[]): boolean {
  return keys.some((key) => NAMES.includes(key));
}

/** Factors that the unit keys of a comment line state; undefined without such keys. An unknown unit is handed to `fail`. */
export function unitsOfKeys(
  info: Readonly<Record<string, InfoValue>>,
  fail: (message: string) => Error,
): { units: LabelUnits; keys: string } | undefined {
  if (NAMES.every((key) => info[key] === undefined)) return undefined;
  const units = { energy: 1, force: 1, stress: 1, virial: 1 };
  const found: string[] = [];
  for (const key of NAMES) {
    if (info[key] === undefined) continue;
    const quantity = UNIT_KEYS[key];
    const factor = factorOf(String(info[key]), quantity);
    if (factor === undefined) throw fail(`expected a known unit in ${key}, found "${String(info[key])}"`);
    units[quantity] = factor;
    found.push(`${key}=${String(info[key])}`);
  }
  return { units, keys: found.join(' ') };
}

function factorOf(text: string, quantity: keyof LabelUnits): number | undefined {
  const unit = text.toLowerCase().replace(/\s+/g, '');
  if (quantity === 'energy' || quantity === 'virial') return ENERGY[unit];
  if (quantity === 'stress' && PRESSURE[unit] !== undefined) return PRESSURE[unit];
  const [, energy, length, power] = /^([a-z]+)\/([a-z]+)(?:(?:\^|\*\*)?(3))?$/.exec(unit) ?? [];
  if ((quantity === 'stress') !== (power === '3')) return undefined;
  const factor = ENERGY[energy] / LENGTH[length] ** (power === '3' ? 3 : 1);
  return Number.isFinite(factor) ? factor : undefined;
}
