import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { writePotentialFile } from '../../lammps/potential-file.ts';
import { inProcessText, pairLines } from '../../lammps/script.ts';
import { writeBytes } from '../../scan/byte-sink.ts';
import type { PotentialSource } from '../../serve/load-evaluator.ts';
import { finnisSinclair, setflText } from './finnis-sinclair.ts';

type LoadRoute = Parameters<typeof inProcessText>[2];

/** Writes the built-in potential of an element; gives its path. Throws MissingDataError where there is none. */
export async function writeSetfl(element: string, path: string): Promise<string> {
  await writeBytes(path, pieces(setflText(finnisSinclair(element))));
  return path;
}

async function* pieces(texts: Iterable<string>): AsyncGenerator<string, void> {
  yield* texts;
}

/** Atom types of a wire: mobile, bottom grip, top grip. */
const TYPES = 3;

/** The pair lines of the built-in potential, which is written into the folder of a set. */
export async function builtInPair(element: string, set: string): Promise<string> {
  const name = `${element}.eam.fs`;
  await writeSetfl(element, join(set, name));
  return `pair_style eam/fs\npair_coeff * * ../${name}${` ${element}`.repeat(TYPES)}\n`;
}

/**
 * The pair lines in a file of the user; files that they name, relative to that file, are found from anywhere. Throws UsageError for a
 * file without them.
 */
export async function givenPair(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) throw new UsageError(`--pair ${path}: there is no such file`);
  if (!/^\s*pair_style\s/m.test(text)) throw new UsageError(`--pair ${path}: expected lines pair_style and pair_coeff`);
  const lines = text.split('\n').map((line) =>
    line.replace(/[^\s"]+/g, (word) => {
      const beside = join(dirname(resolve(path)), word);
      return /[./]/.test(word) && existsSync(beside) ? beside : word;
    }),
  );
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The pair lines of a trained potential, exported into the folder of a set and evaluated by LAMMPS itself. */
export async function trainedPair(
  sources: readonly PotentialSource[],
  element: string,
  { set, library, route }: { readonly set: string; readonly library: string; readonly route: LoadRoute },
): Promise<string> {
  const { path, elements } = await writePotentialFile(sources, join(resolve(set), 'potential.nnp'));
  if (!elements.includes(element)) throw new UsageError(`the potential knows ${elements.join(' ')}, not ${element}`);
  const types = Array.from({ length: TYPES }, () => element);
  return `${inProcessText(library, path, route)}${pairLines(types)}\n`;
}
