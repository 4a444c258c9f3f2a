import { inverse } from '../../core/cell.ts';
import { massOf, symbolOf } from '../../core/elements.ts';
import { UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';

/** Words and numbers of the user, by the name of their placeholder. */
export type Words = Readonly<Record<string, string | number>>;

/** What a template may ask for besides the structure. */
export interface RenderInput {
  readonly values: Words;
  /** By atomic number. */
  readonly elements: ReadonlyMap<number, Words>;
}

/** Digits behind the point of a coordinate; Å. */
const DIGITS = 12;
const BLOCK = /^[ \t]*\{\{#(atoms|species|blocks)\}\}[ \t]*\n([\s\S]*?)^[ \t]*\{\{\/\1\}\}[ \t]*(?:\n|$)/gm;
const PLACEHOLDER = /\{\{ *([\w.]+) *\}\}/g;

/**
 * A template with the numbers of a frame. Anywhere: `{{natoms}}`, `{{nspecies}}`, `{{a}}` `{{b}}` `{{c}}` (cell vectors, three numbers
 * in Å), `{{ax}}` … `{{cz}}`, `{{symbols}}` and `{{counts}}` (of the species, with blanks), and the user's `values`. Lines between
 * `{{#atoms}}` and `{{/atoms}}` are repeated for every atom with `{{index}}` (from 1), `{{symbol}}`, `{{kind}}` (number of the species,
 * from 1), `{{x}}` `{{y}}` `{{z}}` (Å) and `{{u}}` `{{v}}` `{{w}}` (fractions of the cell); lines between `{{#species}}` and
 * `{{/species}}` for every element in order of its first atom with `{{kind}}`, `{{symbol}}`, `{{number}}`, `{{mass}}` (amu), `{{count}}`
 * and the user's words for that element; lines between `{{#blocks}}` and `{{/blocks}}` in the same way for every run of equal atoms, for
 * programs that want atoms in blocks (`{{block_symbols}}`, `{{block_counts}}`): the order of the atoms is never changed. Only numbers and symbols of elements come from the frame. Throws UsageError for a placeholder
 * that has no value.
 */
export function renderTemplate(text: string, frame: Frame, { values, elements }: RenderInput): string {
  const species = [...new Set(frame.numbers)].map((z) => ({
    z,
    count: frame.numbers.filter((other) => other === z).length,
  }));
  const blocks = blocksOf(frame.numbers);
  const general: Words = {
    ...values,
    ...cellWords(frame),
    natoms: frame.natoms,
    nspecies: species.length,
    symbols: species.map(({ z }) => symbolOf(z)).join(' '),
    counts: species.map(({ count }) => count).join(' '),
    block_symbols: blocks.map(({ z }) => symbolOf(z)).join(' '),
    block_counts: blocks.map(({ count }) => count).join(' '),
  };
  const kinds = species.map(({ z }) => z);
  const ofElement = ({ z, count }: { z: number; count: number }): Words => {
    const own = { kind: kinds.indexOf(z) + 1, symbol: symbolOf(z), number: z, mass: massOf(z), count };
    return { ...general, ...elements.get(z), ...own };
  };
  const repeated = text.replace(BLOCK, (_, name: string, lines: string) => {
    if (name === 'atoms')
      return atomWords(frame, kinds)
        .map((words) => fill(lines, { ...general, ...words }))
        .join('');
    return (name === 'species' ? species : blocks).map((one) => fill(lines, ofElement(one), symbolOf(one.z))).join('');
  });
  return fill(repeated, general);
}

/** Runs of equal atoms, in order. */
function blocksOf(numbers: Uint8Array): { z: number; count: number }[] {
  const blocks: { z: number; count: number }[] = [];
  for (const z of numbers) {
    const last = blocks.at(-1);
    if (last?.z === z) last.count++;
    else blocks.push({ z, count: 1 });
  }
  return blocks;
}

function fill(text: string, words: Words, symbol?: string): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const word = words[name];
    if (word !== undefined) return String(word);
    throw new UsageError(
      symbol === undefined
        ? `the template asks for {{${name}}}, which neither the structure nor "values" of labeller.yaml has`
        : `the template asks for {{${name}}} of ${symbol}: give it under "elements: ${symbol}:" of labeller.yaml`,
    );
  });
}

function cellWords({ cell }: Frame): Words {
  if (!cell) return {};
  const words: Record<string, string> = {};
  for (const [row, name] of ['a', 'b', 'c'].entries()) {
    const vector = Array.from(cell.subarray(3 * row, 3 * row + 3), fixed);
    words[name] = vector.join(' ');
    for (const [k, axis] of ['x', 'y', 'z'].entries()) words[name + axis] = vector[k];
  }
  return words;
}

function atomWords({ natoms, numbers, positions, cell }: Frame, species: readonly number[]): Words[] {
  const inv = cell && inverse(cell);
  return Array.from({ length: natoms }, (_, i) => {
    const [x, y, z] = positions.subarray(3 * i, 3 * i + 3);
    const fraction = (k: number) =>
      fixed(x * (inv as Float64Array)[k] + y * (inv as Float64Array)[3 + k] + z * (inv as Float64Array)[6 + k]);
    return {
      index: i + 1,
      symbol: symbolOf(numbers[i]),
      kind: species.indexOf(numbers[i]) + 1,
      ...{ x: fixed(x), y: fixed(y), z: fixed(z) },
      ...(inv && { u: fraction(0), v: fraction(1), w: fraction(2) }),
    };
  });
}

function fixed(value: number): string {
  return value.toFixed(DIGITS);
}
