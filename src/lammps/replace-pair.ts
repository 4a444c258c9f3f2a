import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { atomicNumber } from '../core/elements.ts';
import { UsageError } from '../core/errors.ts';
import { pairLines } from './script.ts';

export interface ReplacedPair {
  readonly text: string;
  /** One sentence for each line that was replaced or left out. */
  readonly changes: readonly string[];
}

/** One command of an input script: its lines, joined where `&` continues them, without comment. */
interface Command {
  readonly line: number;
  readonly source: string;
  readonly words: readonly string[];
}

/** Interactions that would be added to those of the potential, which already has them. */
const FOREIGN = /^(bond|angle|dihedral|improper|kspace)_style$/;

/**
 * An input script whose pair lines are replaced by those of the potential: the first `pair_coeff` after each `pair_style` gives the
 * place, the elements come from `elements` or from the words at its end (`pair_coeff * * Si.sw Si`). Throws UsageError with
 * `path:line` for whatever is not understood: hybrid styles, pair lines in other commands or in included files, elements that are
 * not stated, bonds or long-range forces that would be added.
 */
export async function replacePair(
  path: string,
  text: string,
  options: { readonly elements?: readonly string[]; readonly cwd?: string } = {},
): Promise<ReplacedPair> {
  const refuse = (line: number, why: string) => new UsageError(`${path}:${line}: ${why} [--replace-pair]`);
  const out: string[] = [];
  const changes: string[] = [];
  const seen = new Set<string>();
  let waiting = false; // for the first pair_coeff after a pair_style
  let styles = 0;
  let coefficients = 0;
  for (const { line, source, words } of commands(text)) {
    const [name, style] = words;
    const rest = words.slice(1).join(' ');
    if (name === 'pair_style') {
      if (!style || /^hybrid|[$]/.test(style)) throw refuse(line, `"pair_style ${rest}" is not understood`);
      out.push(`include \${nnp}`, pairLines([]).split('\n')[0]);
      changes.push(`line ${line}: pair_style ${rest} -> pair_style \${nnp_pair}`);
      waiting = true;
      styles++;
    } else if (name === 'pair_coeff') {
      if (styles === 0) throw refuse(line, 'pair_coeff before any pair_style');
      if (waiting) {
        const elements = options.elements ?? statedElements(words);
        if (!elements) throw refuse(line, `"pair_coeff ${rest}" does not state the elements: give --elements "Si O"`);
        const replaced = pairLines(elements).split('\n')[1];
        out.push(replaced);
        changes.push(`line ${line}: pair_coeff ${rest} -> ${replaced}`);
        coefficients++;
      } else changes.push(`line ${line}: pair_coeff ${rest} left out`);
      waiting = false;
    } else if (name === 'pair_modify') {
      changes.push(`line ${line}: pair_modify ${rest} left out`);
    } else if (name && FOREIGN.test(name) && style !== 'none' && style !== 'zero') {
      throw refuse(line, `the forces of "${name} ${rest}" would be added to those of the potential; remove it`);
    } else if (/\bpair_(style|coeff)\b/.test(words.join(' '))) {
      throw refuse(line, 'a pair line inside another command is not understood');
    } else {
      if (name === 'include')
        await refusePairLinesIn(rest, { cwd: options.cwd ?? '.', refuse: (why) => refuse(line, why), seen });
      out.push(source);
    }
  }
  if (styles === 0) throw refuse(1, 'there is no pair_style line to replace');
  if (waiting || coefficients < styles) throw refuse(1, 'there is a pair_style without a pair_coeff line');
  return { text: `${out.join('\n')}\n`, changes };
}

function* commands(text: string): Generator<Command, void> {
  const lines = text.split(/\r?\n/);
  for (let k = 0; k < lines.length; k++) {
    const line = k + 1;
    const source = [lines[k]];
    while (/&\s*$/.test(lines[k]) && k + 1 < lines.length) source.push(lines[++k]);
    const joined = source.map((part) => part.replace(/&\s*$/, ' ')).join('');
    yield { line, source: source.join('\n'), words: withoutComment(joined).trim().split(/\s+/).filter(Boolean) };
  }
}

/** A `#` inside quotes is none. */
function withoutComment(line: string): string {
  const found = /^(?:[^#"']|"[^"]*"?|'[^']*'?)*/.exec(line);
  return found ? found[0] : line;
}

/** The elements at the end of `pair_coeff * * FILE Si O`; undefined when there are none, or NULL among them. */
function statedElements(words: readonly string[]): string[] | undefined {
  const args = words.slice(1);
  if (args[0] !== '*' || args[1] !== '*') return undefined;
  const elements: string[] = [];
  for (let k = args.length - 1; k >= 2; k--) {
    if (args[k] === 'NULL') return undefined;
    if (atomicNumber(args[k]) <= 0) break;
    elements.unshift(args[k]);
  }
  return elements.length > 0 ? elements : undefined;
}

interface Included {
  readonly cwd: string;
  readonly refuse: (why: string) => UsageError;
  /** Files that were looked into already. */
  readonly seen: Set<string>;
}

async function refusePairLinesIn(file: string, included: Included): Promise<void> {
  const { cwd, refuse, seen } = included;
  if (/[$"']/.test(file)) throw refuse(`include ${file}: a file whose name is a variable cannot be looked into`);
  const path = resolve(cwd, file);
  if (seen.has(path)) return;
  seen.add(path);
  const text = await readFile(path, 'utf8').catch(() => ''); // LAMMPS says that it is missing
  for (const { words } of commands(text)) {
    if (/\bpair_(style|coeff)\b/.test(words.join(' ')))
      throw refuse(`the included file ${file} has pair lines; put its content into this script`);
    if (words[0] === 'include') await refusePairLinesIn(words.slice(1).join(' '), included);
  }
}
