import type { HdnnpModel } from '../hdnnp-model.ts';

/**
 * A radial window on r[from…to): writes its value and its slope d/dr (1/Å). Both are 0 for r ≥ rc (strict) and, for compact
 * windows, r ≤ rl.
 */
export type RadialWindow = (
  r: Float64Array,
  from: number,
  to: number,
  value: Float64Array,
  slope: Float64Array,
) => void;

/** V8 makes a slow call of `**`. */
const square = (x: number) => x * x;
const cube = (x: number) => x * x * x;

/** A function of y = 1 − x on [0, 1] with core(0) = 0, core(1) = 1; returns the value, `slope` the derivative by y. */
interface Core {
  value(y: number): number;
  slope(y: number): number;
}

/**
 * Smooth steps in y = 1 − x: the forms in y stay exact relative to their size at the edge of the window, where those in x leave
 * rounding noise. `p1`…`p4` are n2p2's CT_POLY1…4, `e` is CT_EXP.
 */
const CORES: Readonly<Record<string, Core>> = {
  p1: { value: (y) => y * y * (3 - 2 * y), slope: (y) => 6 * y * (1 - y) },
  p2: { value: (y) => y * y * y * (10 + y * (-15 + 6 * y)), slope: (y) => 30 * square(y * (1 - y)) },
  p3: { value: (y) => square(y * y) * (35 + y * (-84 + y * (70 - 20 * y))), slope: (y) => 140 * cube(y * (1 - y)) },
  p4: {
    value: (y) => y * square(y * y) * (126 + y * (-420 + y * (540 + y * (-315 + 70 * y)))),
    slope: (y) => 630 * square(square(y * (1 - y))),
  },
  e: {
    value: (y) => Math.exp(1 - 1 / (y * (2 - y))),
    slope: (y) => {
      const u = y * (2 - y);
      const value = Math.exp(1 - 1 / u);
      // exp(-1/u) is 0 long before u² is.
      return value === 0 ? 0 : (2 * (1 - y) * value) / (u * u);
    },
  },
};

const COSINE: Core = {
  value: (y) => square(Math.sin((Math.PI / 2) * y)),
  slope: (y) => (Math.PI / 2) * Math.sin(Math.PI * y),
};

const COTH_1 = 1 / Math.tanh(1);

/**
 * Cutoff function of n2p2 (documentation, `CutoffFunction::CutoffType`): 0 hard, 1 cosine, 2 tanh³, 3 tanh³ normalized, 4 exp,
 * 5–8 polynomials. `alpha` is the inner radius as a fraction of rc (Å); types 2 and 3 ignore it.
 */
export function cutoffWindow(type: HdnnpModel['cutoffType'], alpha: number, rc: number): RadialWindow {
  if (type === 0) return hardCutoff(rc);
  if (type === 2) return tanhCutoff(rc, 1);
  if (type === 3) return tanhCutoff(rc, COTH_1 ** 3);
  const core = type === 1 ? COSINE : CORES[type === 4 ? 'e' : `p${type - 4}`];
  const inner = alpha * rc;
  const width = (1 - alpha) * rc;
  return (r, from, to, value, slope) => {
    for (let k = from; k < to; k++) {
      if (r[k] >= rc) {
        value[k] = 0;
        slope[k] = 0;
      } else if (r[k] <= inner) {
        value[k] = 1;
        slope[k] = 0;
      } else {
        const y = (rc - r[k]) / width;
        value[k] = core.value(y);
        slope[k] = -core.slope(y) / width;
      }
    }
  };
}

function hardCutoff(rc: number): RadialWindow {
  return (r, from, to, value, slope) => {
    for (let k = from; k < to; k++) {
      value[k] = r[k] < rc ? 1 : 0;
      slope[k] = 0;
    }
  };
}

function tanhCutoff(rc: number, amplitude: number): RadialWindow {
  const inverse = 1 / rc;
  return (r, from, to, value, slope) => {
    for (let k = from; k < to; k++) {
      const t = r[k] < rc ? Math.tanh((rc - r[k]) * inverse) : 0;
      const amplified = amplitude * t * t;
      value[k] = amplified * t;
      slope[k] = -3 * inverse * amplified * (1 - t * t);
    }
  };
}

/** A window on an interval: core(1 − |v − center| / halfWidth) inside, 0 outside. `a` after a polynomial: core of y². */
export interface CompactWindow {
  readonly low: number;
  readonly high: number;
  value(v: number): number;
  slope(v: number): number;
}

/** `subtype`: p1–p4, p1a–p4a, e; `low` and `high` in the unit of the argument. */
function compactWindow(low: number, high: number, subtype: string): CompactWindow {
  const squared = subtype.endsWith('a');
  const core = CORES[squared ? subtype.slice(0, -1) : subtype];
  const center = (low + high) / 2;
  const half = (high - low) / 2;
  const yOf = (v: number) => (v > center ? high - v : v - low) / half;
  return {
    low,
    high,
    value(v) {
      if (!(v > low && v < high)) return 0;
      const y = yOf(v);
      return core.value(squared ? y * y : y);
    },
    slope(v) {
      if (!(v > low && v < high)) return 0;
      const y = yOf(v);
      const slope = squared ? core.slope(y * y) * 2 * y : core.slope(y);
      return (v > center ? -slope : slope) / half;
    },
  };
}

/** The same as a radial window. */
export function compactRadialWindow(rl: number, rc: number, subtype: string): RadialWindow {
  const window = compactWindow(rl, rc, subtype);
  return (r, from, to, value, slope) => {
    for (let k = from; k < to; k++) {
      value[k] = window.value(r[k]);
      slope[k] = window.slope(r[k]);
    }
  };
}

/** The angular part of compact functions: degrees in, a window on radians; the subtype's `a` concerns the radial part only. */
export function angularWindow(thetaLeft: number, thetaRight: number, subtype: string): CompactWindow {
  const radians = Math.PI / 180;
  return compactWindow(thetaLeft * radians, thetaRight * radians, subtype.replace(/a$/, ''));
}
