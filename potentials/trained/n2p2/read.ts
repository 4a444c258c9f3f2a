import { join } from 'node:path';
import type { DiagnosticSink } from '../../../src/core/diagnostic.ts';
import { atomicNumber, symbolOf } from '../../../src/core/elements.ts';
import { FormatError, UnknownFormatError } from '../../../src/core/errors.ts';
import {
  type Activation,
  type ElementModel,
  type HdnnpModel,
  type Scaling,
  type Statistics,
  type SymmetryFunction,
  scalingCoefficients,
} from '../../hdnnp-model.ts';
import { readManifest, resolveUnits, type UnitOptions } from '../manifest.ts';
import { parseScaling } from './scaling-file.ts';
import { parseSettings, type Setting, type Settings } from './settings.ts';
import {
  compareSymmetryFunctions,
  formatSymmetryFunction,
  parseSymmetryFunction,
  scaleLengths,
} from './symmetry-function-lines.ts';
import { finite, readText } from './text-file.ts';
import { parseWeights, type Topology } from './weights-file.ts';

export interface ReadN2p2Options extends UnitOptions {
  readonly onDiagnostic?: DiagnosticSink;
}

const MAX_NODES = 100_000;

/**
 * Reads an n2p2 directory (`input.nn`, `scaling.data`, `weights.ZZZ.data`) into a model in Å and eV. Units come from the options
 * or from `potential.json`. Throws FormatError (path:line) for content, MissingDataError without units, UnknownFormatError for
 * models with charges, the system's error for a missing file. Source: n2p2 documentation, "NNP configuration: keywords".
 */
export async function readN2p2(directory: string, options: ReadN2p2Options = {}): Promise<HdnnpModel> {
  const path = join(directory, 'input.nn');
  const settings = parseSettings(await readText(path), path);
  refuseOtherKinds(settings);
  const units = resolveUnits(directory, options, await readManifest(directory));
  for (const { keyword, line } of settings.unknown)
    options.onDiagnostic?.({
      severity: 'warning',
      code: 'unknown-keyword',
      message: `unknown keyword "${keyword}" ignored`,
      at: { path, line },
    });

  const species = readSpecies(settings);
  const functions = readSymmetryFunctions(settings, species);
  const scaling = readScalingKeywords(settings);
  const statistics = await readStatistics(directory, scaling, functions);
  const offsets = readEnergyOffsets(settings, species);
  const conversion = optionalNumber(settings, 'conv_energy') ?? 1;
  if (conversion === 0) throw at(settings, one(settings, 'conv_energy'), 'expected conv_energy not 0, found 0');

  const elements: ElementModel[] = [];
  for (const [e, z] of species.entries()) {
    const topology = readTopology(settings, z, functions[e].length);
    const weights = join(directory, `weights.${String(z).padStart(3, '0')}.data`);
    const stats = statistics?.[e];
    elements.push({
      z,
      energyOffset: offsets[e] * units.energy,
      symmetryFunctions: functions[e].map((f) => scaleLengths(f, units.length)),
      ...(stats
        ? { ...finiteCoefficients(scaling, stats, z, functions[e], directory), statistics: stats }
        : {
            scaleFactor: new Float64Array(functions[e].length).fill(1),
            scaleOffset: new Float64Array(functions[e].length),
          }),
      network: parseWeights(await readText(weights), weights, topology),
    });
  }
  return { ...readCutoff(settings), energyFactor: units.energy / conversion, scaling, elements };
}

function at(settings: Settings, setting: Setting, message: string): FormatError {
  return new FormatError('n2p2', { path: settings.path, line: setting.line }, message);
}

function one(settings: Settings, keyword: string): Setting {
  const setting = settings.all.get(keyword)?.[0];
  if (!setting) throw new FormatError('n2p2', { path: settings.path }, `expected the keyword "${keyword}", found none`);
  return setting;
}

function numberAt(settings: Settings, setting: Setting, index: number, what: string): number {
  return finite(setting.words[index], what, { path: settings.path, line: setting.line });
}

function optionalNumber(settings: Settings, keyword: string): number | undefined {
  const setting = settings.all.get(keyword)?.[0];
  return setting && numberAt(settings, setting, 0, keyword);
}

function countAt(settings: Settings, setting: Setting, index: number, what: string, most: number): number {
  const value = numberAt(settings, setting, index, what);
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw at(settings, setting, `expected ${what} (an integer from 0 to ${most}), found ${value}`);
  return value;
}

/** Only the second generation (short-range, no charges) is a sum of atomic networks. */
function refuseOtherKinds(settings: Settings): void {
  for (const keyword of ['nnp_type', 'nnp_gen'])
    for (const setting of settings.all.get(keyword) ?? [])
      if (!/^(2|2G|2G-HDNNP|HDNNP_2G)$/i.test(setting.words[0] ?? ''))
        throw new UnknownFormatError(
          `${settings.path}:${setting.line}: potentials of type "${setting.words.join(' ')}" are not supported, only 2G-HDNNP (short-range, without charges) [n2p2]`,
        );
  const kind = settings.all.get('nn_type')?.[0];
  if (kind && kind.words[0] !== '1')
    throw new UnknownFormatError(
      `${settings.path}:${kind.line}: nn_type_short ${kind.words.join(' ')} is not supported, only 1 (atomic networks) [n2p2]`,
    );
}

/** Atomic numbers, ascending: n2p2 sorts elements whatever order the file names them in. */
function readSpecies(settings: Settings): number[] {
  const count = one(settings, 'number_of_elements');
  const names = one(settings, 'elements');
  const n = countAt(settings, count, 0, 'a number of elements', 118);
  const species = names.words.map((word) => {
    const z = atomicNumber(word);
    if (z === 0) throw at(settings, names, `expected element symbols, found "${word.slice(0, 40)}"`);
    return z;
  });
  if (species.length !== n || n === 0)
    throw at(
      settings,
      names,
      `expected ${n} element${n === 1 ? '' : 's'} (number_of_elements, line ${count.line}), found ${species.length}`,
    );
  if (new Set(species).size !== n)
    throw at(settings, names, `expected different elements, found ${names.words.join(' ')}`);
  return species.sort((a, b) => a - b);
}

function readSymmetryFunctions(settings: Settings, species: readonly number[]): SymmetryFunction[][] {
  const functions: SymmetryFunction[][] = species.map(() => []);
  for (const setting of settings.all.get('symfunction') ?? []) {
    const { center, symmetryFunction } = parseSymmetryFunction(setting, settings.path, species);
    functions[species.indexOf(center)].push(symmetryFunction);
  }
  functions.forEach((list, e) => {
    if (list.length === 0)
      throw new FormatError(
        'n2p2',
        { path: settings.path },
        `expected symfunction_short lines for ${symbolOf(species[e])}, found none`,
      );
    list.sort(compareSymmetryFunctions);
  });
  return functions;
}

function readCutoff(settings: Settings): Pick<HdnnpModel, 'cutoffType' | 'cutoffAlpha'> {
  const setting = one(settings, 'cutoff_type');
  const cutoffType = countAt(settings, setting, 0, 'a cutoff type', 8) as HdnnpModel['cutoffType'];
  const cutoffAlpha = setting.words.length > 1 ? numberAt(settings, setting, 1, 'the inner cutoff alpha') : 0;
  if (!(cutoffAlpha >= 0 && cutoffAlpha < 1))
    throw at(settings, setting, `expected an inner cutoff alpha with 0 <= alpha < 1, found ${cutoffAlpha}`);
  return { cutoffType, cutoffAlpha };
}

function readScalingKeywords(settings: Settings): Scaling {
  const scale = settings.all.has('scale_symmetry_functions');
  const center = settings.all.has('center_symmetry_functions');
  const sigma = settings.all.get('scale_symmetry_functions_sigma')?.[0];
  if (sigma && scale)
    throw at(settings, sigma, 'expected scale_symmetry_functions or scale_symmetry_functions_sigma, found both');
  const kind = sigma ? 'sigma' : scale ? (center ? 'scale-center' : 'scale') : center ? 'center' : 'none';
  const min = optionalNumber(settings, 'scale_min') ?? 0;
  const max = optionalNumber(settings, 'scale_max') ?? 1;
  if ((sigma || scale) && !(min < max))
    throw at(
      settings,
      one(settings, 'scale_min'),
      `expected scale_min_short < scale_max_short, found ${min} and ${max}`,
    );
  return { kind, min, max };
}

async function readStatistics(
  directory: string,
  scaling: Scaling,
  functions: readonly (readonly SymmetryFunction[])[],
): Promise<Statistics[] | undefined> {
  const path = join(directory, 'scaling.data');
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    if (scaling.kind === 'none' && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const counts = functions.map((list) => list.length);
  const statistics = parseScaling(text, path, counts);
  if (scaling.kind === 'sigma' && statistics.some((s) => !s.sigma))
    throw new FormatError(
      'n2p2',
      { path },
      'expected a sixth column (sf_sigma) for scale_symmetry_functions_sigma, found five',
    );
  return statistics;
}

function finiteCoefficients(
  scaling: Scaling,
  statistics: Statistics,
  z: number,
  functions: readonly SymmetryFunction[],
  directory: string,
): ReturnType<typeof scalingCoefficients> {
  const coefficients = scalingCoefficients(scaling, statistics);
  const bad = coefficients.scaleFactor.findIndex(
    (a, s) => !Number.isFinite(a) || !Number.isFinite(coefficients.scaleOffset[s]),
  );
  if (bad !== -1)
    throw new FormatError(
      'n2p2',
      { path: join(directory, 'scaling.data') },
      `expected a range of values to scale with, found none for function ${bad + 1} of ${symbolOf(z)} ("${formatSymmetryFunction(z, functions[bad])}"), which is constant over the training set`,
    );
  return coefficients;
}

/** Energy per atom that the networks leave out, in the unit of the file: mean energy + energy of the free atom. */
function readEnergyOffsets(settings: Settings, species: readonly number[]): number[] {
  const mean = optionalNumber(settings, 'mean_energy') ?? 0;
  const offsets = species.map(() => mean);
  const seen = new Map<number, number>();
  for (const setting of settings.all.get('atom_energy') ?? []) {
    const z = atomicNumber(setting.words[0] ?? '');
    const e = species.indexOf(z);
    if (e === -1)
      throw at(
        settings,
        setting,
        `expected atom_energy of ${species.map(symbolOf).join(' ')}, found "${setting.words[0] ?? ''}"`,
      );
    const earlier = seen.get(z);
    if (earlier !== undefined)
      throw at(settings, setting, `expected atom_energy of ${symbolOf(z)} once, found it on line ${earlier} too`);
    seen.set(z, setting.line);
    offsets[e] += numberAt(settings, setting, 1, 'an atom energy');
  }
  return offsets;
}

/** Global settings, overridden by the `element_…` keywords of this element. */
function readTopology(settings: Settings, z: number, inputs: number): Topology {
  const own = (keyword: string): Setting | undefined => {
    const mine = (settings.all.get(`element_${keyword}`) ?? []).filter((s) => atomicNumber(s.words[0] ?? '') === z);
    if (mine.length > 1)
      throw at(
        settings,
        mine[1],
        `expected element_${keyword}_short of ${symbolOf(z)} once, found it on line ${mine[0].line} too`,
      );
    return mine[0] && { line: mine[0].line, words: mine[0].words.slice(1) };
  };
  const layersLine = own('hidden_layers') ?? one(settings, 'global_hidden_layers');
  const hidden = countAt(settings, layersLine, 0, 'a number of hidden layers', 100);
  const nodesLine = own('nodes') ?? (hidden > 0 ? one(settings, 'global_nodes') : undefined);
  const letters = own('activation') ?? one(settings, 'global_activation');
  const nodes = (hidden > 0 && nodesLine ? nodesLine.words : []).map((_, k) =>
    countAt(settings, nodesLine as Setting, k, 'a number of nodes', MAX_NODES),
  );
  if (nodes.length !== hidden || nodes.includes(0))
    throw at(
      settings,
      nodesLine ?? layersLine,
      `expected a positive number of nodes for each of ${hidden} hidden layers of ${symbolOf(z)}, found "${nodesLine?.words.join(' ') ?? ''}"`,
    );
  const activations = letters.words as Activation[];
  if (activations.length !== hidden + 1 || activations.some((letter) => !/^[ltsprgcSeh]$/.test(letter)))
    throw at(
      settings,
      letters,
      `expected ${hidden + 1} activation letters (l t s p r g c S e h) for ${symbolOf(z)}, found "${letters.words.join(' ')}"`,
    );
  return { sizes: [inputs, ...nodes, 1], activations, normalizeNodes: settings.all.has('normalize_nodes') };
}
