import type { Activation, HdnnpModel } from '../../potentials/hdnnp-model.ts';
import { atomicNumber } from '../core/elements.ts';
import { type ConfigValue, readConfig } from './config-reader.ts';
import type { HiddenLayers } from './networks.ts';
import { type OptimiserOptions, optimiserOptions } from './optimisers/optimiser-config.ts';
import type { ReferenceEnergies } from './reference-energies.ts';
import { SPLITS, type SplitRule } from './split.ts';
import { readGrid, readLine, type SymmetryEntry } from './symmetry-set.ts';

/** A validated training configuration. */
export interface TrainConfig {
  /** Where the data come from, for `potential.json`. */
  readonly source?: string;
  /** Fraction of the structures set aside for choosing the best weights. */
  readonly validation: number;
  /** Fraction set aside to measure the result with. */
  readonly test: number;
  readonly split: SplitRule;
  readonly referenceEnergies: ReferenceEnergies;
  /** GB that descriptors and their derivatives may take. */
  readonly memoryGB: number;
  readonly cutoffType: HdnnpModel['cutoffType'];
  readonly cutoffAlpha: number;
  readonly symmetryFunctions: readonly SymmetryEntry[];
  readonly hidden: HiddenLayers;
  /** Weights of an error of 1 eV/atom and of 1 eV/Å. */
  readonly energyWeight: number;
  readonly forceWeight: number;
  readonly optimiser: OptimiserOptions;
  /** eV/atom in one component of the virial. */
  readonly virialWeight: number;
  /** How much the structures of a group count; 1 where it is not named. */
  readonly groupWeights: Readonly<Record<string, number>>;
  /** Epochs over which weights are averaged before they are measured and kept; 0 = the last ones. */
  readonly averaging: number;
  /** Stop when the validation error has not fallen for so many epochs; 0 = never. */
  readonly patience: number;
  readonly epochs: number;
}

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: 'l',
  tanh: 't',
  logistic: 's',
  softplus: 'p',
  relu: 'r',
  gaussian: 'g',
  cosine: 'c',
  'reverse-logistic': 'S',
  exponential: 'e',
  harmonic: 'h',
};

/** Reads a training configuration (YAML). Throws FormatError with path:line for anything unknown, missing or out of range. */
export function parseConfig(text: string, path: string): TrainConfig {
  const root = readConfig(text, path).table([
    'source',
    'validation',
    'memory_gb',
    'cutoff_function',
    'symmetry_functions',
    'network',
    'loss',
    'optimiser',
    'epochs',
    'split',
    'test',
    'reference_energies',
    'group_weights',
    'averaging',
    'patience',
  ]);
  const cutoff = root.need('cutoff_function').table(['type', 'inner']);
  const loss = root.get('loss')?.table(['energy', 'force', 'virial']);
  const functions = root.need('symmetry_functions');
  const entries = functions.list().map((entry) => (entry.isMap ? readGrid(entry) : readLine(entry, path)));
  if (entries.length === 0) throw functions.error('at least one symmetry function');
  const source = root.get('source')?.text();
  return {
    ...(source !== undefined && { source }),
    validation: root.number('validation', 0.1, { min: 0, max: 0.9 }),
    test: root.number('test', 0, { min: 0, max: 0.9 }),
    split: (root.get('split')?.text(SPLITS) ?? 'random') as SplitRule,
    referenceEnergies: referenceEnergies(root.get('reference_energies')),
    memoryGB: root.number('memory_gb', 2, { min: 0.001, max: 1024 }),
    cutoffType: cutoffType(cutoff.need('type')),
    cutoffAlpha: cutoff.number('inner', 0, { min: 0, max: 0.99 }),
    symmetryFunctions: entries,
    hidden: hiddenLayers(root.need('network')),
    energyWeight: loss?.number('energy', 10, { min: 0 }) ?? 10,
    forceWeight: loss?.number('force', 1, { min: 0 }) ?? 1,
    virialWeight: loss?.number('virial', 0, { min: 0 }) ?? 0,
    groupWeights: Object.fromEntries(
      (root.get('group_weights')?.entries() ?? []).map(([group, value]) => [group, value.number({ min: 0 })]),
    ),
    averaging: root.number('averaging', 0, { min: 0, max: 1000 }),
    patience: root.number('patience', 0, { min: 0, max: 1e6, integer: true }),
    optimiser: optimiserOptions(root.get('optimiser')),
    epochs: root.number('epochs', 50, { min: 1, max: 1e6, integer: true }),
  };
}

/** `fit`, `isolated` or a table of eV per atom by element. */
function referenceEnergies(value: ConfigValue | undefined): ReferenceEnergies {
  if (!value?.isMap) return (value?.text(['fit', 'isolated']) ?? 'fit') as ReferenceEnergies;
  return new Map(
    value.entries().map(([symbol, energy]) => {
      const z = atomicNumber(symbol);
      if (z === 0) throw energy.error('an element symbol as the key');
      return [z, energy.number()];
    }),
  );
}

/** Type 0 ends with a jump: its forces are not the derivative of its energy at the cutoff. */
function cutoffType(value: ConfigValue): HdnnpModel['cutoffType'] {
  return value.number({ min: 1, max: 8, integer: true }) as HdnnpModel['cutoffType'];
}

function hiddenLayers(value: ConfigValue): HiddenLayers {
  const table = value.table(['hidden', 'activation']);
  const sizes = table
    .need('hidden')
    .list()
    .map((item) => item.number({ min: 1, max: 10_000, integer: true }));
  const given = table.get('activation');
  const letters = (given?.items() ?? []).map((item) => ACTIVATIONS[item.text(Object.keys(ACTIVATIONS))]);
  const activations = sizes.map((_, l) => (letters.length === 0 ? 't' : letters[letters.length === 1 ? 0 : l]));
  if (given && letters.length !== 1 && letters.length !== sizes.length)
    throw given.error(`one activation, or one for each of the ${sizes.length} hidden layers`);
  return { sizes, activations };
}
