import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../potentials/networks/pooled-network.ts';
import { Predictor, type PredictorData } from '../../../src/conductance/predictor/predictor.ts';
import { writePredictor } from '../../../src/conductance/predictor/predictor-file.ts';
import { networkPredictor } from '../../../src/conductance/stream/network-predictor.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { PulledWire } from './wires.ts';

const SOAP = { species: [19], cutoff: 7, sigma: 1.2, nmax: 3, lmax: 2 };
const FEATURES = 18;

/** Two networks with random weights. */
function randomPredictor(): PredictorData {
  const random = seededRandom(7);
  const layer = (inputs: number, outputs: number, activation: DenseLayer['activation']): DenseLayer => ({
    inputs,
    outputs,
    activation,
    weights: Float64Array.from({ length: inputs * outputs }, () => 0.2 * (random() - 0.5)),
    bias: Float64Array.from({ length: outputs }, () => 0.5 * random()),
  });
  const network = () => ({
    atomLayers: [layer(FEATURES, 8, 'leaky-relu')],
    pooling: { kind: 'max' as const },
    headLayers: [layer(8, 4, 'leaky-relu'), layer(4, 1, 'linear')],
  });
  return {
    model: 'gmp',
    z: 19,
    soap: SOAP,
    members: [network(), network()],
    map: { shift: new Float64Array(FEATURES), width: new Float64Array(FEATURES).fill(1) },
    low: new Float64Array(FEATURES).fill(-1e9),
    high: new Float64Array(FEATURES).fill(1e9),
  };
}

describe('the threads of a trained predictor', () => {
  test('answer as the predictor itself, whichever thread it is', { timeout: 60_000 }, async () => {
    const directory = join(temporaryFolder(), 'net');
    const data = randomPredictor();
    await writePredictor(directory, data, {});
    const { wire } = new PulledWire();
    const wires = Array.from({ length: 12 }, (_, k) => ({
      ...wire,
      positions: wire.positions.map((x, i) => (i % 3 === 2 ? x * (1 + 0.02 * k) : x)),
    }));
    const own = new Predictor(data);
    const predictor = await networkPredictor(directory, {}, 2);
    try {
      expect(predictor.z).toBe(19);
      const answers = await Promise.all(wires.map((w) => predictor.predict(w, 0)));
      answers.forEach((answer, k) => {
        expect(answer).toEqual(own.predict(wires[k]));
      });
      expect(new Set(answers.map(({ conductance }) => conductance)).size).toBeGreaterThan(6);
    } finally {
      await predictor.close();
    }
  });

  test('a folder that holds no predictor is an error before any thread starts', async () => {
    const folder = temporaryFolder();
    await expect(networkPredictor(folder, {}, 2)).rejects.toThrow('conductance train');
    writeFileSync(join(folder, 'predictor.json'), '{');
    await expect(networkPredictor(folder, {}, 2)).rejects.toThrow('expected JSON');
  });

  test('a wire that it cannot take is a failure of that wire alone', { timeout: 60_000 }, async () => {
    const directory = join(temporaryFolder(), 'net');
    await writePredictor(directory, randomPredictor(), {});
    const predictor = await networkPredictor(directory, {}, 1);
    const { wire } = new PulledWire();
    const foreign = { ...wire, numbers: wire.numbers.map((z, k) => (k === 5 ? 79 : z)) };
    try {
      await expect(predictor.predict(foreign, 0)).rejects.toThrow('Au');
      expect((await predictor.predict(wire, 0)).conductance).toBeGreaterThanOrEqual(0);
    } finally {
      await predictor.close();
    }
  });
});
