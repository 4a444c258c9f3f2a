import { expect, test } from 'vitest';
import { ACTIVATIONS } from '../../potentials/networks/activations.ts';
import { activate } from '../../src/train/activations.ts';

for (const [letter, reference] of Object.entries(ACTIVATIONS)) {
  test(`activation ${letter} is that of the potentials, and its derivatives are those of its values`, () => {
    const out = { value: 0, slope: 0, curvature: 0 };
    const at = (z: number) => {
      activate(letter as keyof typeof ACTIVATIONS, z, out);
      return { ...out };
    };
    for (const z of [-40, -3, -0.7, 0.2, 1.9, 40]) {
      const { value, slope, curvature } = at(z);
      expect(value).toBe(reference.value(z));
      const scale = 1 + Math.abs(value);
      const h = 1e-4;
      expect(Math.abs((at(z + h).value - at(z - h).value) / (2 * h) - slope)).toBeLessThan(1e-7 * scale);
      expect(Math.abs((at(z + h).slope - at(z - h).slope) / (2 * h) - curvature)).toBeLessThan(1e-7 * scale);
      expect(Math.abs(slope - reference.slope(z, value))).toBeLessThan(1e-14 * scale);
    }
  });
}
