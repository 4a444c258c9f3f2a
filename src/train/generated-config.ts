import type { SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { formatSymmetryFunction } from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import { symbolOf } from '../core/elements.ts';
import { type Environments, surveyEnvironments } from './environments.ts';
import { generatedFunctions } from './generated-functions.ts';
import type { LabelledFrame } from './labelled-frames.ts';

/** Updates of the Kalman filter (one structure each) after which the errors of typical sets no longer fall much. */
const UPDATES = 10_000;
/** Of so few structures only a twentieth is set aside: each is missed in training. */
const FEW = 400;
const EPOCHS = { least: 12, most: 400 } as const;
/** The filter's time grows with the square of the number of weights. */
const MOST_WEIGHTS = 2200;
const HIDDEN = [20, 16, 12, 10, 8] as const;

/**
 * A configuration (YAML) that suits the data: symmetry functions from the distances that occur, network and epochs from the amount of
 * data. It is what `train` uses without one and keeps as `train.yaml`. Throws as `surveyEnvironments`.
 */
export function generatedConfig(frames: readonly LabelledFrame[], optimiser: 'ekf' | 'adam' = 'ekf'): string {
  const environments = surveyEnvironments(frames);
  const functions = generatedFunctions(frames, environments);
  const hidden = hiddenNodes(functions.map((own) => own.length));
  const epochs = Math.round(Math.min(EPOCHS.most, Math.max(EPOCHS.least, UPDATES / frames.length)));
  const stressed = frames.some(({ virial }) => !virial.some(Number.isNaN));
  return `# Made from the data by nnp-bridge train without --config; a copy of it can be changed and given as --config.
# ${describe(environments)}
validation: ${frames.length < FEW ? 0.05 : 0.1}
memory_gb: 4
cutoff_function:
  type: 6 # polynomial, smooth to second order at the cutoff

symmetry_functions: # lines of n2p2's input.nn; A and 1/A^2
${functions.map((own, e) => lines(environments.species[e], own)).join('\n')}

network:
  hidden: [${hidden}, ${hidden}]
  activation: tanh

loss:
  energy: 20 # an error of 1 eV/atom counts as much as one of 20 eV/A
  force: 1${stressed ? '\n  virial: 2 # the same for one component of the virial' : ''}

optimiser:
${OPTIMISERS[optimiser]}

averaging: 8 # epochs
epochs: ${epochs}
`;
}

/** Adam is for engines without double precision. */
const OPTIMISERS = {
  ekf: '  name: ekf\n  force_rows: 15',
  adam: '  name: adam\n  batch: 4\n  learning_rate: 0.005\n  schedule: cosine',
} as const;

function hiddenNodes(inputs: readonly number[]): number {
  const weights = (h: number) => inputs.reduce((sum, n) => sum + (n + 1) * h + (h + 1) * h + h + 1, 0);
  return HIDDEN.find((h) => weights(h) <= MOST_WEIGHTS) ?? HIDDEN[HIDDEN.length - 1];
}

function lines(z: number, functions: readonly SymmetryFunction[]): string {
  return functions.map((f) => `  - ${formatSymmetryFunction(z, f)}`).join('\n');
}

function describe({ species, cutoff, nearest }: Environments): string {
  const pairs = species.flatMap((a, i) =>
    species.slice(i).flatMap((b, k) => {
      const r = nearest[i][i + k];
      return Number.isFinite(r) ? [`${symbolOf(a)}-${symbolOf(b)} ${r.toFixed(2)}`] : [];
    }),
  );
  return `Cutoff ${cutoff} A; smallest distances in A: ${pairs.join(', ')}.`;
}
