import { beforeAll, describe, expect, test } from 'vitest';
import { loadTensorflow, type Tensorflow } from '../../src/tensorflow/tensorflow.ts';
import { chooseProgram } from '../../src/train/choose-program.ts';
import type { LossWeights } from '../../src/train/loss.ts';
import { PassGradient } from '../../src/train/loss-gradient.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { Adam } from '../../src/train/optimisers/adam.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { TensorflowGradient } from '../../src/train/tensorflow-gradient.ts';
import { typescriptProgram } from '../../src/train/training-program.ts';
import { randomStructure } from './random-structure.ts';

const LOSS: LossWeights = { energy: 3, force: 1, virial: 0.5, unit: 0.9 };
// The third structure has atoms of one element only.
const structures = [7, 4, 1].map((natoms, k) => randomStructure(natoms, [6, 4], 50 + k));

for (const rung of ['tfjs-wasm', 'tfjs-cpu'] as const) {
  describe(`gradients by ${rung}`, () => {
    let engine: Tensorflow;
    beforeAll(async () => {
      engine = await loadTensorflow(rung);
    }, 120_000);

    for (const letter of ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'] as const) {
      test(`are those of TypeScript and of the kernel up to single precision, activation ${letter}`, () => {
        const networks = newNetworks([6, 4], { sizes: [5, 3], activations: [letter, letter] });
        initializeWeights(networks, new RandomStream(3));
        const results = [
          new TensorflowGradient(engine.tf, networks, LOSS),
          new PassGradient(typescriptProgram.passes(networks), LOSS),
          new PassGradient(chooseProgram({}).program.passes(networks), LOSS),
        ].map((source) => {
          const gradient = new Float64Array(networks.weights.length);
          return { loss: source.add(structures, gradient), gradient };
        });
        const [own, ...right] = results;
        for (const { loss, gradient } of right) {
          const size = Math.hypot(...gradient);
          expect(Math.abs(own.loss - loss) / loss).toBeLessThan(3e-5);
          expect(Math.hypot(...gradient.map((g, k) => g - own.gradient[k])) / size).toBeLessThan(3e-5);
        }
      });
    }

    test('lead to a lower loss, and leave no tensor behind', () => {
      const networks = newNetworks([6, 4], { sizes: [5], activations: ['t'] });
      initializeWeights(networks, new RandomStream(3));
      const source = new TensorflowGradient(engine.tf, networks, LOSS);
      const options = { batch: 3, learningRate: 0.02, learningRateEnd: 0.001, schedule: 'cosine' as const };
      const optimiser = new Adam(networks.weights, source, options, 300);
      const loss = () => source.add(structures, new Float64Array(networks.weights.length));
      const first = loss();
      const tensors = engine.tf.memory().numTensors;
      for (let k = 0; k < 100; k++) optimiser.update(structures);
      expect(loss()).toBeLessThan(0.5 * first);
      expect(engine.tf.memory().numTensors).toBe(tensors);
    });
  });
}
