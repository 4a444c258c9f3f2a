import { expect, test } from 'vitest';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import type { Frame } from '../../src/core/frame.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';
import { parseConfig } from '../../src/train/config.ts';
import { buildDataset } from '../../src/train/dataset.ts';
import { addLossGradient } from '../../src/train/loss.ts';
import { initializeWeights, newNetworks } from '../../src/train/networks.ts';
import { RandomStream } from '../../src/train/random-stream.ts';
import { StructurePass } from '../../src/train/structure-pass.ts';
import { trainedModel } from '../../src/train/trained-model.ts';
import { CONFIG, randomFrames } from './known-network.ts';

const config = parseConfig(CONFIG, 'train.yaml');

async function setUp() {
  const frames = randomFrames(12, 21);
  const labelled = frames.map((frame, k) => ({
    frame,
    energy: -20 * frame.natoms + k,
    forces: new Float64Array(3 * frame.natoms).fill(0.3),
    virial: new Float64Array(9).map((_, c) => c - k),
    group: '',
    origin: { path: 'x', frame: k },
  }));
  const all = labelled.map((_, k) => k);
  const dataset = await buildDataset(labelled, { training: all, validation: [], test: [] }, config, { sink: () => {} });
  const inputs = dataset.elements.map(({ symmetryFunctions }) => symmetryFunctions.length);
  const networks = newNetworks(inputs, { sizes: [5, 4], activations: ['t', 'p'] });
  initializeWeights(networks, new RandomStream(3));
  const potential = new Hdnnp(trainedModel(dataset.elements, config, networks));
  return { frames, dataset, networks, potential, pass: new StructurePass(networks) };
}

test('energies and forces of the trainer are those of the potential, also in cells smaller than the cutoff', async () => {
  const { frames, dataset, potential, pass } = await setUp();
  dataset.training.forEach((structure, s) => {
    const evaluation = evaluateFrame(potential, frames[s]);
    let reference = 0;
    for (const e of structure.elements) reference += dataset.elements[e].referenceEnergy;
    pass.load(structure);
    expect(Math.abs(pass.energy + reference - evaluation.energy)).toBeLessThan(1e-12 * (1 + Math.abs(reference)));
    const forces = new Float64Array(3 * structure.natoms);
    pass.forces(forces);
    const largest = evaluation.forces.reduce((max, f) => Math.max(max, Math.abs(f)), 1);
    forces.forEach((f, k) => {
      expect(Math.abs(f - evaluation.forces[k])).toBeLessThan(1e-12 * largest);
    });
  });
});

test('virials of the trainer are those of the potential and minus the derivative of its energy by strain', async () => {
  const { frames, dataset, potential, pass } = await setUp();
  const virial = new Float64Array(6);
  dataset.training.forEach((structure, s) => {
    pass.load(structure);
    pass.virial(virial);
    const expected = evaluateFrame(potential, frames[s]).virial;
    [0, 4, 8, 1, 2, 5].forEach((k, v) => {
      expect(Math.abs(virial[v] - expected[k])).toBeLessThan(1e-10 * (1 + Math.abs(expected[k])));
      const h = 1e-3;
      const at = (step: number) => evaluateFrame(potential, strained(frames[s], k, step)).energy;
      const slope = (45 * (at(h) - at(-h)) - 9 * (at(2 * h) - at(-2 * h)) + (at(3 * h) - at(-3 * h))) / (60 * h);
      expect(Math.abs(virial[v] + slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
    });
  });
});

/** x_b ← x_b + step · x_a for component k = 3a + b, of positions and cell. */
function strained(frame: Frame, k: number, step: number): Frame {
  const [a, b] = [Math.floor(k / 3), k % 3];
  const apply = (rows: Float64Array) => rows.map((x, c) => (c % 3 === b ? x + step * rows[c - b + a] : x));
  return { ...frame, positions: apply(frame.positions), cell: frame.cell && apply(frame.cell) };
}

test('forces are minus the central difference of the energy of the potential', async () => {
  const { frames, dataset, potential, pass } = await setUp();
  for (const s of [0, 1, 5, 11]) {
    pass.load(dataset.training[s]);
    const frame = frames[s];
    for (let k = 0; k < 3 * frame.natoms; k++) {
      const at = (step: number) => {
        const positions = frame.positions.slice();
        positions[k] += step;
        return evaluateFrame(potential, { ...frame, positions } satisfies Frame).energy;
      };
      const h = 1e-3;
      const slope = (45 * (at(h) - at(-h)) - 9 * (at(2 * h) - at(-2 * h)) + (at(3 * h) - at(-3 * h))) / (60 * h);
      expect(pass.force(k)).toBeCloseTo(-slope, 7);
    }
  }
});

test('the gradient of the loss of real structures equals central differences', async () => {
  const { dataset, networks, pass } = await setUp();
  const loss = { energy: 10, force: 1, virial: 4, unit: dataset.forceUnit };
  const total = (gradient: Float64Array) =>
    dataset.training.reduce((sum, structure) => sum + addLossGradient(pass, structure, loss, gradient), 0);
  const { weights } = networks;
  const gradient = new Float64Array(weights.length);
  total(gradient);
  const scratch = new Float64Array(weights.length);
  const scale = Math.hypot(...gradient);
  for (let w = 0; w < weights.length; w++) {
    const kept = weights[w];
    const at = (step: number) => {
      weights[w] = kept + step;
      return total(scratch);
    };
    const h = 1e-3;
    const slope = (45 * (at(h) - at(-h)) - 9 * (at(2 * h) - at(-2 * h)) + (at(3 * h) - at(-3 * h))) / (60 * h);
    weights[w] = kept;
    expect(Math.abs(slope - gradient[w])).toBeLessThan(1e-7 * scale);
  }
});

test('inputs of the training structures have mean 0 and standard deviation 1', async () => {
  const { dataset } = await setUp();
  const columns = new Map<string, number[]>();
  for (const { natoms, elements, inputs, inputFirst } of dataset.training)
    for (let i = 0; i < natoms; i++)
      for (let k = inputFirst[i]; k < inputFirst[i + 1]; k++) {
        const key = `${elements[i]} ${k - inputFirst[i]}`;
        columns.set(key, [...(columns.get(key) ?? []), inputs[k]]);
      }
  for (const values of columns.values()) {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean).toBeCloseTo(0, 10);
    expect(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length).toBeCloseTo(1, 10);
  }
});
