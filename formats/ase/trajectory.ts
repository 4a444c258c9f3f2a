import type { InfoValue, PerAtom } from '../../src/core/frame.ts';
import type { Format, ReadOptions } from '../format.ts';
import { ASE_CARRIES, type AseImage, frameOfImage } from './image.ts';
import { isUlm, UlmFile, type UlmItem } from './ulm.ts';

const NAME = 'ase-traj';
const TAG = 'ASE-Trajectory';
/** Results of a calculator that are labels. */
const LABELS = new Set(['energy', 'free_energy', 'forces', 'stress']);
/** What an image takes from the last one that says it. */
const LASTING = ['numbers', 'pbc', 'masses', 'constraints'];

/** ASE trajectory (`Trajectory`, format "traj"): binary images with positions, momenta and results of a calculator. */
export const aseTrajectory = {
  name: NAME,
  aliases: ['traj'],
  description: 'ASE trajectory (.traj)',
  reference: 'https://wiki.fysik.dtu.dk/ase/ase/io/trajectory.html',
  fileNames: [/\.traj$/i],
  carries: ASE_CARRIES,
  sniff: (head) => (isUlm(head, TAG) ? 1 : 0),
  readPath: readTrajectory,
} as const satisfies Format;

async function* readTrajectory(path: string, _options: ReadOptions) {
  const file = await UlmFile.open(path, TAG, NAME);
  try {
    let lasting: { item: UlmItem; fields: UlmItem } = { item: {}, fields: {} };
    for (let frame = 0; frame < file.count; frame++) {
      const item = await file.item(frame);
      if ('numbers.' in item || 'numbers' in item) {
        const fields = Object.entries(item).filter(([name]) => LASTING.includes(name.replace(/\.$/, '')));
        lasting = { item, fields: Object.fromEntries(fields) };
      }
      const whole = { ...lasting.fields, ...item };
      yield frameOfImage(await imageOf(file, whole), { path, frame }, (found) =>
        file.error(0, `image ${frame}: ${found}`),
      );
    }
  } finally {
    await file.close();
  }
}

async function imageOf(file: UlmFile, item: UlmItem): Promise<AseImage> {
  const array = async (from: UlmItem, name: string) => (await file.array(from, name))?.data;
  const need = async (name: string) => {
    const found = await array(item, name);
    if (!found) throw file.error(0, `expected ${name} of an image, found ${Object.keys(item).join(', ') || 'nothing'}`);
    return found;
  };
  const numbers = await need('numbers');
  const pbc = await need('pbc');
  const calculator = endian(item, (item['calculator.'] ?? {}) as UlmItem);
  const arrays: Record<string, PerAtom> = {};
  const info = infoOf(item);
  for (const [name, column] of [
    ['tags', 'tags'],
    ['magmoms', 'initial_magmoms'],
  ] as const) {
    const data = await array(item, name);
    if (data)
      arrays[column] = {
        columns: data.length / Math.max(1, numbers.length),
        data: name === 'tags' ? Int32Array.from(data) : data,
      };
  }
  for (const name of new Set(Object.keys(calculator).map((key) => key.replace(/\.$/, '')))) {
    if (LABELS.has(name) || name === 'parameters' || name === '_little_endian') continue;
    const found = await file.array(calculator, name);
    if (!found) info[name === 'name' ? 'calculator' : name] = calculator[name] as InfoValue;
    else if (numbers.length > 0 && found.shape[0] === numbers.length && found.shape.length <= 2)
      arrays[name] = { columns: found.data.length / numbers.length, data: found.data };
    else info[name] = [...found.data];
  }
  const [masses, momenta, initialCharges, forces, stress] = [
    await array(item, 'masses'),
    await array(item, 'momenta'),
    await array(item, 'charges'),
    await array(calculator, 'forces'),
    await array(calculator, 'stress'),
  ];
  const number = (name: string) => (typeof calculator[name] === 'number' ? (calculator[name] as number) : undefined);
  const [energy, freeEnergy] = [number('energy'), number('free_energy')];
  return {
    numbers,
    positions: await need('positions'),
    cell: await need('cell'),
    pbc: [pbc[0] !== 0, pbc[1] !== 0, pbc[2] !== 0],
    ...(masses && { masses }),
    ...(momenta && { momenta }),
    ...(initialCharges && { initialCharges }),
    ...(energy !== undefined && { energy }),
    ...(freeEnergy !== undefined && { freeEnergy }),
    ...(forces && { forces }),
    ...(stress && { stress }),
    arrays,
    info,
  };
}

/** The byte order is said once, at the item. */
function endian(item: UlmItem, inner: UlmItem): UlmItem {
  return item['_little_endian'] === false ? { ...inner, _little_endian: false } : inner;
}

function infoOf(item: UlmItem): Record<string, InfoValue> {
  const info = { ...((item['info'] ?? {}) as Record<string, InfoValue>) };
  const { constraints } = item;
  if (typeof constraints === 'string' && constraints !== '[]') info['constraints'] = constraints;
  return info;
}
