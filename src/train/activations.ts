import type { Activation } from '../../potentials/hdnnp-model.ts';

/** φ, φ' and φ'' at one weighted sum. */
export interface ActivationValues {
  value: number;
  slope: number;
  curvature: number;
}

/** Beyond this n2p2 treats logistic and softplus as saturated. */
const SATURATED = 35;

function logistic(z: number): number {
  return z > SATURATED ? 1 : z < -SATURATED ? 0 : 1 / (1 + Math.exp(-z));
}

/**
 * φ(z), φ'(z), φ''(z) of n2p2's activation letters into `out` (n2p2 documentation, keyword `global_activation_short`).
 * relu has slope and curvature 0 at z = 0.
 */
export function activate(letter: Activation, z: number, out: ActivationValues): void {
  switch (letter) {
    case 'l':
      out.value = z;
      out.slope = 1;
      out.curvature = 0;
      return;
    case 't': {
      const t = Math.tanh(z);
      out.value = t;
      out.slope = 1 - t * t;
      out.curvature = -2 * t * out.slope;
      return;
    }
    case 's':
    case 'S': {
      const s = logistic(z);
      const sign = letter === 's' ? 1 : -1;
      const slope = Math.abs(z) > SATURATED ? 0 : s * (1 - s);
      out.value = letter === 's' ? s : 1 - s;
      out.slope = sign * slope;
      out.curvature = sign * slope * (1 - 2 * s);
      return;
    }
    case 'p': {
      const s = logistic(z);
      out.value = z > SATURATED ? z : z < -SATURATED ? 0 : Math.log1p(Math.exp(z));
      out.slope = s;
      out.curvature = Math.abs(z) > SATURATED ? 0 : s * (1 - s);
      return;
    }
    case 'r':
      out.value = Math.max(z, 0);
      out.slope = z > 0 ? 1 : 0;
      out.curvature = 0;
      return;
    case 'g': {
      const g = Math.exp(-0.5 * z * z);
      out.value = g;
      out.slope = -z * g;
      out.curvature = (z * z - 1) * g;
      return;
    }
    case 'c':
      out.value = Math.cos(z);
      out.slope = -Math.sin(z);
      out.curvature = -out.value;
      return;
    case 'e': {
      const e = Math.exp(-z);
      out.value = e;
      out.slope = -e;
      out.curvature = e;
      return;
    }
    case 'h':
      out.value = z * z;
      out.slope = 2 * z;
      out.curvature = 2;
  }
}
