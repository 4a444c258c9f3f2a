import type { Activation } from '../hdnnp-model.ts';

/** φ(z) and φ'(z) of n2p2's activation letters (documentation, `NeuralNetwork::ActivationFunction`). */
export interface ActivationFunction {
  value(z: number): number;
  /** Slope at z, given φ(z). */
  slope(z: number, value: number): number;
}

/** Beyond this |z| the logistic function and softplus are their limits to the last bit or nearly so, as in n2p2. */
const SATURATED = 35;

const logistic = (z: number): number => {
  if (z > SATURATED) return 1;
  if (z < -SATURATED) return 0;
  return 1 / (1 + Math.exp(-z));
};

export const ACTIVATIONS: Readonly<Record<Activation, ActivationFunction>> = {
  l: { value: (z) => z, slope: () => 1 },
  t: { value: Math.tanh, slope: (_z, v) => 1 - v * v },
  s: { value: logistic, slope: (_z, v) => v * (1 - v) },
  p: {
    value: (z) => (z > SATURATED ? z : z < -SATURATED ? 0 : Math.log1p(Math.exp(z))),
    slope: (z) => logistic(z),
  },
  r: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
  g: { value: (z) => Math.exp(-0.5 * z * z), slope: (z, v) => -z * v },
  c: { value: Math.cos, slope: (z) => -Math.sin(z) },
  S: { value: (z) => 1 - logistic(z), slope: (_z, v) => -v * (1 - v) },
  e: { value: (z) => Math.exp(-z), slope: (_z, v) => -v },
  h: { value: (z) => z * z, slope: (z) => 2 * z },
};
