import { ENERGY_ROW, virialRow } from '../../potentials/kernels/training/training-kernel.ts';
import { initializeWeights, newNetworks } from './networks.ts';
import { SymmetricMatrix } from './optimisers/symmetric-matrix.ts';
import { RandomStream } from './random-stream.ts';
import { StructurePass } from './structure-pass.ts';
import type { TrainingProgram } from './training-program.ts';
import type { TrainingStructure } from './training-structure.ts';

/** Largest difference from TypeScript, relative to the largest number. */
const TOLERANCE = 1e-10;
const ATOMS = 3;
const INPUTS = 5;

/** What is wrong with a program, compared with TypeScript on a small made-up structure; undefined = nothing. */
export function programFailure(program: TrainingProgram): string | undefined {
  const networks = newNetworks([INPUTS], { sizes: [4, 3], activations: ['t', 'p'] });
  const random = new RandomStream(1);
  initializeWeights(networks, random);
  const structure = testStructure(random);
  const n = networks.weights.length;
  const codes = Int32Array.of(ENERGY_ROW, 0, 4, 8, virialRow(3));
  const results = [program.passes(networks), new StructurePass(networks)].map((pass) => {
    const [values, rows] = [new Float64Array(codes.length), new Float64Array(codes.length * n)];
    pass.load(structure);
    pass.rows({ codes, scales: new Float64Array(codes.length).fill(2), values, rows });
    return { values, rows };
  });
  const [{ rows: h, values: errors }] = results;
  const packed = new Float64Array((n * (n + 1)) / 2);
  for (let i = 0, at = 0; i < n; i++, at += i + 1) packed[at] = 1 + i;
  const steps = [program.matrix(n, codes.length), new SymmetricMatrix(n)].map((matrix) => {
    matrix.set(packed);
    const weights = new Float64Array(n);
    matrix.kalman({ h, errors, lambda: 0.9, noise: 0.1, limit: 1e9 }, weights);
    const changed = new Float64Array(packed.length);
    matrix.get(changed);
    return { weights, changed };
  });
  const pairs: [string, Float64Array, Float64Array][] = [
    ['predictions', results[0].values, results[1].values],
    ['derivatives', results[0].rows, results[1].rows],
    ['steps of the Kalman filter', steps[0].weights, steps[1].weights],
    ['covariances', steps[0].changed, steps[1].changed],
  ];
  const wrong = pairs.find(([, own, right]) => !(difference(own, right) < TOLERANCE));
  return wrong && `the self-test failed: its ${wrong[0]} differ from those of TypeScript`;
}

function difference(a: Float64Array, b: Float64Array): number {
  const largest = b.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  // A NaN stays.
  return a.reduce((max, x, k) => Math.max(max, Math.abs(x - b[k])), 0) / largest;
}

/** Each atom is in the surroundings of each. */
function testStructure(random: RandomStream): TrainingStructure {
  const numbers = (count: number) => Float64Array.from({ length: count }, () => 2 * random.next() - 1);
  const all = Int32Array.from({ length: INPUTS }, (_, k) => k);
  const pairs = ATOMS * ATOMS;
  const every = (step: number) => Int32Array.from({ length: ATOMS + 1 }, (_, k) => k * step);
  const blocks = Int32Array.from({ length: pairs }, (_, k) => k);
  return {
    natoms: ATOMS,
    elements: new Uint8Array(ATOMS),
    inputs: numbers(ATOMS * INPUTS),
    inputFirst: every(INPUTS),
    blockFirst: every(ATOMS),
    blockAtom: blocks.map((b) => b % ATOMS),
    blockStart: Int32Array.from({ length: pairs + 1 }, (_, b) => 3 * INPUTS * b),
    derivatives: numbers(3 * INPUTS * pairs),
    blockInputs: Array.from(blocks, () => all),
    atomFirst: every(ATOMS),
    atomBlocks: blocks.map((k) => (k % ATOMS) * ATOMS + Math.floor(k / ATOMS)),
    atomCenters: blocks.map((k) => k % ATOMS),
    energy: 0,
    forces: new Float64Array(3 * ATOMS),
    labelled: new Int32Array(0),
    virial: new Float64Array(6),
    labelledVirial: new Int32Array(0),
    virialDerivatives: numbers(6 * ATOMS * INPUTS),
    weight: 1,
    group: '',
    origin: { path: 'self-test' },
  };
}
