import { describe, expect, test } from 'vitest';
import { SymmetryFunctions } from '../../../potentials/descriptors/symmetry-functions.ts';
import {
  angularWindow,
  compactRadialWindow,
  cutoffWindow,
  type RadialWindow,
} from '../../../potentials/descriptors/windows.ts';
import { buildNeighborList } from '../../../potentials/neighbors/neighbor-list.ts';
import { functionsOfType } from '../random-model.ts';
import { randomStructure } from '../structures.ts';

const at = (window: RadialWindow, r: number) => {
  const value = new Float64Array(1);
  const slope = new Float64Array(1);
  window(Float64Array.of(r), 0, 1, value, slope);
  return { value: value[0], slope: slope[0] };
};

/** The definitions in x = (r − α rc)/((1−α) rc), as the n2p2 documentation writes them; that of type 8 is good to 3e-13 in doubles. */
const DEFINITIONS: Record<number, (x: number) => number> = {
  1: (x) => 0.5 * (Math.cos(Math.PI * x) + 1),
  4: (x) => Math.exp(1 - 1 / (1 - x * x)),
  5: (x) => (2 * x - 3) * x ** 2 + 1,
  6: (x) => ((15 - 6 * x) * x - 10) * x ** 3 + 1,
  7: (x) => (x * (x * (20 * x - 70) + 84) - 35) * x ** 4 + 1,
  8: (x) => (x * (x * ((315 - 70 * x) * x - 540) + 420) - 126) * x ** 5 + 1,
};

describe('cutoff functions', () => {
  test.each([1, 4, 5, 6, 7, 8] as const)('type %d follows its definition, with and without an inner radius', (type) => {
    for (const alpha of [0, 0.3]) {
      const rc = 5.3;
      const window = cutoffWindow(type, alpha, rc);
      for (let k = 1; k < 400; k++) {
        const x = k / 400;
        const { value } = at(window, alpha * rc + x * (1 - alpha) * rc);
        expect(Math.abs(value - DEFINITIONS[type](x))).toBeLessThan(4e-13);
      }
      expect(at(window, alpha * rc * 0.9)).toEqual(alpha === 0 ? { value: 1, slope: 0 } : { value: 1, slope: 0 });
    }
  });

  test('types 2 and 3 are tanh³ of 1 − r/rc whatever alpha is, type 3 normalized to 1 at 0; type 0 is a step', () => {
    for (const alpha of [0, 0.5])
      for (let r = 0.05; r < 4; r += 0.05) {
        const t = Math.tanh(1 - r / 4) ** 3;
        expect(at(cutoffWindow(2, alpha, 4), r).value).toBeCloseTo(t, 14);
        expect(at(cutoffWindow(3, alpha, 4), r).value).toBeCloseTo(t / Math.tanh(1) ** 3, 14);
        expect(at(cutoffWindow(0, alpha, 4), r)).toEqual({ value: 1, slope: 0 });
      }
  });

  test('vanish from the radius on, and their slope is the derivative of their value', () => {
    for (let type = 0; type <= 8; type++)
      for (const alpha of [0, 0.4]) {
        const window = cutoffWindow(type as 0, alpha, 4);
        for (const r of [4, 4 + 1e-15, 7]) expect(at(window, r).value).toBe(0);
        for (let r = 0.1003; r < 3.99; r += 0.0311) {
          if (Math.abs(r - 1.6) < 1e-3) continue;
          const h = 1e-5;
          const difference = (at(window, r + h).value - at(window, r - h).value) / (2 * h);
          expect(Math.abs(at(window, r).slope - difference)).toBeLessThan(1e-8);
        }
      }
  });

  test('keep their relative accuracy at the edge: f(rc − d) of type 8 grows like 126 (d/rc)⁵', () => {
    const window = cutoffWindow(8, 0, 1);
    for (const d of [2 ** -10, 2 ** -20, 2 ** -30]) expect(at(window, 1 - d).value / (126 * d ** 5)).toBeCloseTo(1, 2);
  });
});

describe('compact windows', () => {
  test.each(['p1', 'p2', 'p3', 'p4', 'e', 'p1a', 'p2a', 'p3a', 'p4a'])(
    '%s is 1 in the middle, 0 outside, and has the right slope',
    (subtype) => {
      const window = compactRadialWindow(1, 4, subtype);
      expect(at(window, 2.5).value).toBeCloseTo(1, 14);
      for (const r of [0.3, 1, 4, 9]) expect(at(window, r)).toEqual({ value: 0, slope: 0 });
      for (let r = 1.013; r < 3.99; r += 0.0277) {
        const h = 1e-5;
        const difference = (at(window, r + h).value - at(window, r - h).value) / (2 * h);
        expect(Math.abs(at(window, r).slope - difference)).toBeLessThan(1e-7);
      }
    },
  );

  test('a polynomial with suffix a is the polynomial at (2 − x) x', () => {
    for (let x = 0.01; x < 1; x += 0.01) {
      const plain = at(compactRadialWindow(-1, 1, 'p3'), (2 - x) * x).value;
      expect(at(compactRadialWindow(-1, 1, 'p3a'), x).value).toBeCloseTo(plain, 12);
    }
  });

  test('the angular part has no suffix', () => {
    expect(angularWindow(20, 120, 'p2a').value(1)).toBe(angularWindow(20, 120, 'p2').value(1));
  });
});

describe('SymmetryFunctions', () => {
  const species = [1, 8];
  const structure = randomStructure({ seed: 2, natoms: 4, cell: [2.6, 0, 0.3, 0.3, 2.9, 0, 0.5, -0.2, 3.1], species });
  const all = ([2, 3, 9, 12, 13, 20, 21, 22, 23, 24, 25] as const).flatMap((type) => functionsOfType(type, species, 3));
  const functions = new SymmetryFunctions(all, { species, cutoffType: 2, cutoffAlpha: 0 });
  const list = buildNeighborList(structure, functions.cutoff);
  const g = new Float64Array(functions.count);

  test('agree with the sums written out, for one water molecule', () => {
    const water = {
      numbers: Uint8Array.of(8, 1, 1),
      positions: Float64Array.of(0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0),
      cell: null,
      pbc: [false, false, false] as const,
    };
    const [rj, rk, rjk] = [0.96, Math.hypot(0.24, 0.93), Math.hypot(1.2, 0.93)];
    const cosine = -0.24 / rk;
    const fc = (r: number) => Math.tanh(1 - r / 3) ** 3;
    const two = { type: 2, e1: 1, eta: 0.7, rs: 0.3, rc: 3 } as const;
    const angular = { eta: 0.2, lambda: -1, zeta: 3, rs: 0.1, rc: 3 };
    const set = new SymmetryFunctions(
      [
        two,
        { type: 3, e1: 1, e2: 1, ...angular },
        { type: 9, e1: 1, e2: 1, ...angular },
        { type: 12, eta: 0.7, rs: 0.3, rc: 3 },
        { type: 3, e1: 1, e2: 8, ...angular },
        { type: 9, e1: 1, e2: 1, ...angular, zeta: 0 },
      ],
      { species, cutoffType: 2, cutoffAlpha: 0 },
    );
    const values = new Float64Array(set.count);
    set.compute(buildNeighborList(water, 3), 0, values);
    const radial = Math.exp(-0.7 * (rj - 0.3) ** 2) * fc(rj) + Math.exp(-0.7 * (rk - 0.3) ** 2) * fc(rk);
    const wide = 2 ** -2 * (1 - cosine) ** 3 * Math.exp(-0.2 * ((rj - 0.1) ** 2 + (rk - 0.1) ** 2)) * fc(rj) * fc(rk);
    const narrow = wide * Math.exp(-0.2 * (rjk - 0.1) ** 2) * fc(rjk);
    const withoutAngle = (2 ** 3 * wide) / (1 - cosine) ** 3;
    [radial, narrow, wide, radial, 0, withoutAngle].forEach((wanted, s) => {
      expect(values[s]).toBeCloseTo(wanted, 14);
    });
  });

  test('have the Jacobian that central differences give, images moving with their atom', () => {
    const center = 1;
    functions.compute(list, center, g);
    const offsets = new Int32Array(functions.neighborCount + 1);
    const jacobian = new Float64Array(functions.jacobianOffsets(offsets));
    functions.jacobian(jacobian, offsets);
    const folded = Array.from({ length: functions.count }, () => new Float64Array(3 * list.ncenters));
    const { segment } = functions.environment;
    functions.featuresOf.forEach((features, e) => {
      for (let n = segment[e]; n < segment[e + 1]; n++)
        features.forEach((s, place) => {
          for (let k = 0; k < 3; k++) {
            const derivative = jacobian[offsets[n] + 3 * place + k];
            folded[s][3 * list.owner[functions.neighborIndex[n]] + k] += derivative;
            folded[s][3 * center + k] -= derivative;
          }
        });
    });
    const valuesAt = (coordinate: number, step: number) => {
      const positions = Float64Array.from(structure.positions);
      positions[coordinate] += step;
      const values = new Float64Array(functions.count);
      functions.compute(buildNeighborList({ ...structure, positions }, functions.cutoff), center, values);
      return values;
    };
    const h = 1e-5;
    for (let coordinate = 0; coordinate < 12; coordinate++) {
      const up = valuesAt(coordinate, h);
      const down = valuesAt(coordinate, -h);
      for (let s = 0; s < functions.count; s++) {
        const scale = folded[s].reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
        expect(Math.abs(folded[s][coordinate] - (up[s] - down[s]) / (2 * h)) / scale).toBeLessThan(3e-7);
      }
    }
  });

  test('have a pullback that is the weighted sum of the Jacobian', () => {
    const weights = Float64Array.from({ length: functions.count }, (_, s) => Math.sin(s + 1));
    for (let center = 0; center < list.ncenters; center++) {
      functions.compute(list, center, g);
      const n = functions.neighborCount;
      const offsets = new Int32Array(n + 1);
      const jacobian = new Float64Array(functions.jacobianOffsets(offsets));
      functions.jacobian(jacobian, offsets);
      const gradient = new Float64Array(3 * n);
      functions.pullback(weights, gradient);
      const { segment } = functions.environment;
      functions.featuresOf.forEach((features, e) => {
        for (let k = segment[e]; k < segment[e + 1]; k++)
          for (let a = 0; a < 3; a++) {
            const sum = features.reduce((all, s, place) => all + weights[s] * jacobian[offsets[k] + 3 * place + a], 0);
            const scale = features.reduce(
              (all, s, place) => all + Math.abs(weights[s] * jacobian[offsets[k] + 3 * place + a]),
              1e-6,
            );
            expect(Math.abs(gradient[3 * k + a] - sum) / scale).toBeLessThan(1e-12);
          }
      });
    }
  });

  test('are 0 for an atom without neighbors, and angular ones for an atom with one neighbor', () => {
    const lone = {
      numbers: Uint8Array.of(8),
      positions: new Float64Array(3),
      cell: null,
      pbc: [false, false, false] as const,
    };
    functions.compute(buildNeighborList(lone, 3), 0, g);
    expect(g.every((value) => value === 0)).toBe(true);
    const pair = { ...lone, numbers: Uint8Array.of(8, 1), positions: Float64Array.of(0, 0, 0, 1, 0, 0) };
    functions.compute(buildNeighborList(pair, 3), 0, g);
    all.forEach((f, s) => {
      if ('zeta' in f || 'thetaLeft' in f) expect(g[s]).toBe(0);
    });
    expect(g.some((value) => value > 0)).toBe(true);
  });
});
