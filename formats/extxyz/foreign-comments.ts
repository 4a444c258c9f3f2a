import type { InfoValue } from '../../src/core/frame.ts';
import { BOHR, HARTREE } from '../../src/core/units.ts';

/** What another program's comment line of a plain xyz file says. Values are as written; the factors turn them into Å and eV. */
export interface ForeignComment {
  readonly program: 'i-PI' | 'CP2K' | 'LAMMPS';
  readonly info: Readonly<Record<string, InfoValue>>;
  readonly lengthFactor: number;
  /** Rows a, b, c in Å. */
  readonly cell?: Float64Array;
  /** Name of the key that holds the energy, and its factor. */
  readonly energy?: { readonly key: string; readonly factor: number };
  /** What the caller should know, in words. */
  readonly note?: string;
}

/** i-PI's names of length units. Source: i-PI manual, "Units". */
const IPI_LENGTH: Readonly<Record<string, number>> = { atomic_unit: BOHR, angstrom: 1, nanometer: 10, automatic: BOHR };

/** The comment of i-PI, CP2K or LAMMPS `dump xyz`; undefined for any other. `fail` makes the error of one that is damaged. */
export function foreignComment(text: string, fail: (message: string) => Error): ForeignComment | undefined {
  if (/^#\s*CELL[({]/.test(text)) return ipi(text, fail);
  if (/^\s*i\s*=\s*\d+\s*,\s*time\s*=/.test(text)) return cp2k(text, fail);
  const lammps = /^Atoms\. Timestep:\s*(\d+)/.exec(text);
  if (lammps) return { program: 'LAMMPS', info: { comment: text, timestep: Number(lammps[1]) }, lengthFactor: 1 };
  return undefined;
}

/** `# CELL(abcABC): a b c alpha beta gamma Step: n Bead: k positions{unit} cell{unit}` */
function ipi(text: string, fail: (message: string) => Error): ForeignComment {
  const [, kind, rest] = /^#\s*CELL[({](\w+)[)}]:?\s*(.*)$/.exec(text) ?? [];
  const wanted = kind === 'abcABC' ? 6 : 9;
  const numbers = (rest ?? '').split(/\s+/).filter(Boolean).slice(0, wanted).map(Number);
  const known = ['abcABC', 'GENH', 'H'].includes(kind);
  if (!known || numbers.length !== wanted || !numbers.every(Number.isFinite))
    throw fail(`expected an i-PI comment "# CELL(abcABC): a b c alpha beta gamma", found "${text.slice(0, 80)}"`);
  const units = new Map([...rest.matchAll(/(\w+)\{(\w*)\}/g)].map(([, name, unit]) => [name, unit || 'atomic_unit']));
  const quantity = [...units.keys()].find((name) => name !== 'cell');
  if (quantity !== undefined && !/^(positions|x_\w+)$/.test(quantity))
    throw fail(`expected positions, found an i-PI file of ${quantity}`);
  const factorOf = (name: string | undefined) => {
    const unit = (name && units.get(name)) || 'atomic_unit';
    const factor = IPI_LENGTH[unit];
    if (factor === undefined)
      throw fail(`expected a length unit of i-PI (${Object.keys(IPI_LENGTH).join(', ')}), found "${unit}"`);
    return { unit, factor };
  };
  const cell = factorOf('cell');
  const length = factorOf(quantity);
  const rows = kind === 'abcABC' ? cellOfParameters(numbers) : transposed(numbers);
  return {
    program: 'i-PI',
    info: { comment: text },
    lengthFactor: length.factor,
    cell: Float64Array.from(rows, (x) => x * cell.factor),
    note: `i-PI comment: cell in ${cell.unit}, positions in ${length.unit}`,
  };
}

/** Rows a, b, c from lengths and angles in degrees: a along x, b in the xy plane. */
function cellOfParameters([a, b, c, alpha, beta, gamma]: readonly number[]): number[] {
  const cos = (degrees: number) => (degrees === 90 ? 0 : Math.cos((degrees * Math.PI) / 180));
  const singamma = gamma === 90 ? 1 : Math.sin((gamma * Math.PI) / 180);
  const cx = cos(beta);
  const cy = (cos(alpha) - cos(beta) * cos(gamma)) / singamma;
  return [a, 0, 0, b * cos(gamma), b * singamma, 0, c * cx, c * cy, c * Math.sqrt(Math.max(0, 1 - cx * cx - cy * cy))];
}

/** i-PI's h has the cell vectors as columns. */
const transposed = (h: readonly number[]) => [h[0], h[3], h[6], h[1], h[4], h[7], h[2], h[5], h[8]];

/** `i = 0, time = 0.000, E = -17.16` of CP2K's trajectories; E is in hartree. */
function cp2k(text: string, fail: (message: string) => Error): ForeignComment {
  const info: [string, InfoValue][] = [];
  for (const part of text.split(',')) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    const number = Number((value ?? '').replace(/[dD]/, 'e'));
    if (key === undefined || !Number.isFinite(number))
      throw fail(`expected a CP2K comment "i = .., time = .., E = ..", found "${text.slice(0, 80)}"`);
    info.push([key, number]);
  }
  const hasEnergy = info.some(([key]) => key === 'E');
  return {
    program: 'CP2K',
    info: Object.fromEntries(info),
    lengthFactor: 1,
    ...(hasEnergy ? { energy: { key: 'E', factor: HARTREE }, note: 'CP2K comment: E is in hartree' } : {}),
  };
}
