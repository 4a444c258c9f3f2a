import type { RunPlan } from '../learn-config.ts';

/** What the include file of `variable watch` makes LAMMPS write: frames with the disagreement of each atom. */
export const FRAMES_FILE = 'frames.dump';
export const DISAGREEMENT_COLUMN = 'c_nnp_disagreement';

/**
 * Lines that every exploration includes after its pair lines: a dump of frames with the disagreement of the committee about the force on
 * each atom, and a clean end of the run once its largest value exceeds `hi` (eV/Å). `fix halt ... soft`: runs that follow are skipped.
 */
export function watchText(elements: readonly string[], every: number, hi: number): string {
  return `compute nnp_disagreement all nnp/disagreement
variable nnp_disagreement equal c_nnp_disagreement
dump nnp_frames all custom ${every} ${FRAMES_FILE} id type element x y z ${DISAGREEMENT_COLUMN}
dump_modify nnp_frames sort id format float %.17g element ${elements.join(' ')}
fix nnp_halt all halt ${every} v_nnp_disagreement > ${hi} error soft message no
`;
}

/** The built-in input script of an ensemble, in the variables that input scripts of the user get, too. */
export function ensembleText(plan: RunPlan): string {
  const control = {
    nve: 'nve',
    nvt: `nvt temp \${temperature} \${temperature} $(100*dt)`,
    npt: `npt temp \${temperature} \${temperature} $(100*dt) aniso \${pressure} \${pressure} $(1000*dt)`,
  }[plan.ensemble];
  return `units metal
atom_style atomic
box tilt large
read_data \${start}

include \${nnp}
pair_style \${nnp_pair}
pair_coeff * * \${elements}
include \${watch}

velocity all create \${temperature} \${seed} mom yes rot no dist gaussian loop geom
timestep \${timestep}
fix integrate all ${control}
thermo_style custom step temp pe etotal press v_nnp_disagreement
thermo \${every}
run \${steps}
`;
}
