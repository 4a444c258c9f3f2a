import { Hdnnp } from '../hdnnp.ts';
import type { ElementModel, HdnnpModel, LayerModel, SymmetryFunction } from '../hdnnp-model.ts';
import type { Neighborhood } from '../neighborhood.ts';
import { newEvaluation } from '../potential.ts';
import { planBlob } from './blob.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { KernelPotential } from './kernel-potential.ts';

const RC = 6; // Å
const ARGON = 18;
const FUNCTIONS: readonly SymmetryFunction[] = [
  { type: 2, e1: ARGON, eta: 0.1, rs: 0, rc: RC },
  { type: 3, e1: ARGON, e2: ARGON, eta: 0.02, lambda: 1, zeta: 2, rs: 0, rc: RC },
  { type: 3, e1: ARGON, e2: ARGON, eta: 0.06, lambda: -1, zeta: 12, rs: 0, rc: RC },
  { type: 9, e1: ARGON, e2: ARGON, eta: 0.02, lambda: -1, zeta: 1, rs: 1, rc: RC },
  { type: 22, e1: ARGON, e2: ARGON, rl: -RC, rc: RC, thetaLeft: 30, thetaRight: 150, subtype: 'p2' },
];

const layer = (inputs: number, outputs: number, activation: 't' | 'l'): LayerModel => ({
  inputs,
  outputs,
  activation,
  weights: Float64Array.from({ length: inputs * outputs }, (_, k) => Math.sin(k + 1)),
  biases: Float64Array.from({ length: outputs }, (_, k) => Math.cos(k)),
});

/** A small potential with every kind of group. */
const ELEMENT: ElementModel = {
  z: ARGON,
  energyOffset: 0,
  symmetryFunctions: FUNCTIONS,
  scaleFactor: new Float64Array(FUNCTIONS.length).fill(1),
  scaleOffset: new Float64Array(FUNCTIONS.length),
  network: { normalizeNodes: false, layers: [layer(FUNCTIONS.length, 3, 't'), layer(3, 1, 'l')] },
};
export const SELF_TEST_MODEL: HdnnpModel = {
  cutoffType: 2,
  cutoffAlpha: 0,
  energyFactor: 1,
  scaling: { kind: 'none', min: 0, max: 1 },
  elements: [ELEMENT],
};

/** Rounding is a thousand times smaller, a wrong build or an emulated processor far larger. */
const TOLERANCE = 1e-11;

/**
 * Evaluates a small cluster with the kernel that `create` makes and with the TypeScript program. Returns null when energy and
 * forces agree, else what is wrong.
 */
export function selfTest(create: (blob: Float64Array) => KernelInstance): string | null {
  const cluster = helix(11);
  const [found, wanted] = [newEvaluation(11, 11), newEvaluation(11, 11)];
  new Hdnnp(SELF_TEST_MODEL).evaluate(cluster, wanted);
  new KernelPotential([SELF_TEST_MODEL], create(planBlob([SELF_TEST_MODEL]))).evaluate(cluster, found);
  const largest = wanted.forces.reduce((most, f) => Math.max(most, Math.abs(f)), 0);
  const forces = wanted.forces.reduce((most, f, k) => Math.max(most, Math.abs(found.forces[k] - f)), 0) / largest;
  const energy = Math.abs(found.energy / wanted.energy - 1);
  if (energy < TOLERANCE && forces < TOLERANCE) return null;
  return `it fails its self-test: energy off by ${energy.toExponential(1)}, forces by ${forces.toExponential(1)}`;
}

/** No two distances equal, no three atoms in line. */
function helix(natoms: number): Neighborhood {
  const positions = Float64Array.from({ length: 3 * natoms }, (_, k) => {
    const i = Math.floor(k / 3);
    return [2.1 * Math.cos(1.1 * i), 2.1 * Math.sin(1.1 * i), 0.8 * i + 0.01 * i * i][k % 3];
  });
  const neighbors = Int32Array.from({ length: natoms * (natoms - 1) }, (_, k) => {
    const i = Math.floor(k / (natoms - 1));
    const j = k % (natoms - 1);
    return j < i ? j : j + 1;
  });
  return {
    ncenters: natoms,
    natoms,
    numbers: new Uint8Array(natoms).fill(ARGON),
    positions,
    first: Int32Array.from({ length: natoms + 1 }, (_, i) => i * (natoms - 1)),
    neighbors,
  };
}
