import type { Neighborhood } from '../../potentials/neighborhood.ts';
import type { Evaluation, Potential } from '../../potentials/potential.ts';

/**
 * LAMMPS' `pair_style lj/cut` (manual page "pair_lj"), unshifted. Each center takes half of each of its pairs and the neighbor
 * the other half of the force, so that ghosts really receive forces and every rank needs the reverse communication.
 */
export function lennardJones(
  epsilon: number | ((zi: number, zj: number) => number),
  sigma: number,
  cutoff: number,
  species: readonly number[] = [18],
): Potential {
  const depth = typeof epsilon === 'number' ? () => epsilon : epsilon;
  return {
    name: 'lj',
    species,
    cutoff,
    provides: { forces: true, virial: true, atomicEnergies: true, uncertainty: false },
    evaluate(n: Neighborhood, out: Evaluation) {
      const { positions: x, first, neighbors } = n;
      const s6 = sigma ** 6;
      for (let i = 0; i < n.ncenters; i++) {
        let energy = 0;
        for (let k = first[i]; k < first[i + 1]; k++) {
          const j = neighbors[k];
          const d = [x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]];
          const r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
          if (r2 >= cutoff * cutoff) continue;
          const eps = depth(n.numbers[i], n.numbers[j]);
          const s6r6 = s6 / (r2 * r2 * r2);
          energy += 2 * eps * s6r6 * (s6r6 - 1);
          const f = (24 * eps * s6r6 * (2 * s6r6 - 1)) / r2 / 2;
          for (let a = 0; a < 3; a++) {
            out.forces[3 * i + a] += f * d[a];
            out.forces[3 * j + a] -= f * d[a];
            for (let b = 0; b < 3; b++) out.virial[3 * a + b] += f * d[a] * d[b];
          }
        }
        out.atomicEnergies[i] += energy;
        out.energy += energy;
      }
    },
  };
}
