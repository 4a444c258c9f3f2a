import { gaussian, type Random } from '../core/random.ts';
import { AMU_A2_PS2, BOLTZMANN } from '../core/units.ts';

/** Energy (eV), forces (eV/Å, (n,3)) and virial (eV, (3,3)) at these positions (Å). */
export interface ForceField {
  compute(positions: Float64Array): { energy: number; forces: Float64Array; virial: Float64Array };
}

export interface MdState {
  /** Å, (n,3). */
  readonly positions: Float64Array;
  /** Å/ps, (n,3). */
  readonly velocities: Float64Array;
  /** amu, (n). */
  readonly masses: Float64Array;
}

/** Kinetic energy in eV. */
export function kineticEnergy(state: MdState): number {
  let sum = 0;
  for (let i = 0; i < state.masses.length; i++) {
    const v = state.velocities;
    sum += state.masses[i] * (v[3 * i] ** 2 + v[3 * i + 1] ** 2 + v[3 * i + 2] ** 2);
  }
  return 0.5 * AMU_A2_PS2 * sum;
}

/** Temperature in K with 3n − 3 degrees of freedom, as LAMMPS' `compute temp`. */
export function temperature(state: MdState): number {
  const dof = Math.max(1, 3 * state.masses.length - 3);
  return (2 * kineticEnergy(state)) / (dof * BOLTZMANN);
}

/** Maxwell-Boltzmann velocities, no net momentum, scaled to exactly `kelvin`. */
export function drawVelocities(state: MdState, kelvin: number, random: Random): void {
  const { masses, velocities } = state;
  const momentum = [0, 0, 0];
  let total = 0;
  for (let i = 0; i < masses.length; i++) {
    total += masses[i];
    for (let k = 0; k < 3; k++) {
      velocities[3 * i + k] = gaussian(random) * Math.sqrt((BOLTZMANN * kelvin) / (masses[i] * AMU_A2_PS2));
      momentum[k] += masses[i] * velocities[3 * i + k];
    }
  }
  for (let j = 0; j < velocities.length; j++) velocities[j] -= momentum[j % 3] / total;
  const now = temperature(state);
  if (now > 0) for (let j = 0; j < velocities.length; j++) velocities[j] *= Math.sqrt(kelvin / now);
}

/** Velocity Verlet (Swope et al., J. Chem. Phys. 76, 637 (1982)); with a thermostat the BAOAB splitting of Leimkuhler and Matthews (2013). */
export class VelocityVerlet {
  readonly state: MdState;
  /** ps. */
  readonly dt: number;
  readonly thermostat: { readonly kelvin: number; readonly dampingPs: number; readonly random: Random } | undefined;
  forces: Float64Array;
  energy: number;
  virial: Float64Array;
  readonly #field: ForceField;

  constructor(state: MdState, field: ForceField, dt: number, thermostat?: VelocityVerlet['thermostat']) {
    this.state = state;
    this.dt = dt;
    this.thermostat = thermostat;
    this.#field = field;
    const first = field.compute(state.positions);
    this.forces = first.forces;
    this.energy = first.energy;
    this.virial = first.virial;
  }

  step(): void {
    this.#kick();
    if (this.thermostat) {
      this.#drift(this.dt / 2);
      this.#friction(this.thermostat);
      this.#drift(this.dt / 2);
    } else this.#drift(this.dt);
    const next = this.#field.compute(this.state.positions);
    this.forces = next.forces;
    this.energy = next.energy;
    this.virial = next.virial;
    this.#kick();
  }

  #kick(): void {
    const { velocities, masses } = this.state;
    const half = this.dt / 2 / AMU_A2_PS2;
    for (let j = 0; j < velocities.length; j++) velocities[j] += (half * this.forces[j]) / masses[(j / 3) | 0];
  }

  #drift(dt: number): void {
    const { positions, velocities } = this.state;
    for (let j = 0; j < positions.length; j++) positions[j] += dt * velocities[j];
  }

  #friction({ kelvin, dampingPs, random }: NonNullable<VelocityVerlet['thermostat']>): void {
    const { velocities, masses } = this.state;
    const keep = Math.exp(-this.dt / dampingPs);
    const noise = Math.sqrt((1 - keep * keep) * BOLTZMANN * kelvin);
    for (let j = 0; j < velocities.length; j++)
      velocities[j] = keep * velocities[j] + (noise * gaussian(random)) / Math.sqrt(masses[(j / 3) | 0] * AMU_A2_PS2);
  }
}
