import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { UsageError } from '../core/errors.ts';
import type { LabellerSpec } from '../label/open-labeller.ts';
import { labellerOptions } from './labeller-options.ts';

/** Who labels, in one option: trained potentials or a template; or a potential of LAMMPS. */
export function withLabelBy<T>(yargs: Argv<T>) {
  return yargs
    .option('label-by', {
      type: 'string',
      array: true,
      requiresArg: true,
      conflicts: 'lammps',
      describe:
        'directory of a trained potential (several: their mean), or a template: a folder with labeller.yaml, cp2k, quantum-espresso, vasp, gpaw',
    })
    .option('lammps', {
      type: 'string',
      describe: 'instead: file with pair_style and pair_coeff of a LAMMPS potential',
    })
    .option('types', { type: 'string', describe: 'elements of the atom types of --lammps, e.g. "Cu Zr"' })
    .option('lammps-units', {
      choices: ['metal', 'real'] as const,
      default: 'metal' as const,
      describe: 'unit style of --lammps',
    })
    .option('lmp', { type: 'string', default: 'lmp', describe: 'LAMMPS executable with fix ipi (package MISC)' })
    .option('label-timeout', { type: 'number', default: 3600, describe: 'seconds for the label of one frame' });
}

interface Arguments {
  readonly labelBy: readonly string[] | undefined;
  readonly lammps: string | undefined;
  readonly types: string | undefined;
  readonly lammpsUnits: 'metal' | 'real';
  readonly lmp: string;
  readonly labelTimeout: number;
}

/** The labeller that the words mean. Throws UsageError. */
export async function labelBySpec(argv: Arguments): Promise<LabellerSpec> {
  const { labelBy = [], lammps, types, lammpsUnits, lmp, labelTimeout } = argv;
  if (!(labelTimeout > 0)) throw new UsageError('--label-timeout: expected seconds above 0');
  const isPotential = (name: string) => ['input.nn', 'potential.json'].some((file) => existsSync(join(name, file)));
  const areAll = labelBy.every(isPotential);
  if (labelBy.length > 1 && !areAll)
    throw new UsageError(`--label-by: ${labelBy.find((name) => !isPotential(name))} is no trained potential`);
  const spec = await labellerOptions({
    potential: labelBy.length > 0 && areAll ? [...labelBy] : undefined,
    template: areAll ? undefined : labelBy[0],
    ...{ lammps, types, lammpsUnits, lmp, timeout: labelTimeout, lengthUnit: undefined, energyUnit: undefined },
  });
  if (!spec) throw new UsageError('expected --label-by POTENTIAL or TEMPLATE, or --lammps FILE');
  return spec;
}
