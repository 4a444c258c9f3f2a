import type { InfoValue, Labels } from '../../src/core/frame.ts';

/** What one evaluation of energy and forces printed. */
export class Cp2kStep {
  /** Line of the energy. */
  line = 0;
  /** eV. */
  energy: number | undefined;
  /** eV, −TS of the electrons. */
  entropic: number | undefined;
  /** eV. */
  energySigma0: number | undefined;
  /** eV/Å; (n,3). */
  forces: Float64Array | undefined;
  /** eV/Å³, positive under compression as CP2K prints it (measured by finite differences against strain); (3,3). */
  stress: Float64Array | undefined;
  converged: boolean | undefined;
  scfSteps = 0;

  labels(volume: number): Labels {
    const { energy, energySigma0, forces, stress, converged } = this;
    return {
      ...(energy !== undefined && { energy }),
      ...(energySigma0 !== undefined && { energySigma0 }),
      ...(forces && { forces }),
      ...(stress && { virial: stress.map((component) => component * volume) }),
      ...(converged !== undefined && { converged }),
    };
  }

  info(program: string | undefined): Record<string, InfoValue> {
    const { energy, entropic, scfSteps } = this;
    return {
      ...(program !== undefined && { program }),
      ...(scfSteps > 0 && { scf_steps: scfSteps }),
      ...(energy !== undefined && entropic !== undefined && { energy_without_entropy: energy - entropic }),
    };
  }
}
