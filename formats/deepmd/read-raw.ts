import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { readBytes } from '../../src/scan/byte-source.ts';
import { TextScanner } from '../../src/scan/text-scanner.ts';
import type { ReadOptions } from '../format.ts';
import { frameOf, readSystem, type System, systemFolders } from './system.ts';

const FORMAT = 'deepmd-raw';

/** Frames of the `*.raw` text files of a system (one frame a line in each), or of all systems below a folder. */
export async function* readDeepmdRaw(path: string, options: ReadOptions): AsyncGenerator<Frame, void> {
  let index = 0;
  for (const folder of await systemFolders(path, FORMAT)) {
    const system = await readSystem(folder, options, FORMAT);
    const files = await openAll(system);
    try {
      for (;;) {
        const frame = await nextFrame(system, files, index);
        if (!frame) break;
        yield frame;
        index++;
      }
    } catch (error) {
      if (options.strict || !(error instanceof TruncatedError)) throw error;
      options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.message, at: error.at });
    } finally {
      for (const { scanner } of files) await scanner.close();
    }
  }
}

interface RawFile {
  readonly name: string;
  readonly scanner: TextScanner;
  /** Values a line; undefined = as many as the line has. */
  readonly width: number | undefined;
}

/** All `.raw` files but the types, `coord` first: it decides how many frames there are. */
async function openAll(system: System): Promise<RawFile[]> {
  const natoms = system.types.length;
  const widths: Readonly<Record<string, number>> = {
    coord: 3 * natoms,
    force: 3 * natoms,
    box: 9,
    energy: 1,
    virial: 9,
  };
  const names = (await readdir(system.path))
    .filter((name) => name.endsWith('.raw'))
    .map((name) => basename(name, '.raw'));
  const others = names.filter((name) => !['type', 'type_map', 'coord'].includes(name)).sort();
  if (system.periodic && !others.includes('box')) others.push('box');
  return ['coord', ...others].map((name) => {
    const path = join(system.path, `${name}.raw`);
    return { name, scanner: new TextScanner(readBytes(path), path, FORMAT), width: widths[name] };
  });
}

async function nextFrame(system: System, files: readonly RawFile[], index: number): Promise<Frame | undefined> {
  const values = new Map<string, Float64Array>();
  let line = 0;
  for (const { name, scanner, width } of files) {
    scanner.frame = index;
    const found = await scanner.line();
    const ended = !found || (scanner.isBlank() && width !== 0 && !(await hasMore(scanner)));
    if (name === 'coord') {
      if (ended) {
        await expectEnd(files);
        return undefined;
      }
      line = scanner.lineNumber;
    } else if (ended) throw scanner.truncated(`a line for frame ${index} of coord.raw`);
    values.set(name, numbersOf(scanner, name, width));
  }
  const [coord] = files;
  const own = ['coord', 'box', 'energy', 'force', 'virial'];
  return frameOf(
    system,
    {
      coord: values.get('coord') as Float64Array,
      box: values.get('box'),
      energy: values.get('energy')?.[0],
      force: values.get('force'),
      virial: values.get('virial'),
      realTypes: undefined,
      others: [...values].filter(([name]) => !own.includes(name)),
    },
    { path: coord.scanner.path, frame: index, line },
    FORMAT,
  );
}

/** After a blank line: false when nothing but blank lines follow; an error when a further line does. */
async function hasMore(scanner: TextScanner): Promise<boolean> {
  const { lineNumber } = scanner;
  while (await scanner.line())
    if (!scanner.isBlank()) throw scanner.error('expected numbers, found a blank line', lineNumber);
  return false;
}

async function expectEnd(files: readonly RawFile[]): Promise<void> {
  for (const { name, scanner } of files.slice(1))
    while (await scanner.line())
      if (!scanner.isBlank()) throw scanner.error(`expected as many frames as coord.raw, found more in ${name}.raw`);
}

function numbersOf(scanner: TextScanner, name: string, width: number | undefined): Float64Array {
  const values: number[] = [];
  while (scanner.token()) {
    scanner.cursor = scanner.tokenStart;
    values.push(scanner.number(`value ${values.length + 1} of ${name}`));
    if (width !== undefined && values.length > width) throw scanner.error(`expected ${width} values, found more`);
  }
  if (width !== undefined && values.length < width)
    throw scanner.error(`expected ${width} values, found ${values.length}`);
  return Float64Array.from(values);
}
