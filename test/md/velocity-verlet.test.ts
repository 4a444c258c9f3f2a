import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { AMU_A2_PS2, BOLTZMANN } from '../../src/core/units.ts';
import {
  drawVelocities,
  type ForceField,
  kineticEnergy,
  type MdState,
  temperature,
  VelocityVerlet,
} from '../../src/md/velocity-verlet.ts';

/** Every coordinate on its own spring, k in eV/Å². */
const springs = (k: number): ForceField => ({
  compute: (x) => ({
    energy: 0.5 * k * x.reduce((sum, xi) => sum + xi * xi, 0),
    forces: x.map((xi) => -k * xi),
    virial: new Float64Array(9),
  }),
});

const state = (n: number, mass: number): MdState => ({
  positions: new Float64Array(3 * n),
  velocities: new Float64Array(3 * n),
  masses: new Float64Array(n).fill(mass),
});

describe('velocity Verlet', () => {
  test('a harmonic oscillator returns after the period 2π√(m/k), in ps for amu and eV/Å²', () => {
    const s = state(1, 28);
    s.positions[0] = 1;
    const period = 2 * Math.PI * Math.sqrt((28 * AMU_A2_PS2) / 5);
    const md = new VelocityVerlet(s, springs(5), period / 2000);
    for (let k = 0; k < 2000; k++) md.step();
    expect(s.positions[0]).toBeCloseTo(1, 5);
    expect(s.velocities[0] * period).toBeCloseTo(0, 2);
  });

  test('total energy is conserved to second order in the time step', () => {
    const drift = (dt: number) => {
      const s = state(1, 28);
      s.positions[0] = 1;
      const md = new VelocityVerlet(s, springs(5), dt);
      const start = md.energy;
      let worst = 0;
      for (let t = 0; t < 0.5; t += dt) {
        md.step();
        worst = Math.max(worst, Math.abs(md.energy + kineticEnergy(s) - start));
      }
      return worst;
    };
    const ratio = drift(0.002) / drift(0.001);
    expect(ratio).toBeGreaterThan(3.8);
    expect(ratio).toBeLessThan(4.2);
  });

  test('drawn velocities have the temperature that was asked for and no net momentum', () => {
    const s = state(100, 28);
    drawVelocities(s, 300, seededRandom(1));
    expect(temperature(s)).toBeCloseTo(300, 9);
    for (let k = 0; k < 3; k++) {
      let p = 0;
      for (let i = 0; i < 100; i++) p += s.masses[i] * s.velocities[3 * i + k];
      expect(Math.abs(p)).toBeLessThan(1e-9);
    }
  });

  test('the Langevin thermostat samples equipartition: k⟨x²⟩ = kB·T', () => {
    const random = seededRandom(7);
    const s = state(200, 28);
    const md = new VelocityVerlet(s, springs(5), 0.002, { kelvin: 500, dampingPs: 0.05, random });
    for (let k = 0; k < 500; k++) md.step();
    let sum = 0;
    const samples = 1500;
    for (let k = 0; k < samples; k++) {
      md.step();
      sum += (2 * md.energy) / (3 * 200);
    }
    expect(sum / samples / (BOLTZMANN * 500)).toBeCloseTo(1, 1);
  });
});
