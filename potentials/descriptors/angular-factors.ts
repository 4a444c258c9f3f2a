import type { AngularFactor } from './triplet-group.ts';
import { angularWindow } from './windows.ts';

/** Below this the slope by the cosine is taken as at this sine; it is finite there, and multiplies a vanishing gradient. */
const SMALLEST_SINE = 1e-8;

/** 2^(1−ζ) (1+λc)₊^ζ exp(−ηX): types 3, 9, 13. η in 1/Å². */
export function exponentialFactor(feature: number, eta: number, lambda: number, zeta: number): AngularFactor {
  const norm = 2 ** (1 - zeta);
  const slopeNorm = norm * zeta * lambda;
  const order = zeta - 1;
  const integer = Number.isInteger(order) && order <= 63;
  return {
    feature,
    eta,
    fill({ count, c, weight }, exponential, value, slope) {
      let sum = 0;
      for (let t = 0; t < count; t++) {
        const base = Math.max(0, 1 + lambda * c[t]);
        const e = exponential[t];
        const partial = order === 0 ? e : e * (integer ? integerPower(base, order) : realPower(base, order));
        value[t] = norm * (zeta === 0 ? e : partial * base);
        slope[t] = slopeNorm * partial;
        sum += weight[t] * value[t];
      }
      return sum;
    },
  };
}

function realPower(base: number, exponent: number): number {
  return base > 0 ? base ** exponent : 0;
}

/** By repeated squaring; V8's `**` is slow. */
function integerPower(base: number, n: number): number {
  let result = 1;
  for (let square = base, left = n; left > 0; left >>= 1) {
    if (left & 1) result *= square;
    square *= square;
  }
  return result;
}

/** C(θ; θl, θr): types 21, 22, 24, 25. Degrees. */
export function compactFactor(feature: number, thetaLeft: number, thetaRight: number, subtype: string): AngularFactor {
  const window = angularWindow(thetaLeft, thetaRight, subtype);
  return {
    feature,
    eta: 0,
    fill({ count, c, theta, weight }, _exponential, value, slope) {
      let sum = 0;
      for (let t = 0; t < count; t++) {
        value[t] = window.value(theta[t]);
        const sine = Math.sqrt(Math.max(0, (1 - c[t]) * (1 + c[t])));
        slope[t] = -window.slope(theta[t]) / Math.max(sine, SMALLEST_SINE);
        sum += weight[t] * value[t];
      }
      return sum;
    },
  };
}
