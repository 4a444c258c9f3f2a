import { Hdnnp } from '../../potentials/hdnnp.ts';
import type { HdnnpModel, SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { symbolOf } from '../../src/core/elements.ts';
import type { Frame } from '../../src/core/frame.ts';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { evaluateFrame } from '../../src/evaluate/evaluate-structure.ts';

const SPECIES = [8, 14];

/** The symmetry functions of the model, as lines of a configuration. */
export const CONFIG = `
source: a known network
validation: 0.2
cutoff_function: {type: 6}
symmetry_functions:
  - {type: 2, eta: 1, rs: [0.8, 1.6, 2.4], rc: 3.6}
  - {type: 3, eta: 0.05, lambda: [-1, 1], zeta: 1, rc: 3.6}
network: {hidden: [6], activation: tanh}
loss: {energy: 10, force: 1}
optimiser: {name: ekf, force_rows: 11}
epochs: 4
`;

/** An O-Si potential with random weights: what a trainer with the same functions can learn exactly. */
function knownNetwork(): HdnnpModel {
  const random = seededRandom(77);
  const radial = (e1: number): SymmetryFunction[] =>
    [0.8, 1.6, 2.4].map((rs) => ({ type: 2, e1, eta: 1, rs, rc: 3.6 }) as const);
  const symmetryFunctions = [0.8, 1.6, 2.4].flatMap((_, k) => SPECIES.map((e1) => radial(e1)[k]));
  const n = symmetryFunctions.length;
  const numbers = (count: number, sigma: number) =>
    Float64Array.from({ length: count }, () => sigma * gaussian(random));
  return {
    cutoffType: 6,
    cutoffAlpha: 0,
    energyFactor: 1,
    scaling: { kind: 'none', min: 0, max: 1 },
    elements: SPECIES.map((z) => ({
      z,
      energyOffset: -3 * z,
      symmetryFunctions,
      scaleFactor: new Float64Array(n).fill(1),
      scaleOffset: new Float64Array(n),
      network: {
        normalizeNodes: false,
        layers: [
          { inputs: n, outputs: 4, activation: 't', weights: numbers(4 * n, 0.6), biases: numbers(4, 0.3) },
          { inputs: 4, outputs: 1, activation: 'l', weights: numbers(4, 0.5), biases: numbers(1, 0.3) },
        ],
      },
    })),
  };
}

/** Random periodic structures of 1 to 6 atoms, most of them in cells smaller than the cutoff. */
export function randomFrames(count: number, seed: number): Frame[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, k) => {
    const natoms = 1 + (k % 6);
    const side = 2.4 * natoms ** (1 / 3) + 0.6 * random();
    const tilt = () => 0.3 * (random() - 0.5);
    const cell = Float64Array.of(side, tilt(), tilt(), tilt(), side, tilt(), tilt(), tilt(), side);
    const numbers = Uint8Array.from({ length: natoms }, (_, i) => SPECIES[(i + k) % 2]);
    return {
      natoms,
      cell,
      pbc: [true, true, true],
      numbers,
      positions: place(natoms, side, random),
      arrays: {},
      info: {},
    };
  });
}

/** Positions at least 1.2 Å apart within the box. */
function place(natoms: number, side: number, random: () => number): Float64Array {
  const positions = new Float64Array(3 * natoms);
  for (let i = 0; i < natoms; i++) {
    for (let apart = false, trial = 0; !apart; trial++) {
      if (trial > 1000) throw new Error('no room for another atom');
      for (let c = 0; c < 3; c++) positions[3 * i + c] = side * random();
      apart = true;
      for (let j = 0; j < i; j++) {
        let square = 0;
        for (let c = 0; c < 3; c++) {
          let d = Math.abs(positions[3 * i + c] - positions[3 * j + c]);
          if (d > side / 2) d = side - d;
          square += d * d;
        }
        if (square < 1.44) apart = false;
      }
    }
  }
  return positions;
}

/** The frames as extxyz text with the energies and forces of the known network. */
export function labelledExtxyz(frames: readonly Frame[]): string {
  const potential = new Hdnnp(knownNetwork());
  const text = frames.map((frame) => {
    const { energy, forces } = evaluateFrame(potential, frame);
    const head = `Lattice="${frame.cell?.join(' ')}" Properties=species:S:1:pos:R:3:forces:R:3 energy=${energy} pbc="T T T"`;
    const rows = Array.from(frame.numbers, (z, i) =>
      [symbolOf(z), ...frame.positions.subarray(3 * i, 3 * i + 3), ...forces.subarray(3 * i, 3 * i + 3)].join(' '),
    );
    return [frame.natoms, head, ...rows].join('\n');
  });
  return `${text.join('\n')}\n`;
}
