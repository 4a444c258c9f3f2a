import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { symbolOf } from '../../../src/core/elements.ts';
import { PotentialError } from '../../../src/core/errors.ts';
import { type HdnnpModel, maxCutoff, type NetworkModel, type Statistics } from '../../hdnnp-model.ts';
import { formatManifest, MANIFEST_NAME } from '../manifest.ts';
import { formatScaling } from './scaling-file.ts';
import { compareSymmetryFunctions, formatSymmetryFunction } from './symmetry-function-lines.ts';
import { formatWeights } from './weights-file.ts';

export interface WriteN2p2Options {
  /** Comment lines at the top of `input.nn`. */
  readonly comments?: readonly string[];
  /** Further keys of `potential.json`, for example `source`. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Further files of the directory by name, for example a run record. */
  readonly files?: ReadonlyMap<string, string>;
}

/**
 * Writes a model as an n2p2 directory in Å and eV with a `potential.json` that says so. Numbers are the shortest that read back
 * exactly. The directory appears whole or not at all; an existing one is replaced only if it holds a potential (`input.nn`).
 * Throws PotentialError for a model the format cannot hold.
 */
export async function writeN2p2(model: HdnnpModel, directory: string, options: WriteN2p2Options = {}): Promise<void> {
  const files = new Map<string, string>(options.files);
  files.set('input.nn', inputFile(model, options.comments ?? []));
  const statistics = statisticsOf(model);
  if (statistics) files.set('scaling.data', formatScaling(statistics));
  for (const element of model.elements)
    files.set(`weights.${String(element.z).padStart(3, '0')}.data`, formatWeights(element.network));
  const manifest = formatManifest({
    format: 'n2p2',
    kind: '2G-HDNNP',
    elements: model.elements.map((element) => symbolOf(element.z)),
    lengthUnit: 'angstrom',
    energyUnit: 'eV',
    maxCutoff: maxCutoff(model),
    files: [...files.keys()].sort(),
    ...options.manifest,
  });
  files.set(MANIFEST_NAME, manifest);
  await writeDirectory(directory, files);
}

function inputFile(model: HdnnpModel, comments: readonly string[]): string {
  const lines = comments.map((comment) => `# ${comment.replaceAll('\n', ' ')}`);
  const symbols = model.elements.map((element) => symbolOf(element.z));
  lines.push('# Length unit: angstrom', '# Energy unit: eV');
  if (model.energyFactor !== 1) lines.push('mean_energy 0', `conv_energy ${1 / model.energyFactor}`, 'conv_length 1');
  lines.push(`number_of_elements ${symbols.length}`, `elements ${symbols.join(' ')}`);
  for (const element of model.elements) lines.push(`atom_energy ${symbolOf(element.z)} ${element.energyOffset}`);
  lines.push(`cutoff_type ${model.cutoffType} ${model.cutoffAlpha}`);
  const { kind, min, max } = model.scaling;
  if (kind === 'scale' || kind === 'scale-center') lines.push('scale_symmetry_functions');
  if (kind === 'center' || kind === 'scale-center') lines.push('center_symmetry_functions');
  if (kind === 'sigma') lines.push('scale_symmetry_functions_sigma');
  lines.push(`scale_min_short ${min}`, `scale_max_short ${max}`);
  lines.push(...networkLines(model));
  for (const { z, symmetryFunctions } of model.elements) {
    symmetryFunctions.forEach((f, s) => {
      if (s > 0 && compareSymmetryFunctions(symmetryFunctions[s - 1], f) > 0)
        throw new PotentialError(`symmetry functions of ${symbolOf(z)} are not in n2p2's order at function ${s + 1}`);
      lines.push(formatSymmetryFunction(z, f));
    });
  }
  return `${lines.join('\n')}\n`;
}

/** The first element's network as the global one, the others by `element_…` where they differ. */
function networkLines(model: HdnnpModel): string[] {
  const words = (network: NetworkModel) => ({
    hidden_layers: String(network.layers.length - 1),
    nodes: network.layers
      .slice(0, -1)
      .map((layer) => layer.outputs)
      .join(' '),
    activation: network.layers.map((layer) => layer.activation).join(' '),
  });
  const [first, ...others] = model.elements;
  const global = words(first.network);
  const keys = ['hidden_layers', 'nodes', 'activation'] as const;
  const lines = keys.filter((key) => global[key] !== '').map((key) => `global_${key}_short ${global[key]}`);
  if (first.network.normalizeNodes) lines.push('normalize_nodes');
  for (const { z, network } of others) {
    if (network.normalizeNodes !== first.network.normalizeNodes)
      throw new PotentialError('n2p2 files hold normalize_nodes for all elements or for none');
    const mine = words(network);
    for (const key of keys)
      if (mine[key] !== global[key] && mine[key] !== '') lines.push(`element_${key}_short ${symbolOf(z)} ${mine[key]}`);
  }
  return lines;
}

function statisticsOf(model: HdnnpModel): Statistics[] | undefined {
  const all = model.elements.flatMap(({ statistics }) => (statistics ? [statistics] : []));
  if (all.length === model.elements.length) return all;
  if (model.scaling.kind !== 'none' || all.length > 0)
    throw new PotentialError(
      'the statistics of the symmetry functions of some element are missing: scaling.data cannot be written',
    );
  return undefined;
}

async function writeDirectory(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true });
  const mark = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const temporary = join(parent, `.${basename(directory)}.${mark}.tmp`);
  await mkdir(temporary);
  try {
    for (const [name, text] of files) await writeDurably(join(temporary, name), text);
    await replaceDirectory(temporary, directory, join(parent, `.${basename(directory)}.${mark}.old`));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Directories cannot be exchanged in one step: the old one is moved aside, and back when the new one cannot take its place. */
async function replaceDirectory(fresh: string, directory: string, aside: string): Promise<void> {
  try {
    // Succeeds when there is none, or an empty one.
    await rename(fresh, directory);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  await open(join(directory, 'input.nn')).then(
    (file) => file.close(),
    () => {
      throw new PotentialError(`${directory} exists and holds no potential (no input.nn): not replaced`);
    },
  );
  await rename(directory, aside);
  try {
    await rename(fresh, directory);
  } catch (error) {
    await rename(aside, directory);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}
