import { type SymmetryFunction, scalingCoefficients } from '../../potentials/hdnnp-model.ts';
import { formatSymmetryFunction } from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { symbolOf } from '../core/elements.ts';
import { MissingDataError } from '../core/errors.ts';
import { toVoigt } from '../core/tensor.ts';
import type { DescriptorStatistics } from './descriptor-statistics.ts';
import { speciesOf } from './environments.ts';
import type { LabelledFrame } from './labelled-frames.ts';
import { type ReferenceEnergies, referenceEnergies } from './reference-energies.ts';
import type { Split } from './split.ts';
import {
  type DescriptorOptions,
  type DescriptorProgress,
  type RawStructure,
  StructureDescriber,
} from './structure-describer.ts';
import { blocksByAtom } from './structure-layout.ts';
import { type SymmetryEntry, symmetryFunctionsOf } from './symmetry-set.ts';
import { type ElementSetup, SCALING } from './trained-model.ts';
import type { TrainingStructure } from './training-structure.ts';

/** Structures with descriptors, and what the training part of them decides for the potential. */
export interface Dataset {
  readonly elements: readonly ElementSetup[];
  readonly training: readonly TrainingStructure[];
  readonly validation: readonly TrainingStructure[];
  /** eV/Å: rms of the labelled training forces; 1 where there are none. */
  readonly forceUnit: number;
  /** The frames behind `training` and `validation`, in the same order. */
  readonly trainingFrames: readonly LabelledFrame[];
  readonly validationFrames: readonly LabelledFrame[];
  /** Set aside to measure the result with. */
  readonly testFrames: readonly LabelledFrame[];
  /** Of descriptors and derivatives. */
  readonly bytes: number;
}

interface DatasetOptions extends DescriptorOptions {
  readonly symmetryFunctions: readonly SymmetryEntry[];
  readonly referenceEnergies: ReferenceEnergies;
  /** By group; 1 where it is not named. */
  readonly groupWeights: Readonly<Record<string, number>>;
}

interface DatasetProgress extends DescriptorProgress {
  readonly sink: DiagnosticSink;
}

/**
 * Computes scaled descriptors and their derivatives of all structures. Scaling and reference energies come from the training
 * part only. Functions that are constant there are left out with a diagnostic. Throws UsageError when the memory would not do,
 * MissingDataError for elements without functions or missing from the training part, PotentialError for broken structures.
 */
export async function buildDataset(
  frames: readonly LabelledFrame[],
  split: Split,
  options: DatasetOptions,
  progress: DatasetProgress,
): Promise<Dataset> {
  const species = speciesOf(frames);
  const describer = new StructureDescriber(species, options, progress);
  const inTest = new Set(split.test);
  const described = frames.map((labelled, s) => (inTest.has(s) ? undefined : labelled));
  let functions = symmetryFunctionsOf(options.symmetryFunctions, species);
  checkComplete(functions, species);
  let raw = await describer.describe(described, split.training, functions);
  const varying = withoutConstant(functions, raw.statistics, species, progress.sink);
  if (varying) {
    functions = varying;
    checkComplete(functions, species);
    raw = await describer.describe(described, split.training, functions);
  }
  const energies = referenceEnergies(options.referenceEnergies, frames, split.training, species);
  const elements = species.map((z, e) => ({
    z,
    referenceEnergy: energies[e],
    symmetryFunctions: functions[e],
    statistics: raw.statistics[e].result(),
  }));
  const structures = raw.structures.map(
    (structure, s) => structure && finish(structure, frames[s], elements, options.groupWeights[frames[s].group] ?? 1),
  );
  const part = (indices: readonly number[]) => indices.flatMap((s) => structures[s] ?? []);
  const training = part(split.training);
  return {
    elements,
    training,
    validation: part(split.validation),
    forceUnit: rmsForce(training),
    trainingFrames: split.training.map((s) => frames[s]),
    validationFrames: split.validation.map((s) => frames[s]),
    testFrames: split.test.map((s) => frames[s]),
    bytes: raw.bytes,
  };
}

/** Scales inputs and derivatives in place. */
function finish(
  { inputs, derivatives, virialDerivatives, ...layout }: RawStructure,
  { energy, forces, virial: tensor, group, origin }: LabelledFrame,
  setups: readonly ElementSetup[],
  weight: number,
): TrainingStructure {
  const scaling = setups.map(({ statistics }) => scalingCoefficients(SCALING, statistics));
  const { elements, inputFirst, blockFirst, blockStart, blockInputs } = layout;
  let reference = 0;
  for (let i = 0; i < elements.length; i++) {
    const { scaleFactor, scaleOffset } = scaling[elements[i]];
    reference += setups[elements[i]].referenceEnergy;
    for (let k = inputFirst[i], s = 0; k < inputFirst[i + 1]; k++, s++)
      inputs[k] = scaleFactor[s] * inputs[k] + scaleOffset[s];
    for (let k = 6 * inputFirst[i], s = 0; k < 6 * inputFirst[i + 1]; k++, s++)
      virialDerivatives[k] *= scaleFactor[s % scaleFactor.length];
    for (let b = blockFirst[i]; b < blockFirst[i + 1]; b++) {
      const columns = blockInputs[b];
      for (let k = blockStart[b], f = 0; k < blockStart[b + 1]; k++, f++)
        derivatives[k] *= scaleFactor[columns[f % columns.length]];
    }
  }
  const virial = Float64Array.from(toVoigt(tensor, 'lammps'));
  return {
    natoms: elements.length,
    ...layout,
    ...blocksByAtom(layout),
    inputs,
    derivatives,
    energy: energy - reference,
    forces,
    labelled: known(forces),
    virial,
    labelledVirial: known(virial),
    virialDerivatives,
    weight,
    group,
    origin,
  };
}

/** Indices of the values that are not NaN. */
function known(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).filter((k) => !Number.isNaN(values[k]));
}

function checkComplete(functions: readonly (readonly SymmetryFunction[])[], species: readonly number[]): void {
  functions.forEach((own, e) => {
    if (own.length === 0)
      throw new MissingDataError(
        `no symmetry functions for ${symbolOf(species[e])}, which the data hold`,
        'add some for it to symmetry_functions in the configuration',
      );
  });
}

/** Ranges below this part of the widest range of the same type are rounding, not information. */
const NEGLIGIBLE = 1e-9;

/** The functions that vary over the training set, or undefined when all do. */
function withoutConstant(
  functions: readonly (readonly SymmetryFunction[])[],
  statistics: readonly DescriptorStatistics[],
  species: readonly number[],
  sink: DiagnosticSink,
): SymmetryFunction[][] | undefined {
  let dropped = false;
  const kept = functions.map((own, e) => {
    if (statistics[e].count === 0)
      throw new MissingDataError(
        `${symbolOf(species[e])} is in the validation part only`,
        'use another seed, a smaller validation part or more structures with it',
      );
    const { min, max } = statistics[e].result();
    const widest = new Map<number, number>();
    own.forEach((f, s) => {
      widest.set(f.type, Math.max(widest.get(f.type) ?? 0, max[s] - min[s]));
    });
    return own.filter((f, s) => {
      if (max[s] - min[s] > NEGLIGIBLE * (widest.get(f.type) ?? 0)) return true;
      dropped = true;
      const line = formatSymmetryFunction(species[e], f);
      const message = `constant over the training structures (${min[s]}), left out: ${line}`;
      sink({ severity: 'warning', code: 'constant-function', message });
      return false;
    });
  });
  return dropped ? kept : undefined;
}

function rmsForce(structures: readonly TrainingStructure[]): number {
  let squares = 0;
  let count = 0;
  for (const { forces, labelled } of structures) {
    for (const k of labelled) squares += forces[k] * forces[k];
    count += labelled.length;
  }
  return squares > 0 ? Math.sqrt(squares / count) : 1;
}
